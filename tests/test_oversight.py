"""Show of the monitor: silent failures injected into a whole service, each told once.

Times are shortened by settings; what takes minutes is shown with a clock by hand in
tests/assure.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hiq import deliveries, readback
from hiq.errors import SinkUnreadable
from hiq.settings import JournalSettings, MonitorSettings, SinkSettings
from hiq.simulate.server import Simulator
from tests.fake_influx import FakeInflux, Fault
from tests.overseeing import QUICK, book, over, quick, told
from tests.serving import Running, StubbornSink, running, until

HURRIED = {"ha_silent", "entity_silent", "stuck"}
"""With times that short, a machine that stands still for a moment raises them, too."""


def unhurried(it: Running) -> tuple[list[str], list[str]]:
    """The same without those of `HURRIED`."""
    active, history = (
        [key for key in keys if key.partition(":")[0] not in HURRIED]
        for keys in book(it)
    )
    return active, history


async def test_a_mute_home(simulator: Simulator, tmp_path: Path) -> None:
    """Connected, answers, sends nothing: told; over with the next event."""
    simulator.rate = 200
    async with running(quick(simulator, tmp_path)) as it:
        await until("a rhythm is learned", lambda: it.stats.received > 300)
        simulator.mute = True
        await told(it, "ha_silent")
        code, health = await it.get("/health")
        assert (code, health["status"]) == (200, "degraded")
        assert health["alerts"]["kinds"]["ha_silent"] == 1
        assert "sensor." not in json.dumps(health["alerts"])
        simulator.mute = False
        await over(it, "ha_silent")


async def test_an_entity_that_falls_silent(
    simulator: Simulator, tmp_path: Path
) -> None:
    """By its own rhythm; the others go on, and are not told."""
    names = ("sensor.steady_a", "sensor.steady_b")
    quiet: set[str] = set()

    async def beat() -> None:
        number = 0
        while True:
            number += 1
            for name in names:
                if name not in quiet:
                    simulator.set(name, str(number))
            await asyncio.sleep(0.02)

    async with running(quick(simulator, tmp_path)) as it, asyncio.TaskGroup() as group:
        beating = group.create_task(beat())
        await until("a rhythm is learned", lambda: it.stats.received > 400)
        quiet.add(names[0])
        key = f"entity_silent:{names[0]}"
        await told(it, key)
        assert [one for one in book(it)[0] if one.startswith("entity_silent")] == [key]
        quiet.clear()
        await over(it, key)
        beating.cancel()


async def test_an_entity_that_is_removed_is_not_silent(
    simulator: Simulator, tmp_path: Path
) -> None:
    """It is no longer among the states, so nobody waits for it."""
    name = "sensor.steady"
    beating = True

    async def beat() -> None:
        number = 0
        while beating:
            number += 1
            simulator.set(name, str(number))
            simulator.set("sensor.other", str(number))
            await asyncio.sleep(0.02)

    monitor = msgspec.structs.replace(QUICK, compare=0.1, entity_silent=1.0)
    settings = quick(simulator, tmp_path, monitor=monitor)
    async with running(settings) as it, asyncio.TaskGroup() as group:
        task = group.create_task(beat())
        await until("a rhythm is learned", lambda: it.stats.received > 300)
        beating = False
        await task
        simulator.remove(name)
        await told(it, "entity_silent:sensor.other")
        assert f"entity_silent:{name}" not in it.service.oversight.alerts.raised
        assert f"entity_silent:{name}" not in it.service.oversight.alerts


async def test_states_that_changed_without_an_event(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Home Assistant knows better than what came: told; over when events come again."""
    name = "sensor.a"
    monitor = msgspec.structs.replace(QUICK, compare=0.1, ha_silent=60.0)
    async with running(quick(simulator, tmp_path, monitor=monitor)) as it:
        comparison = it.service.oversight.comparison
        await until("events come", lambda: it.stats.ha.subscribed)
        await until("the states were read", lambda: it.stats.snapshot_states)
        simulator.set(name, "1")
        await until("it is compared", lambda: comparison.compared)
        assert unhurried(it) == ([], [])
        simulator.mute = True
        simulator.set(name, "lost")
        simulator.mute = False
        await told(it, "ha_behind")
        simulator.set(name, "arrived")
        await over(it, "ha_behind")


async def test_a_database_that_says_204_and_stores_nothing(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Points that were confirmed are looked for; over when they are found again."""
    async with FakeInflux(2) as server:
        sink = SinkSettings(
            name="db",
            type="influxdb2",
            url=server.url,
            token=server.token,
            linger=0.02,
            bucket="hiq",
            org="home",
        )
        simulator.rate = 30
        async with running(quick(simulator, tmp_path, sinks=(sink,))) as it:
            readers = it.service.oversight.readers
            await until("points were looked for", lambda: readers["db"].checked >= 2)
            assert unhurried(it) == ([], [])
            server.script.extend(Fault(status=204) for _ in range(10_000))
            await told(it, "sink_not_storing:db")
            server.script.clear()
            await over(it, "sink_not_storing:db")


async def test_a_database_that_may_not_be_read_is_no_alert(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that may only write is a choice; it is shown that nothing is checked."""
    make = readback.make_reader

    def refuse(*_args: Any, **_options: Any) -> Any:
        raise SinkUnreadable("store", "status 403: write only")

    monkeypatch.setattr(readback, "make_reader", refuse)
    simulator.rate = 100
    async with running(quick(simulator, tmp_path)) as it:
        reader = it.service.oversight.readers["store"]
        await until("it cannot be read", lambda: reader.unreadable)
        document = (await it.get("/api/v1/alerts"))[1]
        assert "write only" in document["read_back"]["store"]["unreadable"]
        monkeypatch.setattr(readback, "make_reader", make)
        await until("points were looked for", lambda: reader.checked)
        assert (reader.unreadable, unhurried(it)) == ("", ([], []))


async def test_a_part_that_lies(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sink that says it is well and hangs: its counter stands still."""
    sink = StubbornSink("store")
    monkeypatch.setattr(deliveries, "make", lambda settings, data_dir: sink)
    settings = quick(
        simulator,
        tmp_path,
        sinks=(
            SinkSettings(
                name="store", type="sqlite", path="s.db", timeout=0.2, linger=0.0
            ),
        ),
        monitor=MonitorSettings(interval=0.05, read_back=0.0),
    )
    async with running(settings) as it:
        sink.hang.clear()
        simulator.fire(10)
        await told(it, "stuck:sink store")
        document = (await it.get("/api/v1/alerts"))[1]
        assert document["components"]["sink store"]["status"] == "discrepancy"
        assert document["report"]["discrepancies"] == ["stuck:sink store"]
        sink.hang.set()
        await over(it, "stuck:sink store")


async def test_a_part_that_dies(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by its name until it runs again."""
    sink = StubbornSink("store")
    sink.fail = 1
    monkeypatch.setattr(deliveries, "make", lambda settings, data_dir: sink)
    monitor = MonitorSettings(interval=0.05, read_back=0.0)
    async with running(quick(simulator, tmp_path, monitor=monitor)) as it:
        await told(it, "task_down:sink store")
        await over(it, "task_down:sink store")


async def test_counters_that_do_not_add_up(
    simulator: Simulator, tmp_path: Path
) -> None:
    """One event too many in one counter is critical, until it is right again."""
    async with running(quick(simulator, tmp_path)) as it:
        await it.settled()
        it.stats.filtered += 1
        await told(it, "conservation")
        assert (await it.get("/health"))[0] == 503
        it.stats.filtered -= 1
        await over(it, "conservation")
        del it.service.oversight.alerts.raised["conservation"]  # it was ours


async def test_a_clock_that_is_wrong(tmp_path: Path) -> None:
    """The latency of every event is wrong by the same: told as that, and no other."""
    import time  # noqa: PLC0415

    from hiq.simulate.world import World  # noqa: PLC0415

    home = Simulator(
        World(entities=20, seed=2), rate=200, clock=lambda: time.time() - 60
    )
    await home.start()
    try:
        async with running(quick(home, tmp_path)) as it:
            await told(it, "clock_skew")
            assert unhurried(it) == (["clock_skew"], [])
    finally:
        await home.stop()


async def test_a_healthy_run_with_faults_on_the_way_raises_nothing_false(
    simulator: Simulator, tmp_path: Path
) -> None:
    """A cut connection is repaired, and is no alert of this kind."""
    simulator.rate = 200
    # Longer than a busy machine stands still, and than it takes to connect again.
    monitor = msgspec.structs.replace(QUICK, ha_silent=10.0, entity_silent=10.0)
    journal = JournalSettings(commit=0.02)
    settings = quick(simulator, tmp_path, monitor=monitor, journal=journal)
    async with running(settings) as it:
        await until("events", lambda: it.stats.received > 200)
        simulator.drop()
        await until("it is back", lambda: it.stats.ha.connects > 1)
        seen = it.stats.received
        await until("events", lambda: it.stats.received > seen + 200)
        assert unhurried(it) == ([], [])
        metrics = (await it.raw("/metrics")).decode()
    assert 'hiq_alerts_raised_total{kind="ha_silent"} 0.0' in metrics
    assert 'hiq_latency_seconds_count{stage="journal"}' in metrics
    assert 'hiq_latency_seconds_count{stage="store"}' in metrics


async def test_switched_off_nothing_is_watched(
    simulator: Simulator, tmp_path: Path
) -> None:
    """And nothing stands between the parts."""
    settings = quick(
        simulator, tmp_path, monitor=MonitorSettings(enabled=False, interval=0.05)
    )
    async with running(settings) as it:
        simulator.fire(10)
        await it.settled()
        document = (await it.get("/api/v1/alerts"))[1]
        assert (document["checks"], document["latency"]) == ({}, {})
