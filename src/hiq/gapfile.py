"""The file of the ledger of gaps: read at start, replaced after each change.

`<data folder>/gaps.json` is always whole, old or new. A disk that cannot be written
is tried again and never stops anything. It does not know what the gaps mean.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING

from hiq.backoff import delays, wait
from hiq.journal.files import Files

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from hiq.gaps import Ledger

__all__ = ["NAME", "GapFile"]

logger = logging.getLogger("hiq.gaps")

NAME = "gaps.json"
QUIET_S = 0.2
"""Changes so shortly after another share one write."""


class GapFile:
    """Keeps one ledger in one file.

    - After `load`: the ledger holds what the file held, and changes are noticed.
    - `run` never ends by itself; after `await flush()` all changes are on the disk,
      or the log says why not.
    """

    def __init__(
        self,
        ledger: Ledger,
        path: Path,
        *,
        executor: Executor | None = None,
        files: Files | None = None,
    ) -> None:
        self._ledger = ledger
        self._path = path
        self._executor = executor
        self._files = files or Files()
        self._changed = asyncio.Event()
        self._writing = threading.Lock()
        self._failing = False

    async def load(self) -> None:
        """Read the file. One that is no ledger is set aside, not lost."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._load)
        self._ledger.changed = lambda: loop.call_soon_threadsafe(self._changed.set)

    async def run(self) -> None:
        """Write after each change, for ever."""
        pauses = delays()
        while True:
            await self._changed.wait()
            await asyncio.sleep(QUIET_S)
            if await self.flush():
                pauses = delays()
            else:
                await wait(asyncio.Event(), next(pauses))
                self._changed.set()

    async def flush(self) -> bool:
        """Write what has changed; return whether the file is up to date."""
        if not self._changed.is_set():
            return True
        self._changed.clear()
        data = self._ledger.encode()
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._executor, self._write, data)
        except asyncio.CancelledError:
            self._changed.set()  # it may not have begun, or fail
            raise
        except OSError as exc:
            self._changed.set()
            if not self._failing:
                logger.warning(
                    "the ledger of gaps cannot be written",
                    extra={"file": str(self._path), "reason": str(exc)},
                )
            self._failing = True
            return False
        self._failing = False
        return True

    def _load(self) -> None:
        try:
            self._ledger.restore(self._path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValueError) as exc:
            logger.warning(
                "the ledger of gaps cannot be read; it begins anew",
                extra={"file": str(self._path), "reason": str(exc)},
            )
            if not isinstance(exc, OSError):
                self._path.replace(self._path.with_suffix(".bad"))

    def _write(self, data: bytes) -> None:
        with self._writing:  # a write that was given up may still be under way
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._files.replace(self._path, data, sync=True)
