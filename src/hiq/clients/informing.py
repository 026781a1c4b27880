"""All states at Home Assistant for those who begin to listen.

Only what somebody wants is followed, so a filter that is new begins with a question to
Home Assistant. The answer stands in its place among the events, so that what comes
later is newer. It must not know how Home Assistant is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hiq.clients.known import entity_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hiq.clients.hub import Hub
    from hiq.clients.sessions import Session

__all__ = ["Informed", "Informing"]


class Informed(Protocol):
    """A connection that waits for the states of what it subscribed to."""

    def say_snapshot(self) -> None:
        """All states are there, or nobody can be asked."""
        ...


class Informing:
    """Who waits for states, and what came of asking.

    - `ask` asks; False: there is nobody to ask now. `answered` follows, once for all
      who wait.
    """

    def __init__(self, hub: Hub) -> None:
        self.ask: Callable[[], bool] = _nobody
        self._hub = hub
        self._waiting: set[Informed] = set()

    @property
    def wanted(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    def inform(
        self, session: Session, listener: Informed, *, shown: bool = False
    ) -> None:
        """Tell a connection the states of what it wants, as soon as all are there.

        What was wanted all the time since all states were read is known already; with
        `shown` it was told what is known.
        """
        session.informed = session.informed or any(
            one.informed and one.subscriptions.everything for one in self._hub.sessions
        )
        if not session.informed:
            self._waiting.add(listener)
            if self.ask() or not self._hub.last:
                return
        if not shown:
            listener.say_snapshot()

    def forget(self) -> None:
        """Let all states go; for whoever begins to listen they are asked for anew."""
        self._hub.last.clear()
        for session in self._hub.sessions:
            session.informed = False

    def gone(self, listener: Informed) -> None:
        """A connection does not wait any more."""
        self._waiting.discard(listener)

    def answered(self, states: Iterable[bytes] | None, most_bytes: int) -> None:
        """Take all states, those that anybody wants; None: there is no answer."""
        if states is not None:
            self._learn(states, most_bytes)
            for session in self._hub.sessions:
                session.informed = True
        waiting, self._waiting = self._waiting, set()
        for listener in waiting:
            if states is not None or self._hub.last:
                listener.say_snapshot()

    def _learn(self, states: Iterable[bytes], most_bytes: int) -> None:
        hub = self._hub
        wanted = list(hub.subscriptions())
        everything = any(one.everything for one in wanted)
        for state in states:
            entity_id = entity_of(state)
            if entity_id is None or len(state) > most_bytes:
                continue
            if everything or any(one.wants(0, entity_id, hub.facts) for one in wanted):
                hub.last.learn(entity_id, state)


def _nobody() -> bool:
    return False
