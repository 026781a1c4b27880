"""A whole service in this process, for tests."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from hiq.service import Service
from hiq.settings import (
    HomeAssistantSettings,
    HttpSettings,
    JournalSettings,
    MonitorSettings,
    Settings,
    SinkSettings,
)
from hiq.simulate.server import Simulator
from hiq.sink.base import Batch, Check, Done, Outcome

DEADLINE_S = 20.0
STORE = SinkSettings(name="store", type="sqlite", path="store.db")


def settings_for(home: Simulator | None, folder: Path, **changes: Any) -> Settings:
    """Settings of a service for a simulated home, on a free port."""
    url = "http://127.0.0.1:9" if home is None else home.url
    token = "x" * 40 if home is None else home.token
    base = Settings(
        home_assistant=HomeAssistantSettings(url=url, token=token),
        sinks=(STORE,),
        journal=JournalSettings(commit=0.01, min_free_bytes=0),
        http=HttpSettings(port=0),
        monitor=MonitorSettings(interval=0.1),
        data_dir=folder,
    )
    return msgspec.structs.replace(base, **changes)


async def until(what: str, check: Callable[[], object]) -> None:
    """Look until something is so; fail by name at the deadline."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not check():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None


class Running:
    """A service that runs, and what it returned."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        **environment: str,
    ) -> None:
        self.service = Service(settings, clock=clock, environment=environment)
        self.stats = self.service.stats
        self.status: int | None = None

    async def run(self) -> None:
        """Run to the end."""
        self.status = await self.service.run()

    async def get(self, path: str) -> tuple[int, Any]:
        """Ask it over HTTP."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.service.url}{path}") as answer,
        ):
            return answer.status, await answer.json()

    async def raw(self, path: str) -> bytes:
        """Ask for bytes."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.service.url}{path}") as answer,
        ):
            return await answer.read()

    def conserved(self) -> None:
        """Hold it to its counters: they added up at every look, and do at the end."""
        stats = self.stats
        sinks = {one.name: stats.sink_imbalance(one) for one in stats.sinks.values()}
        assert (stats.imbalance(), any(sinks.values())) == (0, False), sinks
        assert "conservation" not in self.service.oversight.alerts.raised

    async def subscribed(self) -> None:
        """Wait until every change of the home comes, and the states at connect have."""
        ha = self.stats.ha
        await until("subscribed", lambda: ha.subscribed and self.stats.snapshot_states)

    async def settled(self) -> None:
        """Wait until everything received is in every sink."""
        await until(
            "everything is delivered",
            lambda: (
                self.stats.received
                and not self.stats.buffered
                and not any(sink.pending for sink in self.stats.sinks.values())
            ),
        )


@asynccontextmanager
async def running(
    settings: Settings, clock: Callable[[], float] = time.time, **environment: str
) -> AsyncIterator[Running]:
    """Run a service around a test; it is stopped in order at the end."""
    it = Running(settings, clock, **environment)
    async with asyncio.TaskGroup() as group:
        group.create_task(it.run())
        try:
            await until("started", it.service.started.is_set)
            yield it
        finally:
            it.service.stop()
    it.conserved()


def stored(folder: Path) -> set[tuple[str, int]]:
    """Entity and nanoseconds of every point in the store."""
    database = sqlite3.connect(folder / "store.db")
    try:
        query = "SELECT DISTINCT entity_id, time_ns FROM points"
        return set(database.execute(query))
    finally:
        database.close()


def sent(home: Simulator) -> set[tuple[str, int]]:
    """Entity and nanoseconds of every state of the home that makes a point."""
    return {
        (fired.entity_id, fired.updated_us * 1000)
        for fired in home.fired
        if fired.state not in {"unknown", "unavailable", ""}
    }


class StubbornSink:
    """A database that takes nothing and lets nobody go; and one that fails once."""

    joins_members = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.starts = 0
        self.fail = 0
        self.closed = False
        self.hang = asyncio.Event()
        self.hang.set()
        self.written = 0
        self.asked = 0

    async def start(self) -> None:
        """Fail as often as asked for."""
        self.starts += 1
        if self.fail:
            self.fail -= 1
            raise RuntimeError("a fault of the sink")

    async def write(self, batch: Batch) -> Outcome:
        """Wait until it may go on."""
        self.asked += 1
        await self.hang.wait()
        self.written += batch.points
        return Done()

    async def check(self) -> list[Check]:
        """Not asked for here."""
        return []

    async def close(self) -> None:
        """Remember it."""
        self.closed = True
