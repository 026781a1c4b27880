"""Looks at the service every few seconds: health into the log, signs of life out.

One log line per change of health, never per look. It reads the counters and changes
nothing; it must not know how anything is repaired.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from hiq.web.health import checks, worst

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from hiq.notify import Notifier
    from hiq.stats import Stats
    from hiq.web.recent import Recent
    from hiq.web.types.health import Level

__all__ = ["Watch"]

logger = logging.getLogger("hiq.health")

LOOK_S = 15.0


class Watch:
    """The look from outside.

    Args:
        stats: the counters.
        recent: is fed with them.
        down: parts that failed, with the reason.
        notifier: gets WATCHDOG=1 at half the time systemd allows, and STATUS.
        clock: Unix seconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        stats: Stats,
        recent: Recent,
        down: Mapping[str, str],
        notifier: Notifier,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._stats = stats
        self._recent = recent
        self._down = down
        self._notifier = notifier
        self._clock = clock
        self._sleep = sleep
        self._level: Level = "healthy"

    async def run(self) -> None:
        """Look for ever."""
        allowed_s = self._notifier.watchdog_s
        pause_s = LOOK_S if allowed_s is None else min(LOOK_S, allowed_s / 2)
        while True:
            self.look()
            await self._sleep(pause_s)

    def look(self) -> None:
        """Look once."""
        stats, now = self._stats, self._clock()
        self._recent.sample(stats, now)
        found = checks(stats, now, self._recent.gained(stats, now), self._down)
        level = worst(found)
        if level != self._level:
            self._level = level
            logger.log(
                logging.INFO if level == "healthy" else logging.WARNING,
                "health is %s",
                level,
                extra={
                    "reasons": [
                        f"{check.name}: {check.reason}"
                        for check in found
                        if check.status != "healthy"
                    ]
                },
            )
        self._notifier.send(
            WATCHDOG="1",
            STATUS=f"{level}; Home Assistant {stats.ha.state.lower()}; "
            f"{stats.received} events",
        )
