"""What of the journal a sink reads next: its only lane, or backlog and news in turn.

Usually there is one lane, without an end. After an outage there are two: the backlog,
up to where the journal ended when it was noticed, oldest first and at a bounded rate;
and what has come since, so that new data does not wait for old. Another outage
meanwhile makes what came since a backlog too, behind the first one. A backlog that is
over is joined with what follows it. It sends nothing and does not know the database.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hiq.flight import Flight
    from hiq.journal.chunk import Chunk
    from hiq.journal.cursor import Cursor
    from hiq.journal.stream import Position

__all__ = ["DRAIN_RATE", "LATE_S", "MAX_LANES", "Lane", "Lanes"]

DRAIN_RATE = 50_000.0
"""Points a second of a backlog."""
LATE_S = 10.0
"""Records of this age, with more than a request behind them, are a backlog."""
MAX_LANES = 16
"""With so many, what is late is no backlog of its own any more: news waits for it."""


@dataclass(slots=True)
class Lane:
    """A stretch of the journal, with what of it is under way.

    Attributes:
        landed: behind what is at its end without a hole; None: the cursor's place.
        until: where it ends; None: nowhere.
        flights: what is under way, in order.
        points: how many have landed ahead of the cursor.
        void: where the journal ended when nothing was found here but a hole; what
            lies in it is counted when the cursor comes there.
    """

    landed: Position | None = None
    until: Position | None = None
    flights: deque[Flight] = field(default_factory=deque)
    points: int = 0
    void: Position | None = None

    @property
    def after(self) -> Position | None:
        """Where to read on; None: at the cursor's place."""
        return self.flights[-1].chunk.end if self.flights else self.landed


class Lanes:
    """Of one sink.

    - `main`: begins at the cursor's place. `later`: what follows, while `main` is a
      backlog; each begins where the one before it ends, and the last has no end.
    - After calling `took`: there may be one more backlog from now on.
    - After calling `void`: a lane is not chosen again before something is journaled.
    - After `join` returned a place: everything before it has landed, and `main` goes
      on there.
    """

    def __init__(
        self,
        cursor: Cursor,
        rate: float,
        max_points: int,
        *,
        clock: Callable[[], float],
        timer: Callable[[], float],
    ) -> None:
        self.main = Lane()
        self.later: deque[Lane] = deque()
        self._cursor = cursor
        self._rate = rate
        self._max_points = max_points
        self._clock = clock
        self._timer = timer
        self._due_at = float("-inf")
        self._fresh_is_next = True

    @property
    def ahead(self) -> int:
        """Points that have landed beyond the first backlog."""
        return sum(lane.points for lane in self.later)

    def backlog(self, offset: int) -> int:
        """Return the points of all backlogs behind an offset, 0 if there is none."""
        total = 0
        for lane in (self.main, *self.later):
            begin = offset if lane.landed is None else lane.landed.offset
            if lane.until is not None:
                total += max(0, lane.until.offset - begin)
        return total

    def under_way(self) -> Iterator[Flight]:
        """Yield all flights."""
        return chain(self.main.flights, *(lane.flights for lane in self.later))

    def choose(self, *, hurry: bool) -> tuple[Lane | None, float]:
        """Return where to read on, or how many seconds the backlog has to wait.

        With a backlog, new data and old take turns; in a hurry the rate is no bound.
        """
        if not self.later:
            more = self._cursor.has_more(self.main.after)
            return (self.main if more and not self._is_void(self.main) else None), 0.0
        old = self._oldest()
        pause_s = 0.0
        if old is not None and not hurry:
            pause_s = max(0.0, self._due_at - self._timer())
        fresh = self.later[-1]
        new = self._cursor.has_more(fresh.after) and not self._is_void(fresh)
        if new and (self._fresh_is_next or pause_s or old is None):
            self._fresh_is_next = False
            return fresh, 0.0
        if old is not None and not pause_s:
            self._fresh_is_next = True
            return old, 0.0
        return None, pause_s

    def took(self, lane: Lane, chunk: Chunk) -> None:
        """Note what was read; if it is late and there is more, new data may pass."""
        if lane.until is None:
            late = self._clock() - chunk.appended_ns / 1e9 > LATE_S
            end = self._cursor.end
            much = end.offset - chunk.end.offset > self._max_points
            if not late or not much or len(self.later) + 1 >= MAX_LANES:
                return
            self.later.append(Lane(landed=end))
            lane.until = end
        if self._rate:
            now = self._timer()
            self._due_at = max(self._due_at, now) + chunk.points / self._rate

    def void(self, lane: Lane) -> None:
        """Note that nothing was found there but a hole."""
        lane.void = self._cursor.end

    def join(self) -> Position | None:
        """If the first backlog is over, let what follows it be the main lane.

        Returns where it goes on, None if the backlog is not over.
        """
        main = self.main
        if not self.later or main.flights or self._is_open(main):
            return None
        self.main = self.later.popleft()
        place = self.main.landed
        self.main.landed, self.main.void, self.main.points = None, None, 0
        return place

    def _oldest(self) -> Lane | None:
        """Return the first backlog of which something is still to be read."""
        for lane in (self.main, *self.later):
            if self._is_open(lane) and not self._is_void(lane):
                return lane
        return None

    def _is_void(self, lane: Lane) -> bool:
        """Whether nothing was found there but a hole, and it is not to be met yet.

        The cursor steps over one in the main lane once nothing is under way there.
        """
        if lane is self.main and not lane.flights:
            return False
        return lane.void == self._cursor.end

    def _is_open(self, lane: Lane) -> bool:
        """Whether some of a backlog is still to be read."""
        place = lane.after or self._cursor.position
        return lane.until is not None and place < lane.until
