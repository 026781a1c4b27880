"""Filters by area and label ask the registry, from the answer to `subscribe` on."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from hiq.simulate.server import Simulator
from hiq.web.types.home import Entity
from tests.serving import running, settings_for


@pytest.mark.parametrize("wanted", [{"areas": ["kitchen"]}, {"labels": ["night"]}])
async def test_events_of_an_area(
    simulator: Simulator, tmp_path: Path, wanted: dict
) -> None:
    """Only what lies in the area, or has the label, is sent."""
    async with running(settings_for(simulator, tmp_path)) as it:
        lamp = Entity(entity_id="light.lamp", area_id="kitchen", labels=["night"])
        it.service.parts.entities = lambda: [lamp, Entity(entity_id="light.other")]
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{it.service.url}/ws", protocols=["hiq.v1"]) as socket,
        ):
            await socket.send_json({"type": "subscribe", "filter": wanted})
            kinds = [(await socket.receive_json(timeout=10))["type"] for _ in range(3)]
            assert kinds == ["welcome", "state_snapshot", "result"]
            for name in ("light.other", "light.lamp"):
                simulator.set(name, "on", {})
            while (frame := await socket.receive_json(timeout=10))["type"] != "event":
                assert frame["type"] == "state_snapshot"
            assert frame["event"]["data"]["entity_id"] == "light.lamp"
            assert frame["seq"] == 1
