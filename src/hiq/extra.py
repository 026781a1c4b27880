"""Points beside those of state changes, on their way into the journal.

Other events, snapshots of last values, the registries' history, broken contracts: what
makes them hands over finished lines. They are written in batches, once per commit
time, by a record of their own, so that they say nothing about how far the states of
Home Assistant are known. What waits is bounded. It must not know what a point means.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hiq.backoff import delays, wait
from hiq.errors import JournalError
from hiq.journal.journal import Entry
from hiq.journal.segment import Source
from hiq.packing import compress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor

    from hiq.pump import Appending
    from hiq.stats import Stats

__all__ = ["ExtraPoints"]

logger = logging.getLogger("hiq.extra")

MAX_BYTES: Final = 4 * 1024 * 1024
"""Of lines that wait for the disk; what comes beyond is dropped and counted."""
HALF: Final = 0.5
"""Share of the journal's cap from which on nothing is added: states come first."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of one kind; times in nanoseconds."""

    kind: str
    text: bytes
    points: int
    first_ns: int
    last_ns: int


class ExtraPoints:
    """What waits for the journal.

    - `add` returns at once; the lines go into the stream of every schema.
    - On the disk they are counted as received and accepted, and by kind in
      `stats.extra`. What was dropped is in `stats.extra_dropped`.
    - `run` is for ever; `close` writes what is left.
    """

    def __init__(
        self,
        journal: Appending,
        stats: Stats,
        schemas: Sequence[str],
        *,
        executor: Executor | None,
        committed: Callable[[], object],
        commit_s: float = 0.25,
        pauses: Callable[[], Iterator[float]] = delays,
    ) -> None:
        self._journal = journal
        self._stats = stats
        self._schemas = tuple(schemas)
        self._executor = executor
        self._committed = committed
        self._commit_s = commit_s
        self._pauses = pauses
        self._waiting: list[_Lines] = []
        self._bytes = 0
        self._wanted = asyncio.Event()
        self._job: asyncio.Future[None] | None = None

    def add(self, kind: str, lines: bytes, times_ns: Sequence[int]) -> bool:
        """Take finished lines, one for each of these times; False if there is no room.

        Args:
            kind: what they are, for the counters: `events`, `snapshot`, ...
            lines: line protocol, each line with its end, stamps in nanoseconds.
            times_ns: the stamps.
        """
        if not times_ns:
            return True
        if self._bytes + len(lines) > MAX_BYTES:
            self._stats.extra_dropped[kind] += len(times_ns)
            return False
        self._waiting.append(
            _Lines(kind, lines, len(times_ns), min(times_ns), max(times_ns))
        )
        self._bytes += len(lines)
        self._wanted.set()
        return True

    async def run(self) -> None:
        """Write what waits, once per commit time, again after a failure."""
        failing: Iterator[float] | None = None
        while True:
            await self._wanted.wait()
            pause_s = self._commit_s if failing is None else next(failing)
            await wait(asyncio.Event(), pause_s)
            if await self._flush():
                failing = None
            elif failing is None:
                failing = self._pauses()

    async def close(self) -> None:
        """Write what is left, or say that it is lost."""
        while self._waiting and await self._flush():
            pass
        if self._waiting:
            lost = Counter[str]()
            for lines in self._waiting:
                lost[lines.kind] += lines.points
            self._stats.extra_dropped.update(lost)
            logger.error("points are lost: not journaled", extra={"points": dict(lost)})

    # inside

    async def _flush(self) -> bool:
        """Write what waits; whether it went well."""
        if self._job is None:
            batch = self._waiting
            if not batch:
                self._wanted.clear()
                return True
            journal = self._stats.journal
            if 0 < journal.max_bytes * HALF < journal.bytes:
                return False
            loop = asyncio.get_running_loop()
            count = len(batch)
            self._job = loop.run_in_executor(self._executor, self._write, list(batch))
            # Also if who waits here is cancelled: it is on the disk by then.
            self._job.add_done_callback(lambda done: self._book(done, count))
        job = self._job
        await asyncio.wait([job])
        if job.cancelled():
            return False
        with suppress(JournalError, OSError):
            job.result()
            return True
        return False

    def _write(self, batch: list[_Lines]) -> None:
        """Append in the thread of the journal, the stream that counts last."""
        body = compress(b"".join(lines.text for lines in batch))
        points = sum(lines.points for lines in batch)
        first_ns = min(lines.first_ns for lines in batch)
        last_ns = max(lines.last_ns for lines in batch)
        entry = Entry(body, points, first_ns, last_ns, Source.EXTRA)
        others = [(schema, entry) for schema in self._schemas[1:]]
        if others:
            self._journal.append(others)
        self._journal.append([(self._schemas[0], entry)])

    def _book(self, job: asyncio.Future[None], count: int) -> None:
        """Count what is on the disk; runs before anyone who waits for the job."""
        self._job = None
        if job.cancelled() or job.exception() is not None:
            return
        stats, batch = self._stats, self._waiting[:count]
        del self._waiting[:count]
        points = sum(lines.points for lines in batch)
        self._bytes -= sum(len(lines.text) for lines in batch)
        stats.received += points
        stats.accepted += points
        for lines in batch:
            stats.extra[lines.kind] += lines.points
        if len(self._schemas) > 1:
            for schema in self._schemas:
                stats.streams[schema] += points
        if not self._waiting:
            self._wanted.clear()
        self._committed()
