"""Faults between the socket and the database: L01-L03, L14, L18, L25, L41."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from hiq import appending as appending_module
from hiq import deliveries
from hiq.settings import JournalSettings
from hiq.simulate.link import Limits
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.e2e.process import HiqServe
from tests.e2e.process import until as asked_until
from tests.fake_influx import FakeInflux
from tests.faults.databases import influx_settings, points, refuse
from tests.serving import (
    StubbornSink,
    running,
    sent,
    settings_for,
    stored,
    until,
)


async def test_L01_write_errors_are_seen_and_repaired(
    simulator: Simulator, tmp_path: Path
) -> None:
    """503 to every write: retried, journaled, degraded; afterwards all is stored once."""
    async with FakeInflux(2) as influx:
        refuse(influx)
        async with running(influx_settings(simulator, tmp_path, influx)) as it:
            await until("subscribed", lambda: it.stats.snapshot_states)
            simulator.fire(200)
            sink = it.stats.sinks["influxdb"]
            await until("retried", lambda: sink.retries >= 2 and sink.pending > 200)
            code, health = await it.get("/health")
            assert (code, health["status"]) == (200, "degraded")
            assert "503" in str(health["reasons"])
            assert influx.lines == []
            influx.script.clear()
            await it.settled()
            assert (await it.get("/health"))[1]["status"] == "healthy"
        found = points(influx)
    assert set(found) == sent(simulator)
    assert len(found) == len(set(found))


async def test_L02_a_burst_is_not_cut_off(tmp_path: Path) -> None:
    """3,000 at once and 20,000 more, as fast as they are taken: none is missing."""
    limits = Limits(most=100_000, peak=100_000)
    home = Simulator(World(entities=500, seed=2), limits=limits)
    await home.start()
    try:
        async with running(settings_for(home, tmp_path)) as it:
            await until("subscribed", lambda: it.stats.snapshot_states)
            for count in (3_000, 20_000):
                home.fire(count)
                await home.room(0)
            await until("received", lambda: it.stats.received >= 23_500)
            await it.settled()
            assert it.stats.received == 23_500
            assert it.stats.rejected == it.stats.filtered == 0
        assert stored(tmp_path) == sent(home)
    finally:
        await home.stop()


async def test_L03_a_stop_loses_nothing(simulator: Simulator, tmp_path: Path) -> None:
    """90 events and the stop, none written yet: all are stored within ten seconds."""
    slow = JournalSettings(commit=600.0, min_free_bytes=0)
    settings = settings_for(simulator, tmp_path, journal=slow)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(90)
        await until("received", lambda: it.stats.received == 150)
        assert (it.stats.buffered, it.stats.accepted) == (150, 0)
        it.service.stop()
        async with asyncio.timeout(10):
            await until("stopped", lambda: it.status is not None)
    assert it.status == 0
    assert stored(tmp_path) == sent(simulator)


async def test_L14_a_database_that_hangs_fills_the_journal_not_the_memory(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it hangs, memory is empty again after each commit and the journal grows."""
    sink = StubbornSink("store")
    monkeypatch.setattr(deliveries, "make", lambda settings, data_dir: sink)
    sink.hang.clear()
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        sizes = [it.stats.journal.bytes]
        for total in range(1_060, 5_061, 1_000):
            simulator.fire(1_000)
            await until("in the journal", lambda n=total: it.stats.received >= n)
            await until("out of the memory", lambda: not it.stats.buffered)
            sizes.append(it.stats.journal.bytes)
        assert it.stats.buffered_bytes == 0
        assert sink.asked == 1  # nothing is read ahead of what the database takes
        assert sizes == sorted(set(sizes))
        assert it.stats.sinks["store"].pending == it.stats.accepted
        sink.hang.set()
        await it.settled()
    assert sink.written == it.stats.accepted == len(sent(simulator))


async def test_L18_one_error_stops_nothing(
    simulator: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An encoder that raises once is counted and told; that event is kept, the next comes."""
    broken = [True]
    compress = appending_module.compress

    def fragile(data: Any) -> bytes:
        if broken:
            broken.clear()
            raise RuntimeError("the encoder broke")
        return compress(data)

    monkeypatch.setattr(appending_module, "compress", fragile)
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("told", lambda: not broken)
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(10)
        await until("received", lambda: it.stats.received == 70)
        await it.settled()
        assert it.stats.imbalance() == 0
        assert it.stats.errors == {"pump": 1}
        assert it.stats.journal.writable
    reasons = [vars(record).get("reason", "") for record in caplog.records]
    assert sum("the encoder broke" in str(reason) for reason in reasons) == 1
    assert stored(tmp_path) == sent(simulator)


IMPATIENT = """
from hiq.repair import edge, repairer
repairer.TICK_S, repairer.QUIET_S, edge.POLL_S = 0.05, 0.5, 0.05
from hiq.cli import main
main()
"""
STORE = "sinks:\n- name: store\n  type: sqlite\n  path: {}\njournal:\n  commit: 20ms\n"


async def test_L25_what_is_journaled_survives_a_kill(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Killed under load with the database away: each journaled event comes later."""
    folder = tmp_path / "hiq"
    folder.mkdir()
    path = folder / "away" / "store.db"
    path.parent.write_text("in the way")
    hiq = HiqServe(
        folder, STORE.format(path), HA_HTTP_URL=simulator.url, HA_TOKEN=simulator.token
    )
    try:
        await asyncio.to_thread(hiq.start)
        simulator.rate = 1_000
        loaded = lambda: hiq.status()["accepted"] > 500  # noqa: E731
        await asyncio.to_thread(asked_until, "load", loaded)
        accepted = (await asyncio.to_thread(hiq.status))["accepted"]
        hiq.kill()
        simulator.rate = 0
        path.parent.unlink()
        path.parent.mkdir()
        await asyncio.to_thread(hiq.start)

        def delivered() -> bool:
            (sink,) = hiq.status()["sinks"].values()
            return bool(sink["carried"] and not sink["pending"])

        await asyncio.to_thread(asked_until, "delivered", delivered)
        (sink,) = (await asyncio.to_thread(hiq.status))["sinks"].values()
        assert sink["carried"] >= accepted
        assert (await asyncio.to_thread(hiq.terminate))[0] == 0
    finally:
        hiq.kill()
    found = stored(path.parent)
    assert len(found) >= accepted
    assert found <= sent(simulator)


class ImpatientHiq(HiqServe):
    """Does not wait as long for the recorder as a real one may need."""

    def command(self) -> list[str]:
        """Return the command."""
        config = ("--config", str(self.config))
        return [sys.executable, "-c", IMPATIENT, "serve", *config]


async def test_L41_killed_at_any_time_nothing_is_missing_in_the_end(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Killed twice under load: what it had not read comes from the recorder."""
    folder = tmp_path / "hiq"
    folder.mkdir()
    path = folder / "store.db"
    hiq = ImpatientHiq(
        folder, STORE.format(path), HA_HTTP_URL=simulator.url, HA_TOKEN=simulator.token
    )
    try:
        await asyncio.to_thread(hiq.start)
        for _ in range(2):
            simulator.rate = 1_000
            loaded = lambda: hiq.status()["accepted"] > 300  # noqa: E731
            await asyncio.to_thread(asked_until, "load", loaded)
            hiq.kill()
            simulator.rate = 0
            simulator.fire(50)
            await asyncio.to_thread(hiq.start)
        wanted = sent(simulator)

        def complete() -> bool:
            return bool(wanted <= stored(folder))

        await asyncio.to_thread(asked_until, "all is there", complete)
        assert (await asyncio.to_thread(hiq.terminate))[0] == 0
    finally:
        hiq.kill()
    assert stored(folder) == wanted
