"""On a real Home Assistant: what is changed in its registries is in the next events.

`pytest tests/e2e/test_moves_real.py -s` prints how long after each change was asked for
the first event with the new tags was a line of hiq.
"""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from hiq import Pipeline
from tests.ingesting import DEADLINE, running
from tests.lineprotocol import decode_one

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tests.ingesting import Run
    from tests.servers.home_assistant import HomeAssistant

LIGHT = "light.ceiling_lights"
MOON = "sensor.moon_phase"
SWITCHES = ("area", "floor", "device", "labels", "platform", "rid")


class Home:
    """A real home, and the hiq that is connected to it."""

    def __init__(self, home: HomeAssistant, run: Run) -> None:
        self.run = run
        self.took: list[tuple[str, float, int]] = []
        self._home = home
        self._value = 1000

    async def ask(self, kind: str, **fields: Any) -> Any:
        """Send a command."""
        return await asyncio.to_thread(self._home.ask, kind, **fields)

    async def rest(self, method: str, path: str, body: Any = None) -> Any:
        """Call the REST API."""
        return await asyncio.to_thread(self._home._json, method, path, body)

    async def next_event(self, entity_id: str) -> dict[str, str]:
        """Let an entity change its state; return the tags of that event's line."""
        self._value += 1
        state = str(self._value)
        await self.rest("POST", f"/api/states/{entity_id}", {"state": state})
        async with asyncio.timeout(DEADLINE):
            while True:
                for line in self.run.pipeline.take("tidy").splitlines():
                    point = decode_one(line)
                    if point.fields.get("value") == float(state):
                        return dict(point.tags)
                await asyncio.sleep(0.001)

    async def shows(
        self, what: str, change: Awaitable[Any], entity_id: str, /, **tags: str | None
    ) -> Any:
        """Make a change; the events behind it get the tags (None: not there)."""
        began = perf_counter()
        result = await change
        events = 0
        async with asyncio.timeout(DEADLINE):
            while True:
                events += 1
                found = await self.next_event(entity_id)
                if all(found.get(name) == value for name, value in tags.items()):
                    break
        self.took.append((what, perf_counter() - began, events))
        return result


@pytest.mark.real
def test_the_next_event_carries_what_was_changed(
    home_assistant_2025: HomeAssistant,
) -> None:
    """Moved, renamed, relabelled, a device added and removed; one connection."""
    asyncio.run(follow(home_assistant_2025))


async def follow(home_assistant: HomeAssistant) -> None:
    """Change one thing after another."""
    tidy = {"tags": dict.fromkeys(SWITCHES, True)}
    pipeline = Pipeline({"schema": "tidy", "tidy": tidy})
    async with running(
        home_assistant.url, home_assistant.token, pipeline=pipeline
    ) as run:
        await run.until(lambda: run.stats.discovery.refreshes)
        await run.subscribed()
        it = Home(home_assistant, run)
        await moved_and_renamed(it)
        await added_and_removed(it)
        assert run.stats.ha.connects == 1
        assert not run.stats.discovery.failures
        assert len(it.took) == 9
    for what, seconds, events in it.took:
        sys.stdout.write(f"{what:<28} {seconds:6.3f} s, event {events} behind it\n")


async def moved_and_renamed(it: Home) -> None:
    """An entity, its area and its device; all is put back."""
    before = await it.next_event(LIGHT)
    floor = await it.ask("config/floor_registry/create", name="Roof")
    area = await it.ask(
        "config/area_registry/create", name="Dome", floor_id=floor["floor_id"]
    )
    label = await it.ask("config/label_registry/create", name="Bright")
    update = "config/entity_registry/update"
    change = it.ask(update, entity_id=LIGHT, area_id=area["area_id"])
    await it.shows("moved to another area", change, LIGHT, area="Dome", floor="Roof")
    change = it.ask(update, entity_id=LIGHT, labels=[label["label_id"]])
    await it.shows("relabelled", change, LIGHT, labels="Bright", area="Dome")
    change = it.ask(
        "config/area_registry/update", area_id=area["area_id"], name="Cupola"
    )
    await it.shows("its area renamed", change, LIGHT, area="Cupola")
    change = it.ask(update, entity_id=LIGHT, new_entity_id="light.dome")
    kept = {"rid": before["rid"], "labels": "Bright", "area": "Cupola"}
    await it.shows("renamed", change, "light.dome", entity_id="light.dome", **kept)
    change = it.ask("config/area_registry/delete", area_id=area["area_id"])
    await it.shows("its area removed", change, "light.dome", area=None, floor=None)
    device_id = (await it.ask("config/entity_registry/get", entity_id="light.dome"))[
        "device_id"
    ]
    change = it.ask(
        "config/device_registry/update", device_id=device_id, name_by_user="Lamp X"
    )
    await it.shows("its device renamed", change, "light.dome", device="Lamp X")
    back = {"new_entity_id": LIGHT, "labels": [], "area_id": None}
    change = it.ask(update, entity_id="light.dome", **back)
    await it.shows("all put back", change, LIGHT, labels=None, rid=before["rid"])
    await it.ask(
        "config/device_registry/update", device_id=device_id, name_by_user=None
    )
    await it.rest(
        "POST", "/api/services/homeassistant/update_entity", {"entity_id": LIGHT}
    )
    await it.ask("config/label_registry/delete", label_id=label["label_id"])
    await it.ask("config/floor_registry/delete", floor_id=floor["floor_id"])


async def added_and_removed(it: Home) -> None:
    """A device comes with its integration, and goes with it."""
    flows = "/api/config/config_entries/flow"

    async def add() -> Any:
        flow = await it.rest("POST", flows, {"handler": "moon"})
        if flow["type"] == "form":
            flow = await it.rest("POST", f"{flows}/{flow['flow_id']}", {})
        return flow

    tags = {"device": "Moon", "platform": "moon"}
    flow = await it.shows("device added", add(), MOON, **tags)
    path = f"/api/config/config_entries/entry/{flow['result']['entry_id']}"
    gone = dict.fromkeys(("device", "platform", "rid"))
    await it.shows("device removed", it.rest("DELETE", path), MOON, **gone)
