"""Faults of events on their way in: L06, L07, L12, L13, L15."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from hiq.settings import HomeAssistantSettings
from tests.events import frame, state_changed
from tests.ha.home import TOKEN, event, scripted_home
from tests.serving import STORE, running, settings_for, stored, until

STATE = {"entity_id": "sensor.x", "last_updated": "", "last_changed": "", "context": {}}


async def through(folder: Path, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Send messages of a home to a service, return the points of its store.

    A point is a dictionary of fields; schema homeiq.
    """
    async with scripted_home() as home:
        place = HomeAssistantSettings(url=home.url, token=TOKEN)
        store = msgspec.structs.replace(STORE, schema="homeiq")
        settings = settings_for(None, folder, home_assistant=place, sinks=(store,))
        async with running(settings) as it:
            await until("subscribed", lambda: it.stats.ha.subscribed)
            for message in messages:
                await home.socket.send(frame(message).decode())
            await until("came", lambda: it.stats.received == len(messages))
            await it.settled()
            assert it.stats.rejected == 0
    database = sqlite3.connect(folder / "store.db")
    try:
        query = "SELECT time_ns, field, number, text FROM points ORDER BY time_ns"
        found: dict[int, dict[str, Any]] = {}
        for time_ns, field, number, text in database.execute(query):
            found.setdefault(time_ns, {})[field] = number if text is None else text
    finally:
        database.close()
    return list(found.values())


async def test_L06_a_registry_of_five_megabytes_is_taken(tmp_path: Path) -> None:
    """One connection, the registry read, and no event of that time is lost."""
    entry = {
        "entity_id": "sensor.x",
        "platform": "mqtt",
        "labels": [],
        "options": {"filler": "x" * 300},
    }
    entries = [{**entry, "entity_id": f"sensor.number_{n}"} for n in range(12_000)]
    answer = json.dumps(entries)
    assert len(answer) > 4_633_178
    async with scripted_home() as home:
        home.answers["config/entity_registry/list"] = answer
        home.after["config/entity_registry/list"] = [
            event(f"sensor.number_{n}", str(n), n) for n in range(20)
        ]
        place = HomeAssistantSettings(url=home.url, token=TOKEN)
        async with running(settings_for(None, tmp_path, home_assistant=place)) as it:
            await until("all came", lambda: it.stats.received == 20)
            await it.settled()
            assert it.stats.ha.connects == 1
            assert it.stats.errors == {}
        assert len(home.commands) == 1
    assert len(stored(tmp_path)) == 20


async def test_L07_a_state_is_stored_as_it_is_and_as_a_number(tmp_path: Path) -> None:
    """`state_value` is the state, `state_numeric` its number if it is one."""
    old = {**STATE, "state": "20.5", "attributes": {}}
    times = [f"2026-11-20T15:00:0{n}.000000+00:00" for n in range(3)]
    points = await through(
        tmp_path,
        state_changed(state="21.5", time=times[0], old_state=old),
        state_changed(state="heating", time=times[1]),
        state_changed(state="unavailable", time=times[2]),
    )
    assert [point["state_value"] for point in points] == [
        "21.5",
        "heating",
        "unavailable",
    ]
    assert points[0]["state_numeric"] == 21.5
    assert points[0]["previous_state"] == "20.5"
    assert "state_numeric" not in points[1]
    assert "state_numeric" not in points[2]


async def test_L12_who_caused_a_change_is_stored(tmp_path: Path) -> None:
    """Id, parent and user of the context, each of them if there is one."""
    known = state_changed(time="2026-11-20T15:00:01.000000+00:00")
    context = {"id": "C1", "parent_id": "P1", "user_id": "U1"}
    known["event"]["context"] = known["event"]["data"]["new_state"]["context"] = context
    points = await through(
        tmp_path, known, state_changed(time="2026-11-20T15:00:02.000000+00:00")
    )
    names = {"context_id", "context_parent_id", "context_user_id"}
    assert [{name: it[name] for name in names & set(it)} for it in points] == [
        {"context_id": "C1", "context_parent_id": "P1", "context_user_id": "U1"},
        {"context_id": "01M7WR2ST601PWH058CGT0C1ZV"},
    ]


async def test_L13_a_removal_is_a_point(tmp_path: Path) -> None:
    """Each of four removals is stored with what was last known, and refused nowhere."""
    removals = [
        state_changed(
            f"sensor.gone_{n}",
            time=f"2026-11-20T15:00:0{n}.000000+00:00",
            old_state={**STATE, "state": str(n), "attributes": {"a": n}},
            new_state=None,
        )
        for n in range(4)
    ]
    points = await through(tmp_path, *removals)
    assert [bool(point["removed"]) for point in points] == [True] * 4
    assert [point["previous_state"] for point in points] == ["0", "1", "2", "3"]
    assert all("state_value" not in point for point in points)
    assert [json.loads(point["attributes"]) for point in points] == [
        {"a": n} for n in range(4)
    ]


async def test_L15_changes_in_one_millisecond_are_two_points(tmp_path: Path) -> None:
    """Two changes of an entity, 200 microseconds apart, are both stored."""
    async with scripted_home() as home:
        place = HomeAssistantSettings(url=home.url, token=TOKEN)
        async with running(settings_for(None, tmp_path, home_assistant=place)) as it:
            await until("subscribed", lambda: it.stats.ha.subscribed)
            for text, part in (("1", "000100"), ("2", "000300")):
                sent = event("sensor.fast", text, 7)
                await home.socket.send(sent.replace(":07+00:00", f":07.{part}+00:00"))
            await until("both came", lambda: it.stats.received == 2)
            await it.settled()
    times = sorted(time_ns for _, time_ns in stored(tmp_path))
    assert len(times) == 2
    assert times[1] - times[0] == 200_000
