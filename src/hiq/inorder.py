"""State changes and other events of one read of the socket, in one order.

The core hands out the states of a frame, and then what else was in it, each in the
order of arrival. Where somebody is given both, they are merged by the time at which
they were fired; neither kind is ever reordered in itself. It must not know who gets
them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hiq.event_points import OtherEvent
    from hiq.observe import Tapped

__all__ = ["InOrder"]


class InOrder:
    """Holds what comes until the read is over, then gives it on.

    - `states` is called with states between which nothing else was fired, `other` with
      each other event.
    """

    def __init__(
        self,
        states: Callable[[Sequence[Tapped]], object],
        other: Callable[[OtherEvent], object],
    ) -> None:
        self._give_states = states
        self._give_other = other
        self._states: list[Tapped] = []
        self._others: list[OtherEvent] = []
        self._due = False

    def states(self, found: Sequence[Tapped]) -> None:
        """Take the states of one read."""
        self._states += found
        self._later()

    def other(self, event: OtherEvent) -> None:
        """Take an event of another type."""
        self._others.append(event)
        self._later()

    def _later(self) -> None:
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._give)

    def _give(self) -> None:
        self._due = False
        for event in self._merged():
            if isinstance(event, list):
                self._give_states(event)
            else:
                self._give_other(event)

    def _merged(self) -> Iterator[list[Tapped] | OtherEvent]:
        """Yield runs of states, and the events between them."""
        states, others = self._states, self._others
        self._states, self._others = [], []
        at = 0
        for event in others:
            begin = at
            while at < len(states) and states[at][2] <= event.time_ns:
                at += 1
            if begin < at:
                yield states[begin:at]
            yield event
        if at < len(states):
            yield states[at:]
