"""How far all is complete: the mark moves with what the live path has journaled.

Every few seconds the journal is asked for the latest time of what it took from the live
path. The mark is that time, and the journal is held from some seconds before on, so
that after a crash it is known which rows near the mark were delivered. While the end of
a hole is not found the mark stands still. It reads no record, and knows no connection.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from hiq.journal.segment import Source
from hiq.repair.state import MARGIN_US

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hiq.repair.state import State

__all__ = ["Watermark"]

MARKS: Final = (Source.LIVE, Source.SNAPSHOT)


class Watermark:
    """Follows the journal.

    - `complete_us`: None before anything was journaled.
    - `sequence`: the record from which on keys near the mark are to be found.
    - `seen`: behind the last record of the last look.
    """

    def __init__(
        self, state: State, take: Callable[[], tuple[int, Mapping[int, int]]]
    ) -> None:
        """Begin with what comes from now on.

        Args:
            state: what is remembered.
            take: returns the sequence behind the last record, and the latest
                nanoseconds of each source since it was last called.
        """
        self.complete_us = state.complete_us
        self.sequence = state.at
        self.seen, _ = take()
        self._take = take
        self._marks = deque([(state.at, state.complete_us or 0)])
        self._older = 0

    def look(self, *, moving: bool) -> bool:
        """Ask what was journaled since; the mark moves only if it may.

        Returns whether it moved.
        """
        begin = self.seen
        self.seen, latest = self._take()
        found = [latest[source] // 1000 for source in MARKS if source in latest]
        newest = max(found, default=None)
        if newest is None or not moving or not self._accepts(newest):
            return False
        self._hold(begin, newest)
        self.complete_us = newest
        return True

    def _accepts(self, newest_us: int) -> bool:
        """Whether the mark may move there.

        States at connect may be old. But where all records are older than the mark
        for a while, the clock of Home Assistant was set back.
        """
        if self.complete_us is None or newest_us >= self.complete_us:
            self._older = 0
            return True
        self._older += 1
        return self._older > 1

    def _hold(self, begin: int, newest_us: int) -> None:
        """Hold the journal from where keys near the mark may be.

        A record may hold older times than the one before it, by the margin.
        """
        if self.complete_us is not None and newest_us < self.complete_us:
            self._marks = deque([(self._marks[-1][0], newest_us)])
        self._marks.append((begin, self.complete_us or 0))
        while len(self._marks) > 1 and self._marks[1][1] <= newest_us - 2 * MARGIN_US:
            self._marks.popleft()
        self.sequence = self._marks[0][0]

    def jump(self, complete_us: int, sequence: int) -> None:
        """Set the mark to the end of a hole, found at this record.

        What is held stays held until the mark has moved on.
        """
        self.complete_us = complete_us
        self._marks = deque([(self.sequence, 0), (sequence, complete_us)])

    def delivered(self, time_us: int) -> bool:
        """Whether everything of this time was delivered, or is in a hole."""
        return self.complete_us is not None and time_us <= self.complete_us - MARGIN_US
