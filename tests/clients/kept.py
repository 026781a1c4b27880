"""A store of sessions and documents with its hub, for tests of what is kept."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hiq.clients.hub import Hub
from hiq.clients.principal import EVERYTHING
from hiq.clients.rules import Rules
from hiq.clients.store import Store
from tests.clients.talk import Time

FULL = sqlite3.OperationalError("database or disk is full")


async def in_thread(work: Callable[[], Any]) -> Any:
    """Do it in a thread."""
    return await asyncio.to_thread(work)


class Kept:
    """A store that was opened, and its hub."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.path = folder / "clients.db"
        self.store = Store(self.path, Rules(), Time().clocks, durable=durable)
        self.key = self.store.open()
        fresh = iter(range(10**6))
        self.hub = Hub(
            Rules(), self.key, lambda: f"{next(fresh):032x}", keeper=self.store
        )
        self.store.restore(self.hub)

    def write(self, sub: str, number: int) -> None:
        """Let a user write the document."""
        user = self.hub.user(sub)
        assert user.document.replace(user.document.version, {"n": number}) is None
        self.hub.written_document(user, [], "c")

    def session(self, sub: str) -> str:
        """Open a session; return its id."""
        session = self.hub.sessions.open(sub, EVERYTHING, 1000.0)
        self.hub.changed(session)
        return session.id

    def flush(self) -> None:
        """Write, without a loop."""
        changes = self.store.take()
        self.store.write(changes, 0.0)
        self.store.written(changes)

    def documents(self) -> dict[str, Any]:
        """Return what the disk has."""
        database = sqlite3.connect(self.path)
        try:
            return dict(database.execute("SELECT sub, version FROM documents"))
        finally:
            database.close()
