"""Events that are no state changes reach the clients that asked for them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from hiq.settings.schema import EventsSettings
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.serving import running, settings_for, until

DEADLINE_S = 10.0


async def frame_of(socket: ClientConnection, kind: str) -> Any:
    """The next frame of a type."""
    async with asyncio.timeout(DEADLINE_S):
        while (found := json.loads(await socket.recv()))["type"] != kind:
            pass
    return found


async def test_a_client_gets_the_types_of_its_filter(tmp_path: Path) -> None:
    """As Home Assistant sent them, with numbers of the session; states between them."""
    home = Simulator(World(entities=0, seed=1))
    await home.start()
    settings = msgspec.structs.replace(
        settings_for(home, tmp_path), events=EventsSettings(types=("mine", "theirs"))
    )
    try:
        async with running(settings) as hiq:
            await until("subscribed", lambda: hiq.stats.ha.subscribed)
            url = f"{hiq.service.url}/ws".replace("http", "ws")
            async with connect(url, subprotocols=["hiq.v1"]) as socket:  # type: ignore[list-item]
                wanted = {"event_types": ["mine", "state_changed"]}
                order = {"type": "subscribe", "id": 1, "filter": wanted}
                await socket.send(json.dumps(order))
                assert (await frame_of(socket, "result"))["ok"]
                home.fire_event("theirs", {})
                home.fire_event("mine", {"a": "é"})
                home.set("light.hall", "on")
                home.fire_event("mine", {"a": 2})
                found = [await frame_of(socket, "event") for _ in range(3)]
            assert [frame["seq"] for frame in found] == [1, 2, 3]
            events = [frame["event"] for frame in found]
            types = [event["event_type"] for event in events]
            assert types == ["mine", "state_changed", "mine"]
            assert events[0]["data"] == {"a": "é"}
            await until("points", lambda: hiq.stats.extra["events"] == 3)
    finally:
        await home.stop()
