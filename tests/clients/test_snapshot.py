"""The first snapshot, from a running service: all last states, though nothing happened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.clients.serving import Hiq, Tab, hiq_serve, tab

ENTITIES = 1500


async def shown(client: Tab, **wanted: Any) -> dict[str, Any]:
    """Subscribe; return the entities of the snapshot, whose parts fit."""
    await client.tell("subscribe", id="s", filter=wanted)
    found: dict[str, Any] = {}
    while True:
        text = await client.socket.recv()
        frame = json.loads(text)
        if frame["type"] == "state_snapshot":
            assert len(text) <= 512 * 1024
            found |= frame["entities"]
            if frame["part"] == frame["parts"]:
                return found


def states(hiq: Hiq, start: str = "") -> dict[str, str]:
    """What the home says itself."""
    return {
        entity_id: json.loads(state.json)["state"]
        for entity_id, state in hiq.home.world.states.items()
        if entity_id.startswith(start)
    }


async def test_all_last_states_right_after_a_start(tmp_path: Path) -> None:
    """Nothing changed since hiq runs, or nobody listened when it did: all is shown."""
    async with hiq_serve(tmp_path, entities=ENTITIES) as hiq:
        name = next(iter(states(hiq, "light.")))
        async with tab(hiq, "bob") as client:
            found = await shown(client, domains=["sensor"])
            assert set(found) == set(states(hiq, "sensor."))
            hiq.home.set(name, "off", {"of": "nobody"})
            hiq.home.remove(next(iter(states(hiq, "switch."))))
            found = await shown(client, domains=["light", "switch"])
            assert found[name]["attributes"] == {"of": "nobody"}
            expected = {
                key: state
                for start in ("light.", "sensor.", "switch.")
                for key, state in states(hiq, start).items()
            }
            assert {key: one["state"] for key, one in found.items()} == expected
        async with tab(hiq) as client:
            found = await shown(client)
            assert {key: one["state"] for key, one in found.items()} == states(hiq)
            assert len(found) == ENTITIES - 1
