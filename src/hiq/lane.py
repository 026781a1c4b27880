"""What of the journal a sink reads next: its only lane, or backlog and news in turn.

Usually there is one lane, without an end. After an outage there are two: the backlog,
up to where the journal ended when it was noticed, oldest first and at a bounded rate;
and what has come since, so that new data does not wait for old. When the backlog is
over they are one again. It sends nothing and does not know the database.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hiq.flight import Flight
    from hiq.journal.cursor import Chunk, Cursor
    from hiq.journal.stream import Position

__all__ = ["DRAIN_RATE", "LATE_S", "Lane", "Lanes"]

DRAIN_RATE = 50_000.0
"""Points a second of a backlog."""
LATE_S = 10.0
"""Records of this age, with more than a request behind them, are a backlog."""


@dataclass(slots=True)
class Lane:
    """A stretch of the journal, with what of it is under way.

    Attributes:
        landed: behind what is at its end without a hole; None: the cursor's place.
        until: where it ends; None: nowhere.
        flights: what is under way, in order.
        points: how many have landed ahead of the cursor.
    """

    landed: Position | None = None
    until: Position | None = None
    flights: deque[Flight] = field(default_factory=deque)
    points: int = 0

    @property
    def after(self) -> Position | None:
        """Where to read on; None: at the cursor's place."""
        return self.flights[-1].chunk.end if self.flights else self.landed


class Lanes:
    """Of one sink.

    - `main`: begins at the cursor's place. `fresh`: what came after a backlog, while
      there is one.
    - After calling `took`: there may be a backlog from now on.
    - After `join` returned a place: everything before it has landed, `main` goes on
      there and is the only lane.
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
        self.fresh: Lane | None = None
        self._cursor = cursor
        self._rate = rate
        self._max_points = max_points
        self._clock = clock
        self._timer = timer
        self._due_at = float("-inf")
        self._fresh_is_next = True

    @property
    def ahead(self) -> int:
        """Points that have landed beyond the backlog."""
        return self.fresh.points if self.fresh is not None else 0

    def backlog(self, offset: int) -> int:
        """Return the points of the backlog behind an offset, 0 if there is none."""
        until = self.main.until
        return max(0, until.offset - offset) if until is not None else 0

    def under_way(self) -> Iterator[Flight]:
        """Yield all flights."""
        fresh = self.fresh
        return chain(self.main.flights, fresh.flights if fresh is not None else ())

    def choose(self, *, hurry: bool) -> tuple[Lane | None, float]:
        """Return where to read on, or how many seconds the backlog has to wait.

        With a backlog, new data and old take turns; in a hurry the rate is no bound.
        """
        main, fresh = self.main, self.fresh
        if fresh is None:
            return (main if self._cursor.has_more(main.after) else None), 0.0
        old = self._is_before_end(main.after or self._cursor.position)
        pause_s = 0.0
        if old and not hurry:
            pause_s = max(0.0, self._due_at - self._timer())
        new = self._cursor.has_more(fresh.after)
        if new and (self._fresh_is_next or pause_s or not old):
            self._fresh_is_next = False
            return fresh, 0.0
        if old and not pause_s:
            self._fresh_is_next = True
            return main, 0.0
        return None, pause_s

    def took(self, lane: Lane, chunk: Chunk) -> None:
        """Note what was read; if it is late and there is more, new data may pass."""
        if lane is not self.main:
            return
        if self.fresh is None:
            late = self._clock() - chunk.appended_ns / 1e9 > LATE_S
            end = self._cursor.end
            if not late or end.offset - chunk.end.offset <= self._max_points:
                return
            self.fresh = Lane(landed=end)
            lane.until = end
        if self._rate:
            now = self._timer()
            self._due_at = max(self._due_at, now) + chunk.points / self._rate

    def join(self) -> Position | None:
        """If the backlog is over, make one lane of both; return where it goes on."""
        main, fresh = self.main, self.fresh
        if fresh is None or main.flights or self._is_before_end(self._cursor.position):
            return None
        landed = fresh.landed
        self.main, self.fresh = Lane(flights=fresh.flights), None
        return landed

    def _is_before_end(self, place: Position) -> bool:
        """Whether some of the backlog lies behind a place."""
        return self.main.until is not None and place < self.main.until
