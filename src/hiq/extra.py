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

    from hiq.appending import Appending
    from hiq.stats import Stats

__all__ = ["ExtraPoints"]

logger = logging.getLogger("hiq.extra")

MAX_BYTES: Final = 4 * 1024 * 1024
"""Of lines that wait for the disk; what comes beyond is dropped and counted."""
HALF: Final = 0.5
"""Share of the journal's cap from which on nothing is added: states come first."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of one kind; times in nanoseconds.

    `stream`: the one that they are for, "" for every one; `own`: hiq made them, no
    event was received; `done`: who waits until they are on the disk.
    """

    kind: str
    text: bytes
    points: int
    first_ns: int
    last_ns: int
    stream: str = ""
    own: bool = False
    done: asyncio.Future[None] | None = None


class ExtraPoints:
    """What waits for the journal.

    - `add` returns at once; the lines go into the stream of every schema.
    - On the disk they are counted as received and accepted, and by kind in
      `stats.extra`. What was dropped is in `stats.extra_dropped`.
    - What `put` took is no event: it is in `stats.own` in the place of the former.
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
        self._freed = asyncio.Event()
        self._closed = False
        self._job: asyncio.Future[None] | None = None
        self._half = 0  # lines that are in all streams but the first

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

    async def put(
        self, kind: str, lines: bytes, times_ns: Sequence[int], stream: str = ""
    ) -> None:
        """Wait for room, and until the lines are on the disk; they are no events.

        Args:
            kind: as for `add`.
            lines: the same; no more than MAX_BYTES.
            times_ns: the same.
            stream: the only one that gets them; "" for every one.

        Raises:
            JournalError: the journal was closed before.
        """
        if not times_ns:
            return
        if self._closed:
            raise JournalError("journal", "closed before it took the points")
        while self._waiting and self._bytes + len(lines) > MAX_BYTES:
            self._freed.clear()
            await self._freed.wait()
        done = asyncio.get_running_loop().create_future()
        span = min(times_ns), max(times_ns)
        one = _Lines(kind, lines, len(times_ns), *span, stream, own=True, done=done)
        self._waiting.append(one)
        self._bytes += len(lines)
        self._wanted.set()
        await done

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
        self._closed = True
        while self._waiting and await self._flush():
            pass
        if self._waiting:
            lost = Counter[str]()
            for lines in self._waiting:
                if lines.done is None:
                    lost[lines.kind] += lines.points
                elif not lines.done.done():
                    reason = JournalError("journal", "closed before it took the points")
                    lines.done.set_exception(reason)
                    lines.done.exception()  # nobody may be waiting any more
            self._waiting.clear()
            self._stats.extra_dropped.update(lost)
            if lost:
                told = {"points": dict(lost)}
                logger.error("points are lost: not journaled", extra=told)

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
            count = self._half or len(batch)
            self._job = loop.run_in_executor(self._executor, self._write, batch[:count])
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
        """Append in the thread of the journal, the stream that counts last.

        If only that one fails, the others are not written again.
        """
        apart = any(lines.stream for lines in batch)
        entry = None if apart else _entry(batch)
        entries = [
            (schema, found)
            for schema in (*self._schemas[1:], self._schemas[0])
            if (found := entry or _entry(batch, schema)) is not None
        ]
        first = self._schemas[0]
        others = [one for one in entries if one[0] != first]
        if others and not self._half:
            self._journal.append(others)
            self._half = len(batch)
        if len(others) < len(entries):
            self._journal.append(entries[-1:])
        self._half = 0

    def _book(self, job: asyncio.Future[None], count: int) -> None:
        """Count what is on the disk; runs before anyone who waits for the job."""
        self._job = None
        if job.cancelled() or job.exception() is not None:
            return
        stats, batch = self._stats, self._waiting[:count]
        del self._waiting[:count]
        self._bytes -= sum(len(lines.text) for lines in batch)
        for lines in batch:
            stats.extra[lines.kind] += lines.points
            streams = (lines.stream,) if lines.stream else self._schemas
            if lines.own:
                stats.own.update(dict.fromkeys(streams, lines.points))
            else:
                stats.received += lines.points
                stats.accepted += lines.points
                if len(self._schemas) > 1:
                    stats.streams.update(dict.fromkeys(streams, lines.points))
            if lines.done is not None and not lines.done.done():
                lines.done.set_result(None)
        if not self._waiting:
            self._wanted.clear()
        self._freed.set()
        self._committed()


def _entry(batch: list[_Lines], stream: str = "") -> Entry | None:
    """Return the record of one stream; "" is one that is the same for all."""
    some = [one for one in batch if one.stream in {"", stream}]
    if not some:
        return None
    return Entry(
        compress(b"".join(lines.text for lines in some)),
        sum(lines.points for lines in some),
        min(lines.first_ns for lines in some),
        max(lines.last_ns for lines in some),
        Source.EXTRA,
    )
