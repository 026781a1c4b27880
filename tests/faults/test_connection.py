"""Faults of the connection: L04, L05, L17, L22-L24, L26, L32, L33, L37."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from hiq.errors import ConfigError
from hiq.event_points import MEASUREMENT
from hiq.ha.locate import candidates
from hiq.ha.session import Timing
from hiq.journal.segment import Source
from hiq.repair import edge as edge_module
from hiq.repair import repairer as repairer_module
from hiq.settings import (
    BackfillSettings,
    HomeAssistantSettings,
    HttpSettings,
    Settings,
    load,
)
from hiq.settings.schema import EventsSettings
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from hiq.web.health import checks
from hiq.web.recent import Totals
from tests.ha.home import TOKEN, scripted_home
from tests.ingesting import running as ingesting
from tests.serving import running, sent, settings_for, stored, until


def eager_settings(home: Simulator, folder: Path) -> Settings:
    """Settings of a service that connects again soon."""
    place = HomeAssistantSettings(url=home.url, token=home.token, max_retry_delay=0.1)
    return settings_for(home, folder, home_assistant=place)


DAY = {"HOME": "/nowhere", "XDG_CONFIG_HOME": "/nowhere"}


async def test_L04_each_connection_has_one_subscription(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Five drops: each connection subscribed once, each event is stored once."""
    settings = eager_settings(simulator, tmp_path)
    alone = BackfillSettings(enabled=False)  # it has a connection of its own
    async with running(msgspec.structs.replace(settings, backfill=alone)) as it:
        for times in range(1, 7):
            await until("live", lambda n=times: it.stats.snapshot_states == 60 * n)
            simulator.fire(20)
            await until("taken", lambda n=times: it.stats.received == 80 * n)
            if times < 6:
                simulator.drop()
                await until("cut", lambda n=times: it.stats.ha.reconnects.total() == n)
    assert len(simulator.logs) == 6
    for log in simulator.logs:
        kinds = Counter(
            command.get("event_type")
            for command in log.commands
            if command["type"] == "subscribe_events"
        )
        assert kinds["state_changed"] == 1
        assert set(kinds.values()) == {1}
    assert stored(tmp_path) == sent(simulator)


async def test_L05_home_assistant_down_at_the_start(
    simulator: Simulator, tmp_path: Path
) -> None:
    """It is told with its reason, the longer the worse, and connected when it is up."""
    await simulator.down()
    later_s = 0.0
    started = asyncio.get_running_loop().time

    def clock() -> float:
        return 1_790_000_000.0 + started() + later_s

    async with running(settings_for(simulator, tmp_path), clock) as it:
        for later_s, level, code in (
            (0, "healthy", 200),
            (20, "degraded", 200),
            (70, "unhealthy", 503),
        ):
            status, health = await it.get("/health")
            assert (status, health["status"]) == (code, level)
            (check,) = [c for c in health["checks"] if c["name"] == "home_assistant"]
            assert "not connected to Home Assistant" in check["reason"]
            status, answer = await it.get("/readyz")
            assert status == 503
            assert "not connected" in answer["reasons"][0]
        await simulator.up()
        await until("connected", lambda: it.stats.ha.subscribed)
        assert (await it.get("/readyz"))[0] == 200
        assert (await it.get("/health"))[1]["status"] == "healthy"


async def test_L17_a_half_open_connection_is_found(simulator: Simulator) -> None:
    """A peer that only keeps TCP open is left after 40 seconds at most, and told."""
    usual = Timing()
    assert usual.ping_interval_s + usual.ping_timeout_s <= 40
    timing = Timing(ping_interval_s=0.02, ping_timeout_s=0.5)
    async with ingesting(simulator.url, simulator.token, timing=timing) as run:
        await run.until(lambda: run.stats.snapshot_states == 60)
        await run.until(lambda: run.stats.discovery.refreshes)
        run.stats.ha.ping_s = None
        await run.until(lambda: run.stats.ha.ping_s is not None)
        simulator.freeze()
        await run.until(lambda: run.stats.ha.reconnects["timeout"])
        away = run.stats.ha.disconnected_at
        assert away is not None
        assert "no answer to ping" in run.stats.ha.last_error
        simulator.thaw()
        await run.subscribed(2)
        found = checks(run.stats, away + 20, Totals(), {})
        assert found[0].status == "healthy"
        run.stats.ha.state = "RECONNECTING"  # as it was between the two
        found = checks(run.stats, away + 20, Totals(), {})
        assert found[0].status == "degraded"
        assert "no answer to ping" in found[0].reason
        run.stats.ha.state = "CONNECTED"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://http-proxy.local:8123", "ws://http-proxy.local:8123/api/websocket"),
        ("https://https.lan/http/", "wss://https.lan/http/api/websocket"),
        ("wss://ws.example", "wss://ws.example/api/websocket"),
    ],
)
def test_L22_an_address_is_parsed_not_replaced(given: str, url: str) -> None:
    """Only the scheme is changed, not what looks like one in a name or path."""
    (candidate,) = candidates(HomeAssistantSettings(url=given, token=TOKEN), {})
    assert candidate.url == url


async def test_L23_the_port_is_8001_and_a_websocket_address_is_enough(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but HA_WS_URL and a token: it connects, and serves where it should."""
    monkeypatch.chdir(tmp_path)
    address = simulator.url.replace("http://", "ws://") + "/api/websocket"
    env = {**DAY, "HA_WS_URL": address, "HA_TOKEN": simulator.token}
    settings = load(env=env)
    assert settings.http == HttpSettings()
    assert settings.http.port == 8001
    free = HttpSettings(port=0)
    settings = msgspec.structs.replace(settings, http=free, data_dir=tmp_path)
    async with running(settings) as it:
        await until("connected", lambda: it.stats.snapshot_states == 60)
        assert (await it.get("/livez"))[0] == 200


async def test_L24_drops_follow_the_table_of_states(simulator: Simulator) -> None:
    """Five drops: legal transitions only, one connection at a time, five counted."""
    async with ingesting(simulator.url, simulator.token) as run:
        for times in range(1, 6):
            await run.subscribed(times)
            assert len(simulator.links) == 1
            simulator.drop()
            await run.until(lambda n=times: run.stats.ha.reconnects.total() == n)
        await run.subscribed(6)
        assert len(simulator.links) == 1
    # That every change was legal is asserted wherever a test runs an Ingest.
    changes = Counter((c.old.value, c.new.value) for c in run.ingest.history)
    assert changes["CONNECTED", "RECONNECTING"] == 5
    assert len(simulator.logs) == 6


async def test_L26_what_changed_during_a_gap_is_filled_in(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 entities change while the connection is down: stored, marked as backfill."""
    monkeypatch.setattr(repairer_module, "TICK_S", 0.05)
    monkeypatch.setattr(repairer_module, "QUIET_S", 0.5)
    monkeypatch.setattr(edge_module, "POLL_S", 0.05)
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        await simulator.down()
        for number in range(20):
            for state in ("1", "2"):
                simulator.set(f"sensor.gap_{number}", state)
        await simulator.up()
        await until("filled", lambda: it.stats.gaps.count("repaired") == 1)
        await it.settled()
        (gap,) = (await it.get("/api/v1/gaps"))[1]["gaps"]
        assert gap["state"] == "repaired"
        assert it.stats.backfill.points >= 20
    assert {found for found in sent(simulator) if "gap_" in found[0]} <= stored(
        tmp_path
    )
    assert stored(tmp_path) == sent(simulator)
    assert sources(tmp_path / "journal") >= {Source.LIVE, Source.BACKFILL}


def sources(folder: Path) -> set[Source]:
    """Return where the records of a journal came from."""
    from hiq.journal.segment import scan  # noqa: PLC0415  only here

    return {
        Source(piece.header.source)
        for path in folder.rglob("*.seg")
        for piece in scan(path.read_bytes())
    }


async def test_L32_the_fallback_takes_over_while_running(
    simulator: Simulator, tmp_path: Path
) -> None:
    """The primary dies: events come from the fallback; later the primary is first."""
    fallback = Simulator(World(entities=5, seed=3), token=simulator.token)
    await fallback.start()
    home = HomeAssistantSettings(
        url=simulator.url,
        token=simulator.token,
        max_retry_delay=0.1,
        fallback=HomeAssistantSettings(url=fallback.url, token=fallback.token),
    )
    try:
        async with running(
            settings_for(simulator, tmp_path, home_assistant=home)
        ) as it:
            await until("the primary", lambda: it.stats.snapshot_states == 60)
            await simulator.down()
            await until("the fallback", lambda: it.stats.snapshot_states == 65)
            fallback.set("sensor.of_the_fallback", "7")
            await until("its events", lambda: it.stats.received == 66)
            await simulator.up()
            fallback.drop()
            await until("the primary again", lambda: it.stats.snapshot_states == 125)
            await it.settled()
    finally:
        await fallback.stop()
    assert "sensor.of_the_fallback" in {entity_id for entity_id, _ in stored(tmp_path)}


async def test_L33_no_http_probe_is_needed(tmp_path: Path) -> None:
    """A Home Assistant that speaks nothing but WebSocket is connected."""
    async with scripted_home() as home:
        settings = HomeAssistantSettings(url=home.url, token=TOKEN)
        async with running(settings_for(None, tmp_path, home_assistant=settings)) as it:
            await until("connected", lambda: it.stats.ha.subscribed)
            assert it.stats.ha.failures == 0


async def test_L37_call_service_is_as_home_assistant_nests_it(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Taken beside the states, with domain and service in its data, and stored."""
    types = EventsSettings(types=("call_service",))
    async with running(settings_for(simulator, tmp_path, events=types)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states == 60)
        data = {"domain": "light", "service": "turn_on", "service_data": {}}
        simulator.fire_event("call_service", data)
        await until("taken", lambda: it.stats.extra["events"] == 1)
        simulator.fire(1)
        await until("received", lambda: it.stats.changes == 1)
        await it.settled()
        assert it.stats.rejected == it.stats.bad_frames == 0
        assert it.stats.events_by_type() == {"state_changed": 1, "call_service": 1}
    (log,) = simulator.logs
    assert {"call_service", "state_changed"} <= set(log.subscriptions.values())
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        query = "SELECT tags FROM points WHERE measurement = ?"
        found = {tags for (tags,) in database.execute(query, (MEASUREMENT,))}
    (tags,) = map(json.loads, found)
    assert (tags["domain"], tags["service"]) == ("light", "turn_on")


def test_L38_an_unknown_overflow_strategy_refuses_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named with the words that are known, and not taken for something else."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(env={**DAY, "INFLUXDB_OVERFLOW_STRATEGY": "keep"})
    (problem,) = caught.value.problems
    assert "keep" in problem.message
    assert "drop_oldest" in problem.message
