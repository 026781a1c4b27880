"""Contracts in a whole service: a simulated home, a store, a client."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from hiq import client
from hiq.settings.contracts_shipped import HA_AUTOMATION
from hiq.settings.schema import ContractsSettings
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.assure.making import declared
from tests.serving import Running, running, settings_for, until

QUICK = HA_AUTOMATION.replace("within: 10s", "within: 50ms")
CONTEXT = {"id": "automation-1", "parent_id": None, "user_id": None}


def quick(**changes: Any) -> dict[str, Any]:
    """Return the contract that comes with hiq, with a short patience."""
    text = "- " + QUICK.strip().replace("\n", "\n  ")
    return {**declared(text)[0], **changes}


@asynccontextmanager
async def serving(
    folder: Path, *chains: dict[str, Any], **settings: Any
) -> AsyncIterator[tuple[Simulator, Running]]:
    """Give a home with two lights, one of them unavailable, and a service for it."""
    home = Simulator(World(entities=0, seed=1))
    await home.start()
    home.set("light.good", "off")
    home.set("light.dead", "unavailable")
    contracts = ContractsSettings(chains=chains or (quick(),), **settings)
    try:
        async with running(settings_for(home, folder, contracts=contracts)) as hiq:
            await until("subscribed", lambda: hiq.stats.snapshot_states)
            yield home, hiq
    finally:
        await home.stop()


def fire(home: Simulator, event_type: str, **data: Any) -> None:
    """Fire an event with the context of the automation."""
    event = {
        "event_type": event_type,
        "data": data,
        "origin": "LOCAL",
        "time_fired": datetime.now(UTC).isoformat(),
        "context": CONTEXT,
    }
    home.send(event_type, json.dumps(event).encode())


def automate(home: Simulator, *lights: str) -> None:
    """Run an automation that switches lights on."""
    fire(home, "automation_triggered", name="Evening", entity_id="automation.evening")
    fire(
        home,
        "call_service",
        domain="light",
        service="turn_on",
        service_data={"entity_id": list(lights)},
    )


def figures(hiq: Running) -> dict[str, Any]:
    """Return the counts of the contract."""
    assert hiq.stats.contracts is not None
    return dict(hiq.stats.contracts()["ha_automation"])


async def frame(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next frame of a kind."""
    while True:
        found = dict(json.loads(await socket.recv()))
        if found["type"] == kind:
            return found


async def test_a_light_that_never_answers_is_told_to_everybody(tmp_path: Path) -> None:
    """Client, database, health, metrics and Home Assistant get it, the log once."""
    async with serving(tmp_path, tell="event") as (home, hiq):
        url = f"{hiq.service.url}/ws".replace("http", "ws")
        async with connect(url, subprotocols=["hiq.v1"]) as socket:  # type: ignore[list-item]
            wanted = {"event_types": ["contract_violation"]}
            frame_ = {"type": "subscribe", "id": 1, "filter": wanted}
            await socket.send(json.dumps(frame_))
            await frame(socket, "result")
            automate(home, "light.dead")
            told = await frame(socket, "contract_violation")
        assert told["contract"] == "ha_automation"
        assert told["code"] == "NOT_ANSWERED"
        assert told["correlation"] == "automation-1"
        assert told["seq"] == 1
        words = "light.turn_on was not answered within 0.05 s: light.dead"
        assert told["message"] == f"{words} is unavailable"
        assert len(told["events"]) == 2
        await until("written", lambda: len(points(tmp_path)) == 1)
        assert points(tmp_path)[0] == ("NOT_ANSWERED", told["message"])
        _, health = await hiq.get("/health")
        counts = health["contracts"]["contracts"]["ha_automation"]
        assert counts["violations"] == {"NOT_ANSWERED": 1}
        line = b'hiq_contract_violations_total{contract="ha_automation",code="NOT_'
        assert line in await hiq.raw("/metrics")
        commands = [c for log in home.logs for c in log.commands]
        fired = [c for c in commands if c["type"] == "fire_event"]
        assert fired[0]["event_type"] == "hiq_contract_violation"
        assert fired[0]["event_data"]["message"] == told["message"]
        await hiq.settled()
        assert hiq.stats.imbalance() == 0


def points(folder: Path) -> list[tuple[str, str]]:
    """Return code and message of every point of a violation."""
    try:
        database = sqlite3.connect(f"file:{folder / 'store.db'}?mode=ro", uri=True)
    except sqlite3.OperationalError:  # not made yet
        return []
    try:
        query = "SELECT tags, text FROM points WHERE measurement = 'hiq_contracts'"
        rows = database.execute(f"{query} AND field = 'message'").fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        database.close()
    return [(json.loads(tags)["code"], text) for tags, text in rows]


async def test_programs_get_violations_between_events(tmp_path: Path) -> None:
    """`hiq.client` gives them out if that is asked for."""
    async with serving(tmp_path) as (home, hiq):
        async with client.connect(str(hiq.service.url), contracts=True) as events:
            reading = asyncio.create_task(anext(events))
            await until("connected", lambda: events.connects)
            automate(home, "light.dead")
            async with asyncio.timeout(20):
                found = await reading
        assert isinstance(found, client.Violation)
        assert found.code == "NOT_ANSWERED"
        assert found.seq == 1
        assert len(found.events) == 2


async def test_a_light_that_answers_is_silent(tmp_path: Path) -> None:
    """Also if its state comes in the same read as the begin, and in front of it."""
    async with serving(tmp_path) as (home, hiq):
        automate(home, "light.good")
        home.set("light.good", "on")
        await until("complete", lambda: figures(hiq)["opened"] == 1)
        automate(home, "light.dead")  # the same context: told after the answer's time
        await until("told", lambda: figures(hiq)["violations"])
        assert figures(hiq)["violations"].keys() <= {"NOT_ANSWERED", "OUT_OF_ORDER"}


async def test_a_cut_judges_nobody(tmp_path: Path) -> None:
    """What was open when the connection ended is not told, and is counted."""
    async with serving(tmp_path) as (home, hiq):
        automate(home, "light.dead")
        await until("open", lambda: figures(hiq)["open"] == 1)
        home.drop()
        await until("forgotten", lambda: figures(hiq)["interrupted"] >= 1)
        assert figures(hiq)["violations"] == {}


async def test_without_contracts_nothing_is_asked_and_nothing_observed(
    tmp_path: Path,
) -> None:
    """No subscription, no section, no figures."""
    home = Simulator(World(entities=0, seed=1))
    await home.start()
    try:
        async with running(settings_for(home, tmp_path)) as hiq:
            await until("subscribed", lambda: hiq.stats.ha.subscribed)
            wanted = {name for log in home.logs for name in log.subscriptions.values()}
            assert "automation_triggered" not in wanted
            assert hiq.stats.contracts is None
            assert "contracts" not in hiq.stats.sections
    finally:
        await home.stop()


async def test_the_source_of_a_violation_may_be_kept(tmp_path: Path) -> None:
    """With `quarantine` the last event of the chain goes to the dead letters."""
    (agent,) = declared("[agent_run]")
    async with serving(tmp_path, {**agent, "on_violation": "quarantine"}) as (home, _):
        # Runs that began before the connection are not judged: this one begins here.
        fire(home, "agent_started", run_id="r", agent_name="a")
        fire(home, "tool_completed", run_id="r", tool_name="a")
        path = tmp_path / "dead" / "_contracts.ndjson"
        await until("kept", path.exists)
        await until("written", path.read_bytes)
        letter = json.loads(path.read_bytes())
    assert "CLOSE_WITHOUT_OPEN" in letter["reason"]
    assert json.loads(letter["line"])["event_type"] == "tool_completed"
