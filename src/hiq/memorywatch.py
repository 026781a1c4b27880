"""Looks at the memory of the process, and gives up what `hiq.memory` says.

First of all what is free already goes back to the system: a flood leaves much of it.
One log line per change of level, a concern in health while memory is short, counters
of what was given up. It knows whom to ask for each step, not how they do it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from hiq._core.heap import give_back
from hiq.memory import Level, Pressure
from hiq.settings.units import show_size
from hiq.stats import Concern
from hiq.web.resident import resident_bytes

if TYPE_CHECKING:
    from hiq.settings.schema import MemorySettings, Settings
    from hiq.stats import MemoryStats, Stats
    from hiq.web.parts import Parts

__all__ = ["MemoryWatch", "allowed_bytes", "memory_watch"]

logger = logging.getLogger("hiq.memory")

LOOK_S: Final = 30.0
HURRY_S: Final = 5.0
"""While memory is short."""
FLUSH_S: Final = 2.0
CGROUP: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
HEALTH: Final[Mapping[Level, Any]] = {
    Level.SHORT: "degraded",
    Level.CRITICAL: "unhealthy",
}

Shed: TypeAlias = Callable[[], "int | Awaitable[int]"]


def allowed_bytes(max_bytes: int, files: tuple[Path, ...] = CGROUP) -> int:
    """Return the limit: that of the settings, or of the container if it is lower."""
    for path in files:
        with suppress(OSError, ValueError):  # `max` is no number: no limit
            return min(max_bytes, int(path.read_text(encoding="ascii")))
    return max_bytes


class MemoryWatch:
    """The look at memory, every 30 seconds, every 5 while it is short.

    Args:
        settings: the limits.
        stats: gets level and counts.
        sheds: by name of the step what does it, and returns how much was given up; a
            step that nobody does is passed over.
        calm: called when memory is calm again.
        give_back: gives what is free back to the system, before each look.
        waiting: bytes that wait for clients; above `outbox_bytes` of the settings the
            first step is taken whatever else is free.
        used: bytes in RAM.
        limit_bytes: most of them.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        settings: MemorySettings,
        stats: Stats,
        sheds: Mapping[str, Shed],
        *,
        calm: Callable[[], object] = lambda: None,
        give_back: Callable[[], object] = give_back,
        waiting: Callable[[], int] = lambda: 0,
        used: Callable[[], int | None] = resident_bytes,
        limit_bytes: int | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        limit = limit_bytes or allowed_bytes(settings.max_bytes)
        self._pressure = Pressure(limit)
        self._settings = settings
        self._stats = stats
        self._sheds = sheds
        self._calm = calm
        self._give_back = give_back
        self._waiting = waiting
        self._used = used
        self._sleep = sleep
        self._own: MemoryStats = stats.memory
        self._own.limit_bytes = limit
        self._own.part_limits = {"outboxes": settings.outbox_bytes}

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            calm = self._pressure.level is Level.CALM
            await self._sleep(LOOK_S if calm else HURRY_S)

    async def look(self) -> None:
        """Look once, and give up what has to be."""
        self._give_back()
        used = self._used()
        if used is None:
            return
        before = self._pressure.level
        steps = [step.name for step in self._pressure.look(used)]
        waiting = self._waiting()
        self._own.parts = {"outboxes": waiting}
        if waiting > self._settings.outbox_bytes and "outboxes" not in steps:
            steps.insert(0, "outboxes")
        given = {name: await self._shed(name) for name in steps}
        self._note(before, used, {name: n for name, n in given.items() if n})

    async def _shed(self, name: str) -> int:
        """Take one step; returns how much was given up."""
        shed = self._sheds.get(name)
        if shed is None:
            return 0
        found = shed()
        count = found if isinstance(found, int) else await found
        self._own.shed[name] += count
        return count

    def _note(self, before: Level, used: int, given: Mapping[str, int]) -> None:
        """Say what changed, once."""
        level = self._pressure.level
        self._own.level = int(level)
        if level is not Level.CALM:
            mebibytes = used // 1024**2
            limit = show_size(self._pressure.limit_bytes)
            reason = f"{mebibytes} MiB of {limit} are used; see memory in the settings"
            self._stats.concerns["memory"] = Concern(HEALTH[level], reason)
        else:
            self._stats.concerns.pop("memory", None)
        if level is before and not given:
            return
        if level is Level.CALM and before is not Level.CALM:
            self._calm()
        logger.log(
            logging.INFO if level is Level.CALM else logging.WARNING,
            "memory is %s",
            level.name.lower(),
            extra={
                "used_bytes": used,
                "limit_bytes": self._pressure.limit_bytes,
                "given_up": dict(given),
            },
        )


class Draining(Protocol):
    """What writes the lines in memory to the journal; the pump does."""

    async def drain(self, deadline_s: float, /) -> bool:
        """Return whether all of them are there within so many seconds."""
        ...


class Watched(Protocol):
    """What is needed of a service."""

    settings: Settings
    stats: Stats
    parts: Parts


def memory_watch(
    service: Watched,
    pump: Draining,
    *,
    used: Callable[[], int | None] = resident_bytes,
) -> MemoryWatch:
    """Return the look at memory of one service, with what it can give up."""
    stats, parts = service.stats, service.parts

    def of_clients(step: str) -> int:
        return 0 if parts.shed_clients is None else parts.shed_clients(step)

    async def write_buffers() -> int:
        waiting = stats.buffered
        await pump.drain(FLUSH_S)
        return max(0, waiting - stats.buffered)

    sheds: dict[str, Shed] = {
        name: partial(of_clients, name) for name in ("outboxes", "snapshots", "clients")
    }
    return MemoryWatch(
        service.settings.memory,
        stats,
        {**sheds, "buffers": write_buffers},
        calm=partial(of_clients, "calm"),
        waiting=partial(of_clients, "waiting"),
        used=used,
    )
