"""Journal -> sink: one batch after the other, until the database has confirmed it.

What can heal is sent again for ever; what the user must repair is held and probed;
what is too big is halved; what is refused is halved until the bad line stands alone,
and that goes to the dead letters. Only then does the cursor move, so whatever is
interrupted is sent again and nothing is skipped. It does not know how a database is
talked to, nor what a line means. One Deliverer per sink: none waits for another.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from hiq.backoff import delays, wait
from hiq.deadletters import DeadLetter, DeadLetters
from hiq.errors import JournalError
from hiq.pump import compress
from hiq.sink.base import Batch, Done, Hold, Outcome, Refused, Retry, Sink, TooBig

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from hiq.journal.cursor import Chunk, Cursor
    from hiq.stats import SinkStats

__all__ = ["MAX_BYTES", "MAX_POINTS", "DeadLetter", "DeadLetters", "Deliverer"]

logger = logging.getLogger("hiq.deliver")

MAX_POINTS = 5_000
"""Points in one request, unless one record holds more."""
MAX_BYTES = 4 * 1024 * 1024
"""Compressed bytes in one request, unless one record is larger."""
HOLD_S = 5.0
"""First pause before a database is probed that the user has to repair."""
LONGEST_RETRY_AFTER_S = 3600.0
KINDS = {Done: "done", Retry: "retry", Hold: "hold", TooBig: "big", Refused: "refused"}
"""Names by which outcomes are counted in `SinkStats.requests`."""

T = TypeVar("T")
Wait: TypeAlias = Callable[[asyncio.Event, float], Awaitable[bool]]


class Pauses(Protocol):
    """Makes a fresh sequence of pauses in seconds, see `hiq.backoff.delays`."""

    def __call__(self, initial: float = 1.0) -> Iterator[float]:
        """Begin with a pause of about this length."""


class Deliverer:
    """Brings one sink everything that its cursor has before it.

    - After calling `wake`: what was journaled meanwhile counts as pending and will
      be read. Cheap and synchronous.
    - `run` never ends by itself and may be cancelled and started again at any time:
      a batch whose end was not seen is sent again.
    - After `await drain(...)`: everything is delivered (True), or the database does
      not take it now or the time is over (False; the journal has it).
    """

    def __init__(
        self,
        sink: Sink,
        cursor: Cursor,
        stats: SinkStats,
        *,
        dead_letters: DeadLetters,
        executor: Executor | None = None,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
        pauses: Pauses = delays,
        wait: Wait = wait,
        max_points: int = MAX_POINTS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.stats = stats
        self._sink = sink
        self._cursor = cursor
        self._dead_letters = dead_letters
        self._executor = executor
        self._clock = clock
        self._timer = timer
        self._pauses = pauses
        self._wait = wait
        self._max_points = max_points
        self._max_bytes = max_bytes
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._drained = asyncio.Event()
        self._draining = False
        self._pausing: Iterator[float] = iter(())
        self._since = 0.0
        self._failures = 0
        self._unsaved = False
        self._end = cursor.end_offset
        self._offset = cursor.position.offset
        self._measure()
        stats.carried = stats.pending

    def wake(self) -> None:
        """Note what the journal holds now; call it after each commit."""
        self._end = self._cursor.end_offset
        self._measure()
        self._wake.set()

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            self._wake.clear()
            try:
                chunk = await self._in_thread(
                    self._cursor.read,
                    self._max_points,
                    self._max_bytes,
                    self._sink.joins_members,
                )
            except JournalError as exc:
                await self._trouble("retrying", str(exc))
                continue
            self._book_losses(chunk)
            if chunk is None:
                self._well()
                if self._draining:
                    self._drained.set()
                await self._wake.wait()
            else:
                await self._deliver(chunk)

    async def drain(self, deadline_s: float) -> bool:
        """Deliver what can be delivered now, while `run` runs.

        A database that does not answer well is tried once more and then left: its
        points are in the journal.
        """
        self._draining = True
        self._drained.clear()
        self._hurry.set()
        self.wake()
        await self._wait(self._drained, deadline_s)
        return self.stats.pending == 0

    async def _deliver(self, chunk: Chunk) -> None:
        """Bring one chunk to its end: every line confirmed or in the dead letters."""
        self.stats.oldest_pending_at = chunk.appended_ns / 1e9
        todo = [Batch(chunk.body, chunk.points, chunk.first_ns, chunk.last_ns)]
        dead: list[DeadLetter] = []
        maybe_stored = False
        while todo:
            outcome = await self._send(todo[-1], again=maybe_stored)
            maybe_stored = isinstance(outcome, Retry) and outcome.sent
            if isinstance(outcome, Done):
                self.stats.last_write_at = self._clock()
                self._well()
                todo.pop()
            elif isinstance(outcome, Retry):
                self.stats.retries += 1
                await self._trouble("retrying", outcome.reason, after=outcome.after_s)
            elif isinstance(outcome, Hold):
                await self._trouble("held", outcome.reason, outcome.advice)
            else:
                self._well()
                batch = todo.pop()
                halves = await self._in_thread(_halve, batch)
                todo += reversed(halves)
                if not halves:
                    self.stats.last_error = outcome.reason
                    dead.append(self._letter(batch, outcome.reason))
        while dead:
            try:
                await self._in_thread(self._dead_letters.append, dead)
            except OSError as exc:
                await self._trouble("retrying", f"dead letters: {exc}")
            else:
                break
        await self._advance(chunk, len(dead))

    async def _send(self, batch: Batch, *, again: bool) -> Outcome:
        """Let the sink write one batch, and count it."""
        if again:
            self.stats.resent += 1
        begin = self._timer()
        outcome = await self._sink.write(batch)
        self.stats.observe_write(self._timer() - begin)
        self.stats.requests[KINDS[type(outcome)]] += 1
        return outcome

    async def _advance(self, chunk: Chunk, dead: int) -> None:
        """Move the cursor, and count; the counters change in one step of the loop."""
        problem = ""
        try:
            await self._in_thread(self._cursor.advance, chunk.end)
        except JournalError as exc:
            problem = str(exc)
            self.stats.last_error = problem
        if problem and not self._unsaved:
            logger.warning(
                "a cursor cannot be saved; after a crash points would be sent again",
                extra={"sink": self.stats.name, "reason": problem},
            )
        self._unsaved = bool(problem)
        self.stats.written += chunk.points - dead
        self.stats.dead_lettered += dead
        self._offset = chunk.end.offset
        self._measure()

    def _book_losses(self, chunk: Chunk | None) -> None:
        """Count the points that the journal could not hand out."""
        place = self._cursor.position if chunk is None else chunk.start
        offset = place.offset if chunk else min(place.offset, self._end)
        if offset > self._offset:
            self.stats.dropped += offset - self._offset
            self._offset = offset
            self._measure()

    def _measure(self) -> None:
        """Bring the figures of the backlog up to date."""
        self.stats.pending = max(0, self._end - self._offset)
        self.stats.pending_bytes = self._cursor.pending_bytes
        if not self.stats.pending:
            self.stats.oldest_pending_at = None

    def _letter(self, batch: Batch, reason: str) -> DeadLetter:
        """Return the letter for a batch of one line."""
        line = batch.lines().removesuffix(b"\n")
        return DeadLetter(line, reason, self._clock(), self.stats.name)

    async def _trouble(
        self, state: str, reason: str, advice: str = "", after: float | None = None
    ) -> None:
        """Note why it does not go on, and pause; one log line per change of state."""
        stats = self.stats
        stats.last_error = reason
        stats.advice = advice
        self._failures += 1
        if stats.state != state:
            if stats.state not in {"retrying", "held"}:
                self._since = self._clock()
            stats.state = state
            self._pausing = self._pauses(HOLD_S) if state == "held" else self._pauses()
            logger.warning(
                "sink is %s",
                state,
                extra={
                    "sink": stats.name,
                    "reason": reason,
                    "pending": stats.pending,
                    **({"advice": advice} if advice else {}),
                },
            )
        pause = next(self._pausing)
        if after is not None:
            pause = max(pause, min(after, LONGEST_RETRY_AFTER_S))
        if self._draining and not self._hurry.is_set():
            self._drained.set()
        if await self._wait(self._hurry, pause):
            self._hurry.clear()

    def _well(self) -> None:
        """Note that it goes on."""
        stats = self.stats
        if stats.state in {"retrying", "held"}:
            logger.info(
                "sink is ok",
                extra={
                    "sink": stats.name,
                    "seconds": round(self._clock() - self._since, 3),
                    "failures": self._failures,
                    "pending": stats.pending,
                },
            )
        elif stats.state == "idle" and stats.requests:
            logger.info("sink is ok", extra={"sink": stats.name})
        if stats.state != "idle" or stats.requests:
            stats.state = "ok"
        stats.advice = ""
        self._failures = 0

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """Run what blocks in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, work, *args)


def _halve(batch: Batch) -> list[Batch]:
    """Return two batches of half the lines each; none if it is a single line."""
    lines = batch.lines().removesuffix(b"\n").split(b"\n")
    middle = len(lines) // 2
    if not middle:
        return []
    return [
        Batch(
            compress(b"\n".join(part) + b"\n"),
            len(part),
            batch.first_ns,
            batch.last_ns,
        )
        for part in (lines[:middle], lines[middle:])
    ]
