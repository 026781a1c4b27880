"""Ring -> gzip -> journal: a commit when enough has come, or when it has waited enough.

What the pipeline has encoded is taken, cut into batches, compressed and appended by
one thread; it counts as accepted when the journal says that it is on the disk. If the
disk fails, everything is kept, compressed, in memory whose bound the gate guards, and
tried again for ever; what comes meanwhile is compressed, too. It does not know where
frames come from, nor who reads the journal.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from hiq import appending
from hiq.backoff import delays, rest
from hiq.ha.reading import next_read
from hiq.journal.segment import Source
from hiq.threads import hop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from hiq._core import Pipeline, Taken
    from hiq.appending import Appending, Result
    from hiq.backoff import Wait
    from hiq.flow import Gate
    from hiq.journal.journal import Entry
    from hiq.settings.schema import JournalSettings
    from hiq.stats import Stats

__all__ = ["COMMIT_BYTES", "MAX_BYTES", "MAX_POINTS", "Pump"]

logger = logging.getLogger("hiq.pump")

COMMIT_BYTES = 1024 * 1024
"""Bytes of lines at which a commit does not wait for its time."""
MAX_BYTES = 4 * 1024 * 1024
"""Bytes of lines in one record, unless one line is longer."""
LEAD_DECAY = 0.9
"""How fast a slow write is forgotten by the next ones."""
MAX_LEAD = 0.5
"""Share of the commit time that may be kept for the write."""
MORE_BYTES = 8 * 1024
"""Bytes of lines out of one read behind which a socket may hold more."""
MAX_POINTS = 5_000
"""Points in one record: what servers take well in one request."""

Delays: TypeAlias = Callable[[], Iterator[float]]


class Pump:
    """Moves what the pipeline holds into the journal.

    - After calling `wake`: the counters are right, and a commit will come, begun so
      early that it is over when its time is, if it takes as long as the last ones.
      Cheap and synchronous; call it once per socket read.
    - `run` never ends by itself and may be cancelled and started again at any time:
      nothing is lost, nor appended twice.
    - After `await drain(...)` returned True: everything is in the journal.
    - `committed`: called, without arguments, after each successful commit.
    - `gate`: told the bytes that wait in memory. Lines that are not compressed count
      twice: while they are taken they are there twice.
    - `gathered`: called before the pipeline is asked for what it holds. Who has
      something for the pipeline that may wait so long calls `expect`. True: the loop
      has to read a socket first; who has read it may expect more at once.

    With several schemas, `accepted` counts the points of the first one. It is journaled
    last, when the others are on the disk: what it holds after a crash, all hold.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        journal: Appending,
        stats: Stats,
        settings: JournalSettings,
        *,
        schemas: Sequence[str] = ("ha",),
        executor: Executor | None = None,
        gate: Gate | None = None,
        source: Source = Source.LIVE,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
        pauses: Delays = delays,
        wait: Wait = rest,
    ) -> None:
        self.committed: set[Callable[[], object]] = set()
        self.gate = gate
        self.gathered: Callable[[], bool] | None = None
        self.source = source
        self._pipeline = pipeline
        self._journal = journal
        self._stats = stats
        self._settings = settings
        self._schemas = tuple(schemas)
        self._many = len(self._schemas)
        self._executor = executor
        self._clock = clock
        self._timer = timer
        self._pauses = pauses
        self._wait = wait
        self._wanted = asyncio.Event()
        self._hurry = asyncio.Event()
        self._first_at: float | None = None
        self._expecting = False
        self._began_at = 0.0
        self._lead_s = 0.0
        self._held_points = 0
        self._held_bytes = 0
        self._held_lines = 0
        self._taken: list[tuple[str, Taken]] = []
        self._encoded: list[tuple[str, Entry]] = []
        self._job: asyncio.Future[Result] | None = None
        self._failing: Iterator[float] | None = None
        self._failed_at = 0.0
        self._tries = 0

    def wake(self) -> None:
        """Note what the pipeline holds now, and let it be committed in time."""
        size = self._pipeline.buffered_bytes
        self._show(size)
        if size and self._first_at is None:
            self._first_at = self._timer()
            self._wanted.set()
        if size >= COMMIT_BYTES:
            self._hurry.set()

    def expect(self) -> None:
        """Take what `gathered` will bring along, in time as if it were here."""
        self._expecting = True
        if self._first_at is None:
            self._first_at = self._timer()
        self._wanted.set()

    def notify(self) -> None:
        """Tell everyone that something was journaled."""
        for committed in tuple(self.committed):
            committed()

    async def run(self) -> None:
        """Commit for ever: by time, by size, and again after a failure."""
        while True:
            await self._wanted.wait()
            if self._failing is not None:
                await self._rest(next(self._failing))
            elif (pause := self._left_s()) > 0:
                await self._wait(self._hurry, pause)
            self._hurry.clear()
            await self._gather()
            await self._attempt()

    async def drain(self, deadline_s: float) -> bool:
        """Commit everything now; returns whether it is done within so many seconds."""
        try:
            async with asyncio.timeout(deadline_s):
                while self._waits():
                    await self._gather()
                    if not await self._attempt():
                        await self._wait(asyncio.Event(), next(self._pauses()))
        except TimeoutError:
            return not self._waits()
        return True

    async def _gather(self) -> None:
        """Have everything read that waited for this commit."""
        self._first_at = None
        self._expecting = False
        if self.gathered is None or not self.gathered():
            return
        size, last = self._pipeline.buffered_bytes, -MORE_BYTES
        while size - last >= MORE_BYTES and size < COMMIT_BYTES:
            await next_read()
            size, last = self._pipeline.buffered_bytes, size

    async def _rest(self, pause_s: float) -> None:
        """Wait after a failure; when much has come meanwhile, compress it."""
        until = self._timer() + pause_s
        while (left_s := until - self._timer()) > 0 and await self._wait(
            self._hurry, left_s
        ):
            self._hurry.clear()
            if self._failing is None:
                break
            await self._attempt(append=False)

    def _left_s(self) -> float:
        """Return how long the first point may still wait.

        In whole milliseconds, since the loop rounds every wait up to one.
        """
        commit = self._settings.commit
        left_s = commit - min(self._lead_s, commit * MAX_LEAD)
        if self._first_at is not None:  # it may have come during a commit
            left_s -= self._timer() - self._first_at
        return math.floor(left_s * 1000) / 1000

    def _waits(self) -> bool:
        """Whether anything is not yet in the journal."""
        held = self._taken or self._encoded or self._pipeline.buffered_bytes
        return bool(held) or self._expecting or self._job is not None

    async def _attempt(self, *, append: bool = True) -> bool:
        """Take, encode and append once; returns whether it went well.

        One attempt runs at a time; whoever comes meanwhile waits for the same one.
        The thread is never abandoned half-way: if the waiting is cancelled, its
        result is still booked.
        """
        if self._job is None:
            self._take()
            if not self._taken and not self._encoded:
                if not self._expecting:
                    self._wanted.clear()
                return True
            self._began_at = self._timer()
            taken, encoded = list(self._taken), list(self._encoded)
            if append:
                self._job = hop(
                    self._executor,
                    appending.append,
                    self._journal,
                    taken,
                    encoded,
                    self.source,
                    self._schemas[0],
                )
            else:
                self._job = hop(
                    self._executor, appending.pack, taken, encoded, self.source
                )
            self._job.add_done_callback(self._book)
        job = self._job
        await asyncio.wait([job])
        return (
            not job.cancelled() and job.exception() is None and not job.result().error
        )

    def _take(self) -> None:
        """Take all that the pipeline has encoded."""
        if not self._expecting:
            self._first_at = None
        for schema in reversed(self._schemas):
            parts = self._pipeline.take_batches(schema, MAX_POINTS, MAX_BYTES)
            self._taken += [(schema, part) for part in parts]
        self._measure()

    def _book(self, job: asyncio.Future[Result]) -> None:
        """Count what the thread did; runs in the loop, before anyone who waits."""
        self._job = None
        took_s = self._timer() - self._began_at
        self._lead_s = max(took_s, self._lead_s * LEAD_DECAY)
        if job.cancelled():
            return
        error = job.exception()
        if error is not None:
            self._stats.errors["pump"] += 1
            self._fail(f"{type(error).__name__}: {error}")
            logger.error("encoding a batch failed", exc_info=error)
            return
        result = job.result()
        self._taken.clear()
        self._encoded = result.left
        self._stats.accepted += self._count(result.done)
        if self._many > 1:
            for schema, entry in result.done:
                self._stats.streams[schema] += entry.points
        if result.error:
            self._fail(result.error)
        elif result.error is not None:
            self._succeed()
        self._measure()
        if not self._waits():
            self._wanted.clear()
        if result.done:
            self.notify()

    def _count(self, entries: list[tuple[str, Entry]]) -> int:
        """Return the points of the first schema, which stand for events."""
        first = self._schemas[0]
        return sum(entry.points for schema, entry in entries if schema == first)

    def _fail(self, reason: str) -> None:
        """Note that the journal cannot be written; one log line at the first time."""
        journal = self._stats.journal
        journal.writable = False
        journal.last_error = reason
        self._wanted.set()
        self._tries += 1
        if self._failing is None:
            self._failing = self._pauses()
            self._failed_at = self._clock()
            logger.warning(
                "the journal cannot be written; what comes waits in memory",
                extra={"reason": reason},
            )

    def _succeed(self) -> None:
        """Note that the journal works; one log line if it did not before."""
        self._stats.journal.writable = True
        if self._failing is None:
            return
        self._failing = None
        logger.info(
            "the journal can be written again",
            extra={
                "seconds": round(self._clock() - self._failed_at, 3),
                "tries": self._tries,
            },
        )
        self._tries = 0
        self._stats.journal.last_error = ""

    def _measure(self) -> None:
        """Work out what is held beside the pipeline, and show it."""
        first = self._schemas[0]
        here = sum(taken.points for schema, taken in self._taken if schema == first)
        self._held_points = here + self._count(self._encoded)
        self._held_lines = lines = sum(len(taken.data) for _, taken in self._taken)
        self._held_bytes = lines + sum(len(entry.body) for _, entry in self._encoded)
        self._show(self._pipeline.buffered_bytes)

    def _show(self, size: int) -> None:
        """Bring the counters of what waits up to date, and tell the gate.

        Done once per read of the socket, so as little as possible is done here.
        """
        points = self._pipeline.buffered_points
        if self._many > 1:
            points //= self._many
        stats = self._stats
        stats.buffered = self._held_points + points
        stats.buffered_bytes = level = self._held_bytes + size
        level += self._held_lines + size
        gate = self.gate
        if gate is not None and (gate.closed or level >= gate.high):
            gate.update(level)
            if gate.closed and size:
                self._hurry.set()  # nothing more comes that would make it enough
