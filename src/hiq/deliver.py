"""Journal -> sink: batch after batch, until the database has confirmed it.

What can heal is sent again for ever; what the user must repair is held and probed;
what is too big or refused is halved until the bad line stands alone, and that goes to
the dead letters. Several requests may be under way; the cursor moves only over what
is at its end without a hole, so whatever is interrupted is sent again and nothing is
skipped. After an outage the backlog goes oldest first, at a bounded rate, and new data
between its parts. It does not know how a database is talked to. One Deliverer per
sink: none waits for another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from hiq.backoff import delays, wait
from hiq.breaker import Breaker
from hiq.condition import Condition
from hiq.deadletters import DeadLetter, DeadLetters
from hiq.errors import JournalError
from hiq.flight import Flight
from hiq.lane import DRAIN_RATE, Lanes
from hiq.linger import Linger
from hiq.saving import SAVE_S, Saver
from hiq.sink.base import Batch, Done, Hold, Outcome, Refused, Retry, Sink, TooBig

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from hiq.breaker import Pauses
    from hiq.journal.cursor import Chunk, Cursor
    from hiq.lane import Lane
    from hiq.sink.coerce import Coercer
    from hiq.stats import SinkStats

__all__ = ["MAX_BYTES", "MAX_POINTS", "DeadLetter", "DeadLetters", "Deliverer"]

MAX_POINTS = 5_000
"""Points in one request, unless one record holds more."""
MAX_BYTES = 1024 * 1024
"""Compressed bytes in one request, unless one record is larger."""
FLYING_BYTES = 4 * 1024 * 1024
"""Compressed bytes in all requests under way; one always is."""
KINDS = {Done: "done", Retry: "retry", Hold: "hold", TooBig: "big", Refused: "refused"}
"""Names by which outcomes are counted in `SinkStats.requests`."""

T = TypeVar("T")
Wait: TypeAlias = Callable[[asyncio.Event, float], Awaitable[bool]]


class Deliverer:
    """Brings one sink everything that its cursor has before it.

    - After calling `wake`: what was journaled meanwhile counts as pending and will
      be read. Cheap and synchronous.
    - `run` never ends by itself and may be cancelled and started again at any time:
      a batch whose end was not seen is sent again.
    - After `await drain(...)`: everything is delivered (True), or the database does
      not take it now or the time is over (False; the journal has it).
    - Small news waits, see `hiq.linger`; what fills a request does not.
    - The cursor's file follows, see `hiq.saving`; closing the journal saves it.
    """

    def __init__(
        self,
        sink: Sink,
        cursor: Cursor,
        stats: SinkStats,
        *,
        dead_letters: DeadLetters,
        in_flight: int = 1,
        linger_s: float = 0.0,
        drain_rate: float = DRAIN_RATE,
        breaker: Breaker | None = None,
        coercer: Coercer | None = None,
        executor: Executor | None = None,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
        pauses: Pauses = delays,
        wait: Wait = wait,
        max_points: int = MAX_POINTS,
        max_bytes: int = MAX_BYTES,
        save_s: float = SAVE_S,
    ) -> None:
        self.stats = stats
        self._sink = sink
        self._cursor = cursor
        self._dead_letters = dead_letters
        self._in_flight = in_flight
        self._coercer = coercer
        self._breaker = breaker or Breaker(timer, pauses=pauses)
        self._executor = executor
        self._clock = clock
        self._timer = timer
        self._pauses = pauses
        self._wait = wait
        self._max_points = max_points
        self._max_bytes = max_bytes
        self._lanes = Lanes(cursor, drain_rate, max_points, clock=clock, timer=timer)
        self._news = asyncio.Event()
        self._turned = asyncio.Event()
        self._hurry = asyncio.Event()
        self._drained = asyncio.Event()
        self._draining = False
        self._spare = False
        self._reading = False
        self._condition = Condition(stats, clock)
        self._saver = Saver(cursor, stats, executor, save_s)
        self._linger = Linger(linger_s, self._news.set, timer)
        self._end = cursor.end_offset
        self._offset = cursor.position.offset
        self._measure()
        stats.carried = stats.pending

    def wake(self) -> None:
        """Note what the journal holds now; call it after each commit."""
        self._end = self._cursor.end_offset
        self._measure()
        full = self.stats.pending >= self._max_points
        self._linger.news(urgent=full or self._draining)

    async def run(self) -> None:
        """Deliver for ever."""
        for flight in self._lanes.under_way():
            flight.taken = False
        try:
            if self._in_flight == 1:
                await self._work()
            else:
                async with asyncio.TaskGroup() as group:
                    for _ in range(self._in_flight):
                        group.create_task(self._work())
        finally:
            self._saver.stop()
            self._linger.stop()

    async def drain(self, deadline_s: float) -> bool:
        """Deliver what can be delivered now, while `run` runs.

        A database that does not answer well is tried once more and then left: its
        points are in the journal.
        """
        self._draining = True
        self._drained.clear()
        self._spare = not self._breaker.failures
        self._hurry.set()
        self._breaker.hurry()
        self._turned.set()
        self.wake()
        await self._wait(self._drained, deadline_s)
        return self.stats.pending == 0

    # one of several at work

    async def _work(self) -> None:
        """Carry one flight after the other."""
        while True:
            flight = await self._next()
            await self._carry(flight)
            flight.landed = True
            self._land()

    async def _next(self) -> Flight:
        """Return what is to be carried next, when there is something."""
        while True:
            for flight in self._lanes.under_way():
                if not flight.taken:
                    flight.taken = True
                    return flight
            lane, pause_s = None, 0.0
            if not self._reading and self._has_room():
                lane, pause_s = self._lanes.choose(hurry=self._draining)
            if lane is not None and (chunk := await self._read(lane)) is not None:
                flight = Flight(chunk, self._coercer)
                flight.taken = True
                lane.flights.append(flight)
                self._lanes.took(lane, chunk)
                self._measure()
                return flight
            if lane is not None and lane is not self._lanes.main:
                continue
            if not pause_s and not self._reading and not any(self._lanes.under_way()):
                if lane is not None:  # nothing was there but a hole
                    self._join()
                    continue
                self._condition.well()
                if self._draining:
                    self._drained.set()
            self._news.clear()
            if pause_s:
                await self._wait(self._news, pause_s)
            else:
                await self._news.wait()

    def _has_room(self) -> bool:
        """Whether one more may be under way."""
        sizes = [len(flight.chunk.body) for flight in self._lanes.under_way()]
        return len(sizes) < self._in_flight and (not sizes or sum(sizes) < FLYING_BYTES)

    async def _read(self, lane: Lane) -> Chunk | None:
        """Return what comes behind the last flight, None if there is nothing."""
        limits = (self._max_points, self._max_bytes, self._sink.joins_members)
        limits_of_lane = (*limits, lane.after, lane.until)
        chunk = self._cursor.recent(*limits_of_lane)
        if chunk is not None:
            return chunk
        self._reading = True
        pauses = self._pauses()
        try:
            while True:
                try:
                    chunk = await self._in_thread(self._cursor.read, *limits_of_lane)
                except JournalError as exc:
                    self._trouble("retrying", str(exc))
                    await self._pause(next(pauses))
                else:
                    break
        finally:
            self._reading = False
            self._news.set()
        if chunk is None and lane is not self._lanes.main:
            self._lanes.void(lane)
        elif chunk is None and not lane.flights:
            self._book_loss(min(self._cursor.position.offset, self._end))
        return chunk

    async def _carry(self, flight: Flight) -> None:
        """Bring one chunk to its end: every line confirmed or in the dead letters."""
        while (batch := flight.batch) is not None:
            await self._turn()
            outcome = flight.meant(await self._send(flight, batch))
            if isinstance(outcome, Retry):
                self.stats.retries += 1
                self._breaker.failed(outcome.after_s)
                self._trouble("retrying", outcome.reason)
            elif isinstance(outcome, Hold):
                self._breaker.failed(at_once=True)
                self._trouble("held", outcome.reason, outcome.advice)
            else:
                self._breaker.succeeded()
                self._condition.well()
            self._show_breaker()
            self._turned.set()
            if isinstance(outcome, Done):
                self.stats.last_write_at = self._clock()
            if isinstance(outcome, Refused | TooBig):
                now_s, name = self._clock(), self.stats.name
                if not await self._in_thread(flight.mend, outcome, now_s, name):
                    self.stats.last_error = outcome.reason
                    self._condition.dead(outcome.reason, flight.dead[-1].advice)
                if self._coercer is not None:
                    self.stats.coerced = self._coercer.renamed
            else:
                flight.note(outcome)
        pauses = self._pauses()
        while flight.dead:
            try:
                await self._in_thread(self._dead_letters.append, flight.dead)
            except OSError as exc:
                self._trouble("retrying", f"dead letters: {exc}")
                await self._pause(next(pauses))
            else:
                break

    async def _turn(self) -> None:
        """Wait until the breaker lets a request through."""
        while (pause := self._breaker.ask()) != 0.0:
            self._turned.clear()
            if pause is None:
                await self._turned.wait()
            else:
                await self._wait(self._turned, pause)
        self._show_breaker()

    async def _send(self, flight: Flight, batch: Batch) -> Outcome:
        """Let the sink write one batch, and count it."""
        if flight.maybe_stored:
            self.stats.resent += 1
        begin = self._timer()
        self._linger.sent()
        try:
            outcome = await self._sink.write(batch)
        except BaseException:
            self._breaker.abandoned()
            self._turned.set()
            raise
        self.stats.observe_write(self._timer() - begin)
        self.stats.requests[KINDS[type(outcome)]] += 1
        return outcome

    def _land(self) -> None:
        """Move over what is at its end; the counters change in one step of the loop."""
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
                self.stats.dropped += skipped
                self._book(flight)
                lane.points += skipped + flight.chunk.points
                lane.landed = flight.chunk.end
        self._join()
        self._measure()
        self._news.set()
        self._saver.moved()

    def _join(self) -> None:
        """When a backlog is over, go on behind what came since."""
        while (until := self._lanes.main.until) is not None:
            place = self._lanes.join()
            if place is None:
                break
            self._book_loss(until.offset)
            self._cursor.confirm(place)
            self._offset = place.offset

    def _book(self, flight: Flight) -> None:
        """Count what has landed."""
        self.stats.written += flight.chunk.points - len(flight.dead)
        self.stats.dead_lettered += len(flight.dead)

    # figures

    def _book_loss(self, offset: int) -> None:
        """Count the points before an offset that the journal could not hand out."""
        if self._lanes.main.until is not None:
            offset = min(offset, self._lanes.main.until.offset)
        if offset > self._offset:
            self.stats.dropped += offset - self._offset
            self._offset = offset
            self._measure()

    def _measure(self) -> None:
        """Bring the figures of the backlog up to date."""
        stats = self.stats
        stats.pending = max(0, self._end - self._offset - self._lanes.ahead)
        stats.backlog = self._lanes.backlog(self._offset)
        stats.pending_bytes = self._cursor.pending_bytes
        flights = self._lanes.main.flights
        oldest = flights[0].chunk.appended_ns if flights else None
        if not stats.pending:
            stats.oldest_pending_at = None
        elif oldest is not None:
            stats.oldest_pending_at = oldest / 1e9

    def _show_breaker(self) -> None:
        """Bring its figures up to date."""
        self.stats.breaker = self._breaker.state
        self.stats.opened = self._breaker.opened

    def _trouble(self, state: str, reason: str, advice: str = "") -> None:
        """Note why it does not go on; a drain tries once more, then leaves it."""
        self._condition.trouble(state, reason, advice)
        if not self._draining:
            return
        if self._spare:
            self._spare = False
            self._breaker.hurry()
        else:
            self._drained.set()

    async def _pause(self, seconds: float) -> None:
        """Wait, unless a drain is in a hurry."""
        if await self._wait(self._hurry, seconds):
            self._hurry.clear()

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """Run what blocks in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, work, *args)
