"""Levels in a whole service: what clients, the database and the dead letters get."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from hiq import Pipeline
from hiq.settings.schema import EventsSettings, Settings, ValidationSettings
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from hiq.stats import Stats
from hiq.validating import FILE, MOST_WAITING, Validation
from tests.assure.test_levels import changed
from tests.serving import Running, running, settings_for, stored, until

EVENTS = {
    "valid": {},
    "warning": {"origin": "ELSEWHERE"},
    "error": {"context": "c"},
    "critical": {"data": {"new_state": 3}},
}
CODES = {
    "warning": "UNKNOWN_ORIGIN",
    "error": "BAD_CONTEXT",
    "critical": "NO_NEW_STATE",
}
REFUSED = {
    "strict": {"warning", "error", "critical"},
    "moderate": {"error", "critical"},
    "permissive": {"critical"},
}


def flawed(name: str, at_s: int) -> dict[str, Any]:
    """Return the change of a light of this name, as good as it says."""
    changes = {key: value for key, value in EVENTS[name].items()}
    data = {"entity_id": f"light.{name}", **changes.pop("data", {})}
    found = changed(data=data, **changes)
    moment = f"2026-11-26T10:00:{at_s:02d}+00:00"
    return {**found, "time_fired": moment}


class Now:
    """A clock for the events of these tests."""

    def __call__(self) -> float:
        """Return a moment after all of them."""
        return 1_795_687_300.0


async def frames(socket: ClientConnection, count: int) -> dict[str, Any]:
    """Return the next events, what is said of each by the name of its light."""
    found = {}
    async with asyncio.timeout(20):
        while len(found) < count:
            frame = json.loads(await socket.recv())
            if frame["type"] == "event":
                entity_id = frame["event"]["data"]["entity_id"]
                found[entity_id.removeprefix("light.")] = frame["validation"]
    return found


def letters(folder: Path) -> dict[str, dict[str, Any]]:
    """Return reason and original of what was refused, by the name of its light."""
    path = folder / "dead" / FILE
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        letter = json.loads(line)
        event = json.loads(letter["line"])["event"]
        name = event["data"]["entity_id"].removeprefix("light.")
        found[name] = {"reason": letter["reason"], "event": event}
    return found


def settings(home: Simulator, folder: Path, level: str) -> Settings:
    """Return settings with this level."""
    validation = ValidationSettings(level=level)  # type: ignore[arg-type]
    return settings_for(home, folder, validation=validation)


@pytest.mark.parametrize("level", REFUSED)
async def test_four_events_have_the_outcomes_of_the_level(
    level: str, tmp_path: Path
) -> None:
    """Accepted, marked or refused, as client, database and dead letters see it."""
    home = Simulator(World(entities=0, seed=1))
    await home.start()
    home.set("light.there", "on")
    refused = REFUSED[level]
    sent = {name: flawed(name, number) for number, name in enumerate(EVENTS)}
    try:
        async with running(settings(home, tmp_path, level), clock=Now()) as hiq:
            await until("subscribed", lambda: hiq.stats.snapshot_states)
            url = f"{hiq.service.url}/ws".replace("http", "ws")
            async with connect(url, subprotocols=["hiq.v1"]) as socket:  # type: ignore[list-item]
                await socket.send('{"type":"subscribe","id":1,"filter":{}}')
                await until("listens", lambda: len(hiq.service._observers._bits) > 1)
                for event in sent.values():
                    home.send("state_changed", json.dumps(event).encode())
                told = await frames(socket, len(EVENTS) - len(refused))
            await until("kept", lambda: letters(tmp_path).keys() == refused)
            await hiq.settled()
            assert hiq.stats.rejected == len(refused)
            assert hiq.stats.imbalance() == 0
            validation = (await hiq.get("/health"))[1]["validation"]
    finally:
        await home.stop()
    assert told.keys() == EVENTS.keys() - refused
    for name, verdict in told.items():
        codes = [CODES[name]] if name in CODES else []
        assert verdict == {"result": name, "codes": codes}
    found = letters(tmp_path)
    assert {name: found[name]["reason"] for name in refused} == {
        name: CODES[name] for name in refused
    }
    assert all(found[name]["event"] == sent[name] for name in refused)
    in_store = {entity_id[6:] for entity_id, _ in stored(tmp_path)}
    assert in_store == {"there", *EVENTS.keys() - refused}
    assert validation["level"] == level
    assert validation["refused"] == {CODES[name]: 1 for name in refused}
    assert validation["marked"] == {CODES[n]: 1 for n in told if n in CODES}


async def test_another_level_holds_from_the_next_event_on(tmp_path: Path) -> None:
    """After a reload, without a restart."""
    home = Simulator(World(entities=0, seed=1))
    await home.start()
    try:
        first = settings(home, tmp_path, "moderate")
        async with running(first) as hiq:
            await until("subscribed", lambda: hiq.stats.ha.subscribed)
            service = hiq.service
            service._reloader._read = lambda: settings(home, tmp_path, "permissive")
            event = json.dumps(flawed("error", 1)).encode()
            home.send("state_changed", event)
            await until("refused", lambda: hiq.stats.rejected == 1)
            assert await service._reloader.reload() == ["validation.level"]
            home.send("state_changed", event)
            await until("accepted", lambda: hiq.stats.accepted == 1)
            await until("counted", lambda: flaws(hiq) == {"BAD_CONTEXT": 1})
    finally:
        await home.stop()


def flaws(hiq: Running) -> dict[str, int]:
    """Return what was accepted with a flaw."""
    found: dict[str, int] = hiq.stats.sections["validation"]()["flaws"]
    return found


async def test_an_event_without_a_time_is_taken_at_the_permissive_level(
    tmp_path: Path,
) -> None:
    """It gets the time at which it came."""
    home = Simulator(World(entities=0, seed=1))
    await home.start()
    try:
        async with running(settings(home, tmp_path, "permissive"), Now()) as hiq:
            await until("subscribed", lambda: hiq.stats.ha.subscribed)
            event = {**flawed("valid", 1), "time_fired": None}
            home.send("state_changed", json.dumps(event).encode())
            await until("accepted", lambda: hiq.stats.accepted == 1)
            await hiq.settled()
            assert stored(tmp_path) == {("light.valid", int(Now()() * 1e9))}
            assert flaws(hiq) == {"BAD_TIME": 1}
    finally:
        await home.stop()


async def test_other_events_are_judged_before_they_become_points(
    tmp_path: Path,
) -> None:
    """A thought that is none is kept in the dead letters instead."""
    home = Simulator(World(entities=0, seed=1))
    await home.start()
    events = EventsSettings(types=("agent_thinking",))
    try:
        async with running(settings_for(home, tmp_path, events=events)) as hiq:
            await until("subscribed", lambda: hiq.stats.ha.subscribed)
            home.fire_event("agent_thinking", {"thought": "what to do"})
            home.fire_event("agent_thinking", {"thought": "hm"})
            home.fire_event("agent_thinking", {"thought": ""})
            path = tmp_path / "dead" / FILE
            await until("kept", lambda: path.exists() and path.stat().st_size)
            await until("written", lambda: hiq.stats.extra["events"] == 2)
            assert hiq.stats.marked == {"SHORT_THOUGHT": 1}
            assert hiq.stats.rejected == 1
            assert hiq.stats.imbalance() == 0
            assert json.loads(path.read_bytes())["reason"] == "NO_THOUGHT"
    finally:
        await home.stop()


async def test_what_cannot_be_kept_is_counted(tmp_path: Path) -> None:
    """Bounded while it waits; a disk that fails stops nothing."""
    (tmp_path / "dead").write_text("no folder", encoding="utf-8")
    validation = Validation(Pipeline(), Stats(), tmp_path, "moderate")
    for _ in range(MOST_WAITING + 2):
        assert not validation.accepts(b'{"event_type":"x","data":3}')
    await validation.flush()
    figures = validation.figures()
    assert figures["not_kept"] == MOST_WAITING + 2
    assert figures["refused"] == {"BAD_DATA": MOST_WAITING}
