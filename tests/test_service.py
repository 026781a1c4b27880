"""The whole service in this process, against the simulated home."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import pytest

from hiq import deliveries
from hiq.settings import (
    HomeAssistantSettings,
    JournalSettings,
    SinkSettings,
)
from hiq.simulate.server import Simulator
from tests.serving import (
    DEADLINE_S,
    STORE,
    Running,
    StubbornSink,
    running,
    sent,
    settings_for,
    stored,
    until,
)


@pytest.fixture
def stubborn(monkeypatch: pytest.MonkeyPatch) -> StubbornSink:
    """Make every service use this sink."""
    sink = StubbornSink("store")
    monkeypatch.setattr(deliveries, "make", lambda settings, data_dir: sink)
    return sink


async def test_every_event_reaches_the_store(
    simulator: Simulator, tmp_path: Path
) -> None:
    """States at connect and all changes are in the store, and the counters add up."""
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(500)
        await until("received", lambda: it.stats.received >= 560)
        await it.settled()
        assert (await it.get("/readyz"))[0] == 200
        code, health = await it.get("/health")
        assert (code, health["status"]) == (200, "healthy"), health["reasons"]
        assert health["sinks"]["store"]["written"] == it.stats.accepted
        assert b"hiq_resident_memory_bytes" in await it.raw("/metrics")
    assert it.status == 0
    assert stored(tmp_path) == sent(simulator)
    assert it.stats.imbalance() == 0


async def test_home_assistant_may_come_later(
    simulator: Simulator, tmp_path: Path
) -> None:
    """A Home Assistant that is down at the start is a state, not a failure."""
    await simulator.down()
    async with running(settings_for(simulator, tmp_path)) as it:
        code, answer = await it.get("/readyz")
        assert code == 503
        assert "not connected to Home Assistant" in answer["reasons"][0]
        assert (await it.get("/livez"))[0] == 200
        await simulator.up()
        await until("subscribed", lambda: it.stats.ha.subscribed)
        assert (await it.get("/readyz"))[0] == 200
    assert it.status == 0


async def test_stop_under_load_keeps_everything(
    simulator: Simulator, tmp_path: Path
) -> None:
    """What was received when the stop came is stored; a new run has nothing to do."""
    settings = settings_for(simulator, tmp_path)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(400)
        await until("some came", lambda: it.stats.received > 60)
    assert it.status == 0
    assert it.stats.buffered == 0
    assert it.stats.sinks["store"].written == it.stats.accepted
    assert len(stored(tmp_path)) == it.stats.accepted - it.stats.duplicate


async def test_a_database_that_is_away_gets_it_later(
    simulator: Simulator, tmp_path: Path
) -> None:
    """The stop does not wait for a dead database; the next run delivers the rest."""
    away = tmp_path / "away"
    away.write_text("in the way")
    bad = SinkSettings(name="store", type="sqlite", path="away/store.db")
    first = settings_for(simulator, tmp_path, sinks=(bad,))
    async with running(first) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(100)
        sink = it.stats.sinks["store"]
        await until("all waits", lambda: sink.pending == it.stats.accepted > 100)
        await until("it is told", lambda: sink.state != "idle")
        code, health = await it.get("/health")
        assert (code, health["status"]) == (200, "degraded")
        assert (await it.get("/readyz"))[0] == 200
    assert it.status == 0
    left = sink.pending
    assert left > 100

    async with running(settings_for(None, tmp_path)) as again:
        sink = again.stats.sinks["store"]
        assert sink.carried == left
        await until("delivered", lambda: sink.pending == 0)
        assert (await again.get("/health"))[1]["counters"]["imbalance"] == 0
    assert stored(tmp_path) == sent(simulator)


async def test_a_full_journal_is_told_and_loses_nothing(
    simulator: Simulator, tmp_path: Path, stubborn: StubbornSink
) -> None:
    """With database and journal stuck it is not ready; what came waits in memory."""
    stubborn.hang.clear()
    journal = JournalSettings(commit=0.01, min_free_bytes=0, max_bytes=60_000)
    async with running(settings_for(simulator, tmp_path, journal=journal)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        while it.stats.journal.writable:  # record after record, each far below the cap
            before = it.stats.accepted
            simulator.fire(50)
            await until(
                "taken, or full",
                lambda b=before: it.stats.accepted > b or not it.stats.journal.writable,
            )
        code, answer = await it.get("/readyz")
        assert code == 503
        assert "journal" in answer["reasons"][0]
        assert "full" in answer["reasons"][0]
        assert (await it.get("/health"))[0] == 503
        stubborn.hang.set()
        await until("writable again", lambda: it.stats.journal.writable)
        fired = simulator.fired_total
        await until("all has come", lambda: it.stats.received >= fired)
        await it.settled()
        assert (await it.get("/readyz"))[0] == 200
    assert stubborn.written == it.stats.accepted
    assert it.stats.imbalance() == 0


async def test_two_sinks_are_independent(simulator: Simulator, tmp_path: Path) -> None:
    """A sink that is down does not hold up the other one."""
    (tmp_path / "away").write_text("in the way")
    bad = SinkSettings(name="bad", type="sqlite", path="away/store.db")
    async with running(settings_for(simulator, tmp_path, sinks=(bad, STORE))) as it:
        good = it.stats.sinks["store"]
        await until("written", lambda: good.written == it.stats.accepted >= 60)
        assert it.stats.sinks["bad"].pending == good.written


async def test_what_is_loaded_is_told(simulator: Simulator, tmp_path: Path) -> None:
    """Once everything runs, and again when the first client has made it load HTTP."""
    it = Running(settings_for(simulator, tmp_path))
    loaded: list[bool] = []
    it.service.loaded = lambda: loaded.append(it.service.started.is_set())
    task = asyncio.create_task(it.run())
    async with asyncio.timeout(DEADLINE_S):
        await it.service.started.wait()
    assert loaded == [False]
    assert (await it.get("/livez"))[0] == 200
    assert loaded == [False, True]
    it.service.stop()
    await task


async def test_a_part_that_fails_is_restarted(
    simulator: Simulator, tmp_path: Path, stubborn: StubbornSink
) -> None:
    """A fault in a part makes health unhealthy until it runs again."""
    stubborn.fail = 1
    async with running(settings_for(simulator, tmp_path)) as it:
        code, health = await it.get("/health")
        assert (code, health["status"]) == (503, "unhealthy")
        assert "a fault of the sink" in str(health["reasons"])
        await until("it runs again", lambda: stubborn.written)
        await until("no alert is left", lambda: not it.service.oversight.alerts.active)
        assert it.stats.errors["sink store"] == 1
        assert (await it.get("/health"))[1]["status"] == "healthy"
    assert stubborn.starts == 2
    assert stubborn.closed


async def test_a_second_signal_stops_at_once(
    simulator: Simulator, tmp_path: Path, stubborn: StubbornSink
) -> None:
    """While the first stop waits for a database, a second signal ends it."""
    stubborn.hang.clear()
    it = Running(settings_for(simulator, tmp_path))
    async with asyncio.TaskGroup() as group:
        group.create_task(it.run())
        await until("all waits", lambda: it.stats.sinks and it.stats.accepted >= 60)
        it.service.on_signal(signal.SIGTERM)
        await until("stopping", lambda: it.stats.ha.state == "DISCONNECTED")
        it.service.on_signal(signal.SIGTERM)
        it.service.on_signal(signal.SIGTERM)
    assert it.status == 128 + signal.SIGTERM
    assert stubborn.closed

    stubborn.hang.set()
    async with running(settings_for(None, tmp_path)) as again:
        sink = again.stats.sinks["store"]
        assert sink.carried >= 60
        await until("nothing was lost", lambda: sink.written == sink.carried)


async def test_a_second_signal_within_the_close_cuts_nothing(
    simulator: Simulator, tmp_path: Path, stubborn: StubbornSink
) -> None:
    """Each step of it is bounded; it saves places and the ledger of gaps."""
    it = Running(settings_for(simulator, tmp_path))
    closing, go_on = asyncio.Event(), asyncio.Event()
    close = stubborn.close

    async def slowly() -> None:
        closing.set()
        await go_on.wait()
        await close()

    stubborn.close = slowly  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as group:
        group.create_task(it.run())
        await until("started", it.service.started.is_set)
        it.service.on_signal(signal.SIGTERM)
        async with asyncio.timeout(DEADLINE_S):
            await closing.wait()
        it.service.on_signal(signal.SIGTERM)
        await asyncio.sleep(0)
        go_on.set()
    assert it.status == 128 + signal.SIGTERM
    assert stubborn.closed
    assert it.service._journal_thread._shutdown


async def test_a_stop_before_the_start_waits_for_nothing(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal during start-up: no delivery has begun, so none is waited for."""
    monkeypatch.setattr("hiq.service.STOP_S", 10 * DEADLINE_S)
    it = Running(settings_for(simulator, tmp_path))
    it.service.on_signal(signal.SIGTERM)
    async with asyncio.timeout(DEADLINE_S):
        await it.run()
    assert it.status == 0
    assert it.stats.imbalance() == 0


async def test_cancelling_closes_everything(
    simulator: Simulator, tmp_path: Path, stubborn: StubbornSink
) -> None:
    """A cancelled service releases port, journal and sinks."""
    it = Running(settings_for(simulator, tmp_path))
    task = asyncio.ensure_future(it.run())
    await until("started", it.service.started.is_set)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stubborn.closed
    async with running(settings_for(simulator, tmp_path)) as again:
        assert (await again.get("/livez"))[0] == 200


async def test_reload_takes_a_new_token(simulator: Simulator, tmp_path: Path) -> None:
    """After a refused token, SIGHUP makes the new one of the file be tried."""
    file = tmp_path / "token"
    file.write_text("y" * 40)
    home = HomeAssistantSettings(url=simulator.url, token_file=str(file))
    async with running(settings_for(simulator, tmp_path, home_assistant=home)) as it:
        await until("refused", lambda: it.stats.ha.auth_failed)
        code, answer = await it.get("/readyz")
        assert code == 503
        assert "refused the token" in answer["reasons"][0]
        assert (await it.get("/health"))[0] == 503
        file.write_text(simulator.token)
        it.service.reload()
        await until("subscribed", lambda: it.stats.ha.subscribed)


async def test_systemd_is_told(simulator: Simulator, tmp_path: Path) -> None:
    """READY when the journal is open, STOPPING at the stop, signs of life between."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = str(tmp_path / "notify")
        manager.bind(path)
        manager.setblocking(False)

        async def told(text: str) -> None:
            async with asyncio.timeout(DEADLINE_S):
                message = await loop.sock_recv(manager, 1000)
            assert message.decode().startswith(text)

        async with running(settings_for(simulator, tmp_path), NOTIFY_SOCKET=path):
            await told("READY=1")
            await told("WATCHDOG=1")
        await told("STOPPING=1")
