"""What Home Assistant says its states are against what came as events.

Now and then it is asked for all states. An entity that was changed there between two
answers, and of which no event came between them, is behind: events are being lost on
the way. Answer and events come over one connection in order, and only Home Assistant's
own times are compared, so no clock and no delay can deceive. It knows no connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.assure.monitor_kinds import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hiq.assure.monitor_facts import Facts
    from hiq.assure.monitor_kinds import Finding

__all__ = ["Comparison"]

NAMED = 3


class Comparison:
    """The comparison of states with events, of the entities that are followed.

    - After `take`: what is behind by that answer is suspected.
    - Calling it tells of those that are still behind at the look after that, until an
      event of each has come.
    - `gone`: whether an entity that was followed is no longer among the states.
    - After `forget`: nothing is known; the connection was lost.
    """

    def __init__(self) -> None:
        self.compared = 0
        self._seen: dict[str, tuple[str, int]] | None = None
        self._behind: dict[str, int] = {}

    def take(self, states: Mapping[str, str], counts: Mapping[str, int]) -> None:
        """Take an answer.

        Args:
            states: when each entity was last changed, in Home Assistant's words.
            counts: events that had come of each by then.
        """
        before, self._seen = self._seen, {}
        for name, changed in states.items():
            count = counts.get(name)
            if count is None:
                continue
            self._seen[name] = changed, count
            known = None if before is None else before.get(name)
            if known is None:
                continue
            self.compared += 1
            if known[0] != changed and known[1] == count:
                self._behind[name] = count

    def gone(self, name: str) -> bool:
        """Return whether it was not there the last time; False if nobody knows."""
        return self._seen is not None and name not in self._seen

    def forget(self) -> None:
        """Know nothing."""
        self._seen = None
        self._behind.clear()

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        """Find whether anything is behind."""
        if not self._behind:
            return
        counts = dict(facts.entities)
        self._behind = {
            name: count
            for name, count in self._behind.items()
            if counts.get(name) == count
        }
        if self._behind:
            names = ", ".join(list(self._behind)[:NAMED])
            more = len(self._behind) - NAMED
            names += f" and {more} more" if more > 0 else ""
            text = f"Home Assistant has changed {names}, and no event of that came"
            yield finding("ha_behind", "", text)
