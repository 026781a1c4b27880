"""Restored points into the journal, counted like live ones, without pushing those out.

A batch counts when it is on the disk. While the journal cannot be written, or is half
full because a database is away, it waits. It does not know where the lines come from.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from hiq.backoff import delays
from hiq.errors import JournalError
from hiq.journal.journal import Entry
from hiq.journal.segment import Source
from hiq.packing import compress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Executor

    from hiq.appending import Appending
    from hiq.repair.convert import Converted
    from hiq.stats import Stats

__all__ = ["Writer"]

logger = logging.getLogger("hiq.repair")

HALF: Final = 0.5
"""Share of the journal's cap from which on restored points wait."""
PATIENCE_S: Final = 2.0


class Writer:
    """Appends what was restored.

    After `await write(...)`: the points are on the disk and counted.
    """

    def __init__(
        self,
        journal: Appending,
        stats: Stats,
        *,
        executor: Executor | None,
        committed: Callable[[], object],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._journal = journal
        self._stats = stats
        self._executor = executor
        self._committed = committed
        self._sleep = sleep

    async def write(self, converted: Converted, known: int) -> int:
        """Append, and count; `known` rows were delivered before. Returns points."""
        await self._room()
        pauses = delays()
        done: set[str] = set()
        while True:
            try:
                await self._append(converted, known, done)
            except (JournalError, OSError) as exc:
                self._stats.backfill.last_error = str(exc)
                await self._sleep(next(pauses))
            else:
                return converted.counts["points"]

    async def tell(self, converted: Converted) -> None:
        """Append points that are not of Home Assistant; raises what the disk says."""
        backfill = self._stats.backfill
        before = backfill.rows, backfill.points
        await self._append(converted, 0, set())
        backfill.rows, backfill.points = before

    async def _room(self) -> None:
        """Wait until the journal is less than half full."""
        journal = self._stats.journal
        while 0 < journal.max_bytes * HALF < journal.bytes:
            self._stats.backfill.last_error = "waits: the journal is half full"
            await self._sleep(PATIENCE_S)

    async def _append(
        self, converted: Converted, known: int, written: set[str]
    ) -> None:
        """Append in the thread; the counters change before anyone else is told."""
        loop = asyncio.get_running_loop()
        job = loop.run_in_executor(self._executor, self._write, converted, written)

        def book(done: asyncio.Future[None]) -> None:
            if not done.cancelled() and done.exception() is None:
                self._book(converted, known)

        job.add_done_callback(book)
        await asyncio.wait([job])
        job.result()

    def _write(self, converted: Converted, written: set[str]) -> None:
        """Compress and append; runs in the thread of the journal.

        What streams have from an earlier try is not written to them again.
        """
        entries = [
            (
                schema,
                Entry(
                    compress(it.data),
                    it.points,
                    it.first_ns,
                    it.last_ns,
                    Source.BACKFILL,
                ),
            )
            for schema, it in converted.taken
            if schema not in written
        ]
        # As in the pump: what the first stream holds after a crash, all hold.
        first = converted.taken[0][0] if converted.taken else ""
        for part in (
            [entry for entry in entries if entry[0] != first],
            [entry for entry in entries if entry[0] == first],
        ):
            if part:
                self._journal.append(part)
                written.update(schema for schema, _ in part)

    def _book(self, converted: Converted, known: int) -> None:
        stats, counts = self._stats, converted.counts
        stats.received += counts["events"] + known
        stats.accepted += counts["points"]
        if len(converted.taken) > 1:
            for schema, it in converted.taken:
                stats.streams[schema] += it.points
        stats.filtered += counts["filtered"]
        stats.skipped += counts["skipped"]
        stats.rejected += counts["rejected"]
        stats.duplicate += known
        stats.backfill.rows += counts["events"] + known
        stats.backfill.points += counts["points"]
        stats.backfill.known += known
        stats.backfill.last_error = ""
        self._committed()
