"""Writes the cache of the home after each change, in a thread, some seconds later.

A home that was read again and is the same costs no write but the time of its file. A
disk that cannot be written is told once until it can, and stops nothing.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from functools import partial
from typing import TYPE_CHECKING, Final

from hiq.backoff import delays

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from hiq.discovery.cache import Cache
    from hiq.discovery.keepers import Answers
    from hiq.discovery.renames import Renames
    from hiq.ha.home import Home

__all__ = ["QUIET_S", "CacheKeeper"]

logger = logging.getLogger("hiq.discovery")

QUIET_S: Final = 5.0
"""Changes so shortly after another share one write."""


class CacheKeeper:
    """Keeps one home in the files of one folder.

    `run` is for ever; after `await flush()` all is on the disk, or the log says why
    not.
    """

    def __init__(
        self,
        cache: Cache,
        url: str,
        *,
        executor: Executor | None,
        clock: Callable[[], float],
        quiet_s: float = QUIET_S,
    ) -> None:
        self._cache = cache
        self._url = url
        self._executor = executor
        self._clock = clock
        self._quiet_s = quiet_s
        self._home: Home | None = None
        self._saved: Home | None = None
        self._read_at_s: float | None = None
        self._renames: bytes | None = None
        self._news = asyncio.Event()
        self._writing = threading.Lock()
        self._problem = ""

    def restored(self, home: Home) -> None:
        """Take note of what the file holds."""
        self._saved = home

    def changed(self, home: Home) -> None:
        """Write it soon, if the file holds another one."""
        if home is not self._saved:
            self._home = home
            self._news.set()

    def refreshed(self, home: Home, answers: Answers) -> None:
        """Take note of when it was read."""
        del answers
        self._read_at_s = self._clock()
        if home == self._saved:
            self._home = None
        else:
            self._home = home
        self._news.set()

    def renamed(self, renames: Renames) -> None:
        """Write the renames soon."""
        self._renames = renames.encode()
        self._news.set()

    async def run(self) -> None:
        """Write after each change, for ever."""
        pauses = delays()
        while True:
            await self._news.wait()
            await asyncio.sleep(self._quiet_s)
            await self.flush()
            if self._problem:
                await asyncio.sleep(next(pauses))
                self._news.set()
            else:
                pauses = delays()

    async def flush(self) -> None:
        """Write what has changed; what could not be written is still to be written."""
        self._news.clear()
        home, read_at_s, renames = self._home, self._read_at_s, self._renames
        problem = ""
        if renames is not None:
            problem = await self._do(partial(self._cache.save_renames, renames))
            if not problem and self._renames is renames:
                self._renames = None
        if home is not None:
            at_s = self._clock() if read_at_s is None else read_at_s
            work = partial(self._cache.save, home, self._url, at_s)
            said = await self._do(work)
            if not said:
                self._saved = home
                if self._home is home:
                    self._home = None
            problem = said or problem
        elif read_at_s is not None and self._saved is not None:
            problem = await self._do(partial(self._cache.touch, read_at_s)) or problem
        if not problem and self._read_at_s == read_at_s:
            self._read_at_s = None
        if problem and not self._problem:
            logger.warning(
                "the registries cannot be kept on disk; a restart reads them anew",
                extra={"reason": problem},
            )
        self._problem = problem

    async def _do(self, work: Callable[[], object]) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._attempt, work)

    def _attempt(self, work: Callable[[], object]) -> str:
        with self._writing:  # one that was given up may still be under way
            return self._cache.attempt(work)
