"""Keeps the parts of the service running: what dies is logged, counted, restarted.

A part is a coroutine function that runs for ever. While one waits for its restart it
is listed in `down`, which makes health unhealthy. It must not know what a part does.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from hiq.backoff import delays, wait
from hiq.errors import HiqError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Awaitable, Callable, Iterator

__all__ = ["Supervisor", "bounded"]

logger = logging.getLogger("hiq.service")

STEADY_S = 60.0


class Supervisor:
    """Runs parts again and again until `stopping` is set.

    Args:
        errors: counts by part; the only thing that is changed from outside view.
        stopping: no part is restarted once it is set.
        clock: seconds that never go back.
        backoff: makes a fresh sequence of delays in seconds.
    """

    def __init__(
        self,
        errors: Counter[str],
        stopping: asyncio.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
        backoff: Callable[[], Iterator[float]] = delays,
    ) -> None:
        self._errors = errors
        self._stopping = stopping
        self._clock = clock
        self._backoff = backoff
        self.down: dict[str, str] = {}
        """Parts that failed and wait for their restart, with the reason."""

    async def keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run one part until the service stops.

        A part that ran for a minute starts with the shortest delay again.
        """
        pauses = self._backoff()
        while not self._stopping.is_set():
            began = self._clock()
            try:
                await run()
                reason = "ended although the service runs"
                if not self._stopping.is_set():
                    logger.error("a part of the service ended", extra={"part": name})
            except (Exception, asyncio.CancelledError) as exc:
                if isinstance(exc, asyncio.CancelledError) and _is_cancelled():
                    raise
                reason = f"{type(exc).__name__}: {exc}"
                logger.exception("a part of the service failed", extra={"part": name})
            if self._stopping.is_set():
                return
            self._errors[name] += 1
            self.down[name] = reason
            if self._clock() - began >= STEADY_S:
                pauses = self._backoff()
            await wait(self._stopping, next(pauses))
            self.down.pop(name, None)


def _is_cancelled() -> bool:
    """Return whether it is this task that is cancelled, and not what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def bounded(part: str, work: Awaitable[object], seconds: float) -> object:
    """Wait for one step of the stop; what fails or takes too long is logged."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        logger.warning("did not stop in time", extra={"part": part, "seconds": seconds})
    except (HiqError, OSError):
        logger.exception("did not stop cleanly", extra={"part": part})
    return None
