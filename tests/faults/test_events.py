"""Faults of events and registries on their way in: L06, L15."""

from __future__ import annotations

import json
from pathlib import Path

from hiq.settings import HomeAssistantSettings
from tests.ha.home import TOKEN, event, scripted_home
from tests.serving import running, settings_for, stored, until


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
