"""The history of the registries as points: each change of a row once, none lost.

Every home that discovery comes to is compared with what was said before, in steps; what
differs is noted in a file, then put into the journal. It begins when the registries
were read for the first time, so that nothing is said of a home that is half known. It
does not know how points are made into records.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from typing import TYPE_CHECKING, Final, TypeVar, cast

from hiq.backoff import delays
from hiq.discovery.pointlog import Change
from hiq.discovery.points import MEASUREMENTS, REMOVED, said_of
from hiq.errors import JournalError
from hiq.ha.registries import Registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
    from concurrent.futures import Executor

    from hiq.discovery.keepers import Answers
    from hiq.discovery.pointlog import PointLog
    from hiq.discovery.renames import Renames
    from hiq.ha.home import Home
    from hiq.ha.registries import ConfigEntry, Device, Entity
    from hiq.stats import DiscoveryStats

    Put = Callable[[str, bytes, Sequence[int]], Awaitable[None]]

__all__ = ["KIND", "RegistryHistory"]

logger = logging.getLogger("hiq.discovery")

T = TypeVar("T")

KIND: Final = "registry"
"""Of these points, in the counters of extra points."""
SLICE: Final = 40
"""Rows of one step: one or two milliseconds where all of them say something new."""
PART: Final = 5000
"""Points of one record."""
HOMES: Final = 1000
"""Homes that wait; beyond it the last ones become one."""


class RegistryHistory:
    """Keeps the points of one home; it is a `Keeper` of discovery.

    - After `await open()`: it is known what was said before.
    - `run` is for ever. After `await close()`: what was seen is in the file, and what
      is not in the journal is put there after the next start, with the same time.
    """

    def __init__(
        self,
        log: PointLog,
        put: Put,
        stats: DiscoveryStats,
        *,
        executor: Executor | None,
        clock: Callable[[], float],
    ) -> None:
        self._log = log
        self._put = put
        self._stats = stats
        self._executor = executor
        self._clock = clock
        self._waiting: deque[tuple[int, Home]] = deque()
        self._home: Home | None = None
        self._counts: Counter[str | None] = Counter()
        self._whole = False
        self._last_ns = 0
        self._news = asyncio.Event()
        self._job: asyncio.Future[None] | None = None
        self._problem = ""

    # for discovery

    def changed(self, home: Home) -> None:
        """Say what is different, as soon as the home is known."""
        if self._whole or (home.devices and home.entities):
            self._add(home)

    def refreshed(self, home: Home, answers: Answers) -> None:
        """From now on what is not there is gone."""
        del answers
        self._whole = True
        self._add(home)

    def renamed(self, renames: Renames) -> None:
        """Leave it to the rows: one went, another one came."""

    def _add(self, home: Home) -> None:
        if len(self._waiting) >= HOMES:
            self._stats.failures["history"] += 1
            self._waiting.pop()
        now_ns = int(self._clock() * 1_000_000) * 1000
        self._last_ns = max(now_ns, self._last_ns + 1000)
        self._waiting.append((self._last_ns, home))
        self._news.set()

    # for the service

    async def open(self) -> None:
        """Read what was said before."""
        await self._in_thread(self._log.load)
        self._news.set()  # something may be owed

    async def run(self) -> None:
        """Say what is new, for ever; again after a failure."""
        pauses = delays()
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._settle()
                while self._waiting:
                    await self._note()
                    await self._settle()
            except (JournalError, OSError) as exc:
                self._complain(str(exc))
                await asyncio.sleep(next(pauses))
                self._news.set()
            else:
                self._problem = ""
                pauses = delays()

    async def close(self) -> None:
        """Note in the file what was seen; `run` has ended."""
        if self._job is not None:
            await asyncio.wait([self._job])
        try:
            while self._waiting:
                await self._note()
        except OSError as exc:
            self._complain(str(exc))

    # inside

    async def _note(self) -> None:
        """Note in the file what the next home says anew; raises OSError."""
        time_ns, home = self._waiting[0]
        counts: Counter[str | None] = Counter()
        async for rows in _slices(home.entities.values()):
            counts.update(row.device_id for row in rows)
        found = await self._compared(home, counts, time_ns)
        for at in range(0, len(found), PART):
            part = found[at : at + PART]
            await self._in_thread(lambda part=part: self._log.append(part))  # type: ignore[misc]
        self._home, self._counts = home, counts
        self._waiting.popleft()

    async def _settle(self) -> None:
        """Put into the journal what is owed; raises JournalError, OSError."""
        owed = self._log.owed
        if not owed:
            return
        for at in range(0, len(owed), PART):
            part = owed[at : at + PART]
            lines = "".join(one.said.line(one.time_ns) for one in part)
            await self._put(KIND, lines.encode(), [one.time_ns for one in part])
        await self._in_thread(self._log.mark)

    async def _compared(
        self, home: Home, counts: Counter[str | None], time_ns: int
    ) -> list[Change]:
        """Return what a home says anew, row by row."""
        found: list[Change] = []
        told = self._log.told
        for registry, measurement in MEASUREMENTS.items():
            rows = home.rows(registry)
            async for keys in _slices(rows):
                for key in keys:
                    if self._is_old(registry, key, home, counts):
                        continue
                    row = cast("ConfigEntry | Device | Entity", rows[key])
                    said = said_of(home, row, counts[key])
                    if told.get((measurement, key)) != said:
                        found.append(Change(measurement, key, *said, time_ns))
            if not rows and not self._whole:
                continue  # it may only not have come yet
            async for pairs in _slices(list(told.items())):
                for (kind, key), was in pairs:
                    if kind == measurement and key not in rows:
                        gone = Change(kind, key, was.series, REMOVED, time_ns)
                        found.append(gone)
        return found

    def _is_old(
        self, registry: Registry, key: str, home: Home, counts: Counter[str | None]
    ) -> bool:
        """Whether a row, and what it needs, is as it was in the home before."""
        old = self._home
        if old is None or old.rows(registry).get(key) != home.rows(registry)[key]:
            return False
        if registry is Registry.DEVICES:
            return counts[key] == self._counts[key]
        if registry is Registry.ENTITIES:
            device_id = home.entities[key].device_id or ""
            return old.devices.get(device_id) == home.devices.get(device_id)
        return True

    async def _in_thread(self, work: Callable[[], None]) -> None:
        """Work in a thread; it is never left half-way."""
        loop = asyncio.get_running_loop()
        self._job = loop.run_in_executor(self._executor, work)
        await asyncio.wait([self._job])
        self._job.result()

    def _complain(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            logger.warning(
                "the history of the registries waits", extra={"reason": problem}
            )


async def _slices(things: Iterable[T]) -> AsyncIterator[list[T]]:
    """Yield the things in steps; after each one the loop has its turn."""
    part: list[T] = []
    for thing in things:
        part.append(thing)
        if len(part) >= SLICE:
            yield part
            part = []
            await asyncio.sleep(0)
    if part:
        yield part
