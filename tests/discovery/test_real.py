"""Discovery on a real Home Assistant: what is changed there is in the next tags."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from hiq.ha.registries import Registry
from tests.ingesting import running

if TYPE_CHECKING:
    from tests.servers.home_assistant import HomeAssistant

LIGHT = "light.bed_light"


@pytest.mark.real
def test_changes_of_a_real_registry_are_followed_without_a_reconnect(
    home_assistant_2025: HomeAssistant,
) -> None:
    """Moved, relabelled, renamed; a device appears with its entry and goes with it."""
    asyncio.run(follow(home_assistant_2025))


async def follow(home: HomeAssistant) -> None:
    """Change the registries of a home while hiq is connected."""

    async def ask(kind: str, **fields: Any) -> Any:
        return await asyncio.to_thread(home.ask, kind, **fields)

    async def post(method: str, path: str, body: Any) -> Any:
        return await asyncio.to_thread(home._json, method, path, body)

    async with running(home.url, home.token) as run:
        await run.until(lambda: run.stats.discovery.refreshes)

        def tags(entity_id: str) -> dict[str, str]:
            return run.discovery.home.tags(entity_id) or {}

        floor = await ask("config/floor_registry/create", name="Attic")
        area = await ask(
            "config/area_registry/create", name="Loft", floor_id=floor["floor_id"]
        )
        label = await ask("config/label_registry/create", name="Nice")
        change = {"entity_id": LIGHT, "area_id": area["area_id"]}
        await ask("config/entity_registry/update", **change)
        await run.until(lambda: tags(LIGHT).get("area") == "Loft")
        assert tags(LIGHT)["floor"] == "Attic"
        await ask(
            "config/entity_registry/update",
            entity_id=LIGHT,
            labels=[label["label_id"]],
        )
        await run.until(lambda: tags(LIGHT).get("labels") == "Nice")
        rename = {"entity_id": LIGHT, "new_entity_id": "light.renamed"}
        await ask("config/entity_registry/update", **rename)
        await run.until(lambda: tags("light.renamed").get("area") == "Loft")
        assert tags("light.renamed")["first_entity_id"] == LIGHT
        assert not tags(LIGHT)
        await ask("config/area_registry/delete", area_id=area["area_id"])
        await run.until(lambda: "area" not in tags("light.renamed"))

        flow = await post(
            "POST", "/api/config/config_entries/flow", {"handler": "moon"}
        )
        if flow["type"] == "form":
            path = f"/api/config/config_entries/flow/{flow['flow_id']}"
            flow = await post("POST", path, {})
        await run.until(lambda: tags("sensor.moon_phase").get("device") == "Moon")
        assert tags("sensor.moon_phase")["integration"] == "moon"
        entry_id = flow["result"]["entry_id"]
        await post("DELETE", f"/api/config/config_entries/entry/{entry_id}", None)
        await run.until(lambda: not tags("sensor.moon_phase"))
        await run.until(
            lambda: (
                "Moon"
                not in {
                    device.name
                    for device in run.discovery.home.rows(Registry.DEVICES).values()
                }
            )
        )

        back = {"entity_id": "light.renamed", "new_entity_id": LIGHT, "labels": []}
        await ask("config/entity_registry/update", **back)
        await ask("config/label_registry/delete", label_id=label["label_id"])
        await ask("config/floor_registry/delete", floor_id=floor["floor_id"])
        await run.until(lambda: tags(LIGHT) and not run.discovery.home.floors)
        assert run.stats.ha.connects == 1
        assert json.dumps(run.stats.discovery.failures) == "{}"
