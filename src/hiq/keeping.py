"""Writes what is to be kept of clients, in a thread, as often as the disk takes it.

It must not know what is kept.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hiq.clients.store import Store

__all__ = ["Keeping"]

logger = logging.getLogger("hiq.clients")

KEEP_S: Final = 0.05
"""Between two writes: so much may be lost by a kill, and is then announced."""
RETRY_S: Final = 5.0


class Keeping:
    """One store and its thread.

    After `begin`: what changes is written, while `run` runs.
    After `close`: all is written, and the file is closed; calling it twice does
    nothing.
    """

    def __init__(
        self,
        in_thread: Callable[[Callable[[], Any]], Awaitable[Any]],
        wall: Callable[[], float],
    ) -> None:
        self._in_thread = in_thread
        self._wall = wall
        self._store: Store | None = None
        self._writing = asyncio.Lock()
        self._dirty = asyncio.Event()
        self._tasks: set[asyncio.Task[bool]] = set()

    def begin(self, store: Store) -> None:
        """Write what there is of this one, from now on."""
        self._store = store
        store.changed = self._dirty.set
        self._dirty.set()

    async def run(self) -> None:
        """Write, for ever."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            good = self._store is None or await self._flush(self._store)
            await asyncio.sleep(KEEP_S if good else RETRY_S)

    async def close(self) -> None:
        """Write what is left, and close the file."""
        store, self._store = self._store, None
        if store is not None:
            await self._flush(store, last=True)
            await self._in_thread(store.close)

    async def _flush(self, store: Store, *, last: bool = False) -> bool:
        """Write what changed; return False if the disk does not take it.

        What was taken is written even if the caller is cancelled meanwhile: `close`
        waits for it at the lock.
        """
        task = asyncio.create_task(self._write(store, last=last))
        self._tasks.add(task)  # so that it is not collected while it runs
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _write(self, store: Store, *, last: bool) -> bool:
        async with self._writing:
            changes = store.take(last=last)
            if not changes:
                return True
            try:
                await self._in_thread(partial(store.write, changes, self._wall()))
            except Exception as exc:
                store.not_written(changes)
                if isinstance(exc, store.failure):
                    logger.error(  # noqa: TRY400  a full disk is no fault of ours
                        "sessions of clients cannot be kept on disk",
                        extra={"reason": str(exc)},
                    )
                else:
                    logger.exception("sessions of clients cannot be kept on disk")
                return False
            store.written(changes)
            return True
