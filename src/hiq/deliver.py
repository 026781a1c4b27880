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
from typing import TYPE_CHECKING, Any, TypeVar

from hiq.backoff import delays, wait
from hiq.breaker import Breaker
from hiq.condition import Condition
from hiq.deadletters import DeadLetter, DeadLetters
from hiq.errors import JournalError
from hiq.flight import Flight
from hiq.landing import Landing
from hiq.lane import DRAIN_RATE, Lanes
from hiq.linger import Linger
from hiq.saving import SAVE_S, Saver
from hiq.sending import Sender
from hiq.sink.base import Hold, Refused, Retry, TooBig

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from hiq.backoff import Wait
    from hiq.breaker import Pauses
    from hiq.journal.chunk import Chunk
    from hiq.journal.cursor import Cursor
    from hiq.lane import Lane
    from hiq.sink.base import Sink
    from hiq.sink.coerce import Coercer
    from hiq.stats import SinkStats

__all__ = ["MAX_BYTES", "MAX_POINTS", "DeadLetter", "DeadLetters", "Deliverer"]

MAX_POINTS = 5_000
"""Points in one request, unless one record holds more."""
MAX_BYTES = 1024 * 1024
"""Compressed bytes in one request, unless one record is larger."""
FLYING_BYTES = 4 * 1024 * 1024
"""Compressed bytes in all requests under way; one always is."""

T = TypeVar("T")


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
        self._pauses = pauses
        self._wait = wait
        self._max_points = max_points
        self._max_bytes = max_bytes
        self._lanes = Lanes(cursor, drain_rate, max_points, clock=clock, timer=timer)
        self._news = asyncio.Event()
        self._hurry = asyncio.Event()
        self._drained = asyncio.Event()
        self._draining = False
        self._spare = False
        self._reading = False
        self._condition = Condition(stats, clock)
        self._saver = Saver(cursor, stats, executor, save_s)
        self._linger = Linger(linger_s, self._news.set, timer)
        self._sender = Sender(
            sink,
            stats,
            self._breaker,
            sent=self._linger.sent,
            clock=clock,
            timer=timer,
            wait=wait,
        )
        self._landing = Landing(cursor, stats, self._lanes)

    def wake(self) -> None:
        """Note what the journal holds now; call it after each commit."""
        self._landing.news()
        full = self.stats.pending >= self._max_points
        self._linger.news(urgent=full or self._draining)

    async def run(self) -> None:
        """Deliver for ever."""
        for flight in self._lanes.under_way():
            flight.taken = flight.landed
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
        self._sender.ask_again()
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
            self._landing.land()
            self._news.set()
            self._saver.moved()

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
                self._landing.measure()
                return flight
            if lane is not None and lane is not self._lanes.main:
                continue
            if not pause_s and not self._reading and not any(self._lanes.under_way()):
                if lane is not None:  # nothing was there but a hole
                    self._landing.join()
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
        if chunk is None and (lane is not self._lanes.main or lane.flights):
            self._lanes.void(lane)
        elif chunk is None:
            self._landing.stepped_over()
        return chunk

    async def _carry(self, flight: Flight) -> None:
        """Bring one chunk to its end: every line confirmed or in the dead letters."""
        while (batch := flight.batch) is not None:
            outcome = await self._sender.send(flight, batch)
            if isinstance(outcome, Retry):
                self._trouble("retrying", outcome.reason)
            elif isinstance(outcome, Hold):
                self._trouble("held", outcome.reason, outcome.advice)
            else:
                self._condition.well()
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
