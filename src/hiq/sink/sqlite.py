"""The embedded store as a sink: the default when no database is configured.

It gives the `Store` its one thread, opens the batch (the rare sink that must), and
turns what SQLite says into an outcome. What can heal (locked, disk full, I/O error)
is a Retry; what needs somebody (damaged, no permission, foreign file) is a Hold.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from hiq.errors import StoreError
from hiq.sink.base import Batch, Check, Done, Hold, Outcome, Refused, Retry
from hiq.sink.decode import LineError
from hiq.sink.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hiq.settings.schema import SinkSettings

__all__ = ["SqliteSink", "classify"]

T = TypeVar("T")

_MENDING = (
    "the store is damaged: stop hiq, copy the file away, then try "
    "`sqlite3 OLD .recover | sqlite3 NEW`; hiq makes a new store when the file is gone"
)
_NEEDS_USER = {
    sqlite3.SQLITE_CORRUPT: _MENDING,
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database: set another `path`",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened: check folder and owner",
    sqlite3.SQLITE_READONLY: "the file cannot be written: check owner and mount",
    sqlite3.SQLITE_PERM: "the file cannot be written: check its permissions",
    sqlite3.SQLITE_AUTH: "the file cannot be written: check its permissions",
    sqlite3.SQLITE_ERROR: "the tables are not as hiq made them: use another `path`",
}


def classify(exc: Exception) -> Outcome:
    """Say what a failed write means; pure.

    Codes: https://sqlite.org/rescode.html; the low byte is the primary code.
    """
    reason = f"{type(exc).__name__}: {exc}" if not str(exc) else str(exc)
    if isinstance(exc, LineError | zlib.error):
        return Refused(reason)
    if isinstance(exc, StoreError):
        return Hold(reason, "set another `path` for this sink, or upgrade hiq")
    if isinstance(exc, PermissionError):
        return Hold(reason, "give the user that runs hiq the folder of the store")
    if isinstance(exc, sqlite3.DataError | OverflowError):
        return Refused(reason)
    code = getattr(exc, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary == sqlite3.SQLITE_TOOBIG:
        return Refused(reason)
    if primary in _NEEDS_USER:
        return Hold(reason, _NEEDS_USER[primary])
    return Retry(reason, sent=False)


class SqliteSink:
    """The store in one file; implements `hiq.sink.base.Sink`.

    After calling `start`: the file exists if it could be made; if not, the first
    write says why. A write that outlasts its deadline goes on in the thread, and
    the batch is sent again: the same rows.
    """

    joins_members = True

    def __init__(
        self,
        settings: SinkSettings,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = Store(
            path,
            retention_s=settings.retention,
            max_bytes=settings.max_bytes,
            clock=clock,
        )
        self._thread: ThreadPoolExecutor | None = None

    @property
    def name(self) -> str:
        """Name given in the settings."""
        return self._settings.name

    @property
    def path(self) -> Path:
        """The file."""
        return self._store.path

    async def start(self) -> None:
        """Open or make the file; a failure is left to the first write."""
        try:
            await self._run(self._store.open)
        except (sqlite3.Error, StoreError, OSError):
            return

    async def write(self, batch: Batch) -> Outcome:
        """Store one batch in one transaction, fsynced."""
        try:
            await self._run(lambda: self._store.write(batch.lines()))
        except TimeoutError:
            return Retry(f"the disk took more than {self._settings.timeout:g} s")
        except (sqlite3.Error, StoreError, OSError, ValueError, zlib.error) as exc:
            outcome = classify(exc)
            if not isinstance(outcome, Refused):
                await self._reopen()
            return outcome
        return Done()

    async def check(self) -> list[Check]:
        """Write one point to the measurement `hiq_check` and read it back."""
        stamp = int(self._clock() * 1000) * 10**6
        line = f"hiq_check,source=hiq value=1 {stamp}\n".encode()
        try:
            await self._run(lambda: self._store.write(line))
            found = await self._run(lambda: self._holds(stamp))
        except (sqlite3.Error, StoreError, OSError) as exc:
            outcome = classify(exc)
            advice = outcome.advice if isinstance(outcome, Hold) else "try again"
            detail = f"{self.path}: {exc}"
            return [Check("write", ok=False, detail=detail, advice=advice)]
        return [
            Check("write", ok=True, detail=f"one point in {self.path}"),
            Check(
                "read back",
                ok=found,
                detail="the point is there" if found else "the point is not there",
                advice="" if found else "is the clock right, or the retention short?",
            ),
        ]

    async def close(self) -> None:
        """Close the file and end the thread, at most `timeout` seconds."""
        thread = self._thread
        if thread is None:
            return
        idle = False
        try:
            await self._run(self._store.close)
            idle = True
        except (sqlite3.Error, OSError):  # TimeoutError is one
            pass
        finally:
            self._thread = None
            thread.shutdown(wait=idle, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        """Do the work in the store's thread; TimeoutError after `timeout` seconds."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="hiq-store")
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._settings.timeout):
            return await loop.run_in_executor(self._thread, work)

    async def _reopen(self) -> None:
        """Let the next write open the file anew: the user may have replaced it."""
        try:
            await self._run(self._store.close)
        except (sqlite3.Error, OSError):
            return

    def _holds(self, stamp: int) -> bool:
        query = "SELECT 1 FROM points WHERE measurement = 'hiq_check' AND time_ns = ?"
        return self._store.open().execute(query, (stamp,)).fetchone() is not None
