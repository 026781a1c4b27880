"""What has come to its end at a sink: the cursor moves over it, and it is counted.

Flights end in any order; the cursor moves only over what is at its end without a hole,
and each point of the journal is counted once: written, a dead letter, dropped, or
still pending. It reads nothing and sends nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hiq.flight import Flight
    from hiq.journal.cursor import Cursor
    from hiq.lane import Lanes
    from hiq.stats import SinkStats

__all__ = ["Landing"]


class Landing:
    """Of one sink; nothing here waits, so the counters change in one step of the loop.

    - After construction: what the journal holds counts as pending, and as carried
      over from an earlier run.
    - After calling `news`: so does what was journaled meanwhile, but as pending only.
    - After calling `land`: the cursor is behind all that is at its end without a hole.
    """

    def __init__(self, cursor: Cursor, stats: SinkStats, lanes: Lanes) -> None:
        self._cursor = cursor
        self._stats = stats
        self._lanes = lanes
        self._end = cursor.end_offset
        self._offset = cursor.position.offset
        self.measure()
        stats.carried = stats.pending

    def news(self) -> None:
        """Note what the journal holds now."""
        self._end = self._cursor.end_offset
        self.measure()

    def land(self) -> None:
        """Move over what is at its end."""
        main = self._lanes.main
        while main.flights and main.flights[0].landed:
            flight = main.flights.popleft()
            self._book_loss(flight.chunk.start.offset)
            self._book(flight)
            self._offset = flight.chunk.end.offset
            self._cursor.confirm(flight.chunk.end)
        for lane in self._lanes.later:
            while lane.flights and lane.flights[0].landed:
                flight = lane.flights.popleft()
                assert lane.landed is not None
                skipped = flight.chunk.start.offset - lane.landed.offset
                self._stats.dropped += skipped
                self._book(flight)
                lane.points += skipped + flight.chunk.points
                lane.landed = flight.chunk.end
        self.join()
        self.measure()

    def join(self) -> None:
        """When a backlog is over, go on behind what came since."""
        while (until := self._lanes.main.until) is not None:
            place = self._lanes.join()
            if place is None:
                break
            self._book_loss(until.offset)
            self._cursor.confirm(place)
            self._offset = place.offset

    def stepped_over(self) -> None:
        """Count what the cursor has found lost with nothing behind it."""
        self._book_loss(min(self._cursor.position.offset, self._end))

    def measure(self) -> None:
        """Bring the figures of the backlog up to date."""
        stats = self._stats
        stats.pending = max(0, self._end - self._offset - self._lanes.ahead)
        stats.backlog = self._lanes.backlog(self._offset)
        stats.pending_bytes = self._cursor.pending_bytes
        flights = self._lanes.main.flights
        oldest = flights[0].chunk.appended_ns if flights else None
        if not stats.pending:
            stats.oldest_pending_at = None
        elif oldest is not None:
            stats.oldest_pending_at = oldest / 1e9

    def _book(self, flight: Flight) -> None:
        """Count what has landed."""
        self._stats.written += flight.chunk.points - len(flight.dead)
        self._stats.dead_lettered += len(flight.dead)

    def _book_loss(self, offset: int) -> None:
        """Count the points before an offset that the journal could not hand out."""
        if self._lanes.main.until is not None:
            offset = min(offset, self._lanes.main.until.offset)
        if offset > self._offset:
            self._stats.dropped += offset - self._offset
            self._offset = offset
            self.measure()
