"""Has a database what it has confirmed? A few points are looked for, now and then.

Of a confirmed batch of live events some points are remembered; a while later they are
read back by the time and the entity of each. What cannot be found twice is told until
points are found again. A database that cannot be read (a token that may only write) is
no alarm: that is noted. One sample per sink is in memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hiq.assure.monitor_kinds import finding
from hiq.errors import ConfigError, SinkUnreadable
from hiq.sink import make_reader
from hiq.sink.decode import decode, decode_series
from hiq.sink.stored import entity_of

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.assure.monitor_kinds import Finding
    from hiq.settings.schema import SinkSettings
    from hiq.sink.base import Batch
    from hiq.sink.stored import StoredReader

__all__ = ["InThread", "ReadBack", "Sample", "are_there", "samples_of"]

InThread: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]

logger = logging.getLogger("hiq.monitor")

SETTLE_S: Final = 20.0
"""After that a confirmed point has to be visible."""
POINTS: Final = 3
LINES: Final = 20
"""Lines of a batch that are looked at for them."""
MILLISECOND: Final = 10**6
SECOND_TRY: Final = 2
"""Times in a row that points are not found before it is told."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One point that was confirmed."""

    measurement: str
    entity_id: str
    time_ns: int


def samples_of(batch: Batch, *, numbers_only: bool) -> list[Sample]:
    """Return a few points of a batch, those with an entity, close to each other.

    `numbers_only`: the database keeps only numbers.
    """
    lines = batch.lines().removesuffix(b"\n").split(b"\n")
    found: list[Sample] = []
    for line in lines[:: max(1, len(lines) // LINES)]:
        for series, time_ns, values in decode(line):
            if numbers_only and all(isinstance(value, str) for _, value in values):
                continue
            measurement, tags = decode_series(series)
            if entity_id := entity_of(measurement, tags):
                found.append(Sample(measurement, entity_id, time_ns))
    found.sort(key=lambda one: one.time_ns)
    return min(
        (found[at : at + POINTS] for at in range(max(1, len(found) - POINTS + 1))),
        key=lambda several: several[-1].time_ns - several[0].time_ns if several else 0,
    )


async def are_there(reader: StoredReader, samples: Sequence[Sample]) -> bool:
    """Return whether all points are there; their values are not judged."""
    missing = {
        (one.entity_id, one.time_ns // MILLISECOND): one.measurement for one in samples
    }
    if not missing:
        return True
    times_ms = [time_ms for _, time_ms in missing]
    start_ns = min(times_ms) * MILLISECOND
    end_ns = (max(times_ms) + 1) * MILLISECOND
    async for stored in reader.read(start_ns, end_ns):
        key = (stored.entity_id, stored.time_ns // MILLISECOND)
        measurement = missing.get(key)
        name = stored.measurement
        if name == measurement or (
            reader.samples and measurement and name.startswith(f"{measurement}_")
        ):
            del missing[key]
    return not missing


class ReadBack:
    """The check of one sink.

    - `wrote`: takes a confirmed batch if a sample is wanted; cheap.
    - `look`: reads back when it is time to, and returns what is wrong now.
    - `unreadable`: why it cannot be read; "" if it can.

    Args:
        settings: of the sink.
        data_dir: where a relative path begins.
        every_s: time between two samples.
        steady: seconds that never go back.
        in_thread: runs what blocks.
    """

    def __init__(
        self,
        settings: SinkSettings,
        data_dir: Path,
        every_s: float,
        *,
        steady: Callable[[], float],
        in_thread: InThread,
    ) -> None:
        self.checked = 0
        self.unreadable = ""
        self._settings = settings
        self._data_dir = data_dir
        self._every_s = every_s
        self._settle_s = min(SETTLE_S, every_s)
        self._steady = steady
        self._in_thread = in_thread
        self._batch: Batch | None = None
        self._samples: list[Sample] = []
        self._wanted_s = 0.0
        self._due_s = 0.0
        self._missed = 0

    def wrote(self, batch: Batch) -> None:
        """Note a confirmed batch."""
        now_s = self._steady()
        if self._batch is None and not self._samples and now_s >= self._wanted_s:
            self._batch = batch
            self._due_s = now_s + self._settle_s

    async def look(self) -> list[Finding]:
        """Read back if a sample is there that is old enough."""
        if (self._batch or self._samples) and self._steady() >= self._due_s:
            await self._check()
        if self._missed < SECOND_TRY:
            return []
        name = self._settings.name
        text = f"{name} has confirmed points that are not in it"
        return [finding("sink_not_storing", name, text)]

    async def _check(self) -> None:
        try:
            there = await self._there()
        except (SinkUnreadable, ConfigError) as exc:
            self._again(str(exc))
            return
        self.checked += 1
        self.unreadable = ""
        if there:
            self._missed = 0
        else:
            self._missed += 1
            if self._missed < SECOND_TRY:
                self._due_s = self._steady() + self._settle_s
                return
        self._again("")

    def _again(self, unreadable: str) -> None:
        """Wait for another sample; sooner while something is wrong."""
        if unreadable and unreadable != self.unreadable:
            logger.info(
                "what a sink holds cannot be read, so it is not checked",
                extra={"sink": self._settings.name, "reason": unreadable},
            )
        self.unreadable = unreadable
        self._batch, self._samples = None, []
        pause_s = self._settle_s if self._missed else self._every_s
        self._wanted_s = self._steady() + pause_s

    async def _there(self) -> bool:
        """Return whether all points are there; also if there is none to look for."""
        reader = make_reader(self._settings, data_dir=self._data_dir)
        try:
            if self._batch is not None:
                make = partial(samples_of, self._batch, numbers_only=reader.samples)
                self._samples = await self._in_thread(make)
                self._batch = None
            there = are_there(reader, self._samples)
            if self._settings.type != "sqlite":
                return await there
            found: bool = await self._in_thread(partial(asyncio.run, there))
            return found  # its reader blocks
        finally:
            await reader.close()
