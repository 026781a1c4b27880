"""Oversight of clients: who does not confirm, and who is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from hiq.settings import HttpSettings
from hiq.settings.schema import ClientsSettings
from hiq.simulate.server import Simulator
from tests.overseeing import quick
from tests.serving import running


class Client:
    """A client of /ws that reads what it gets."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    async def read(self, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read until a frame is as wanted."""
        async with asyncio.timeout(10):
            while True:
                frame = json.loads(await self.socket.recv())
                self.frames.append(frame)
                if what(frame):
                    return frame

    async def say(self, **frame: Any) -> None:
        """Send a frame."""
        await self.socket.send(json.dumps(frame))


async def test_a_client_that_does_not_confirm_and_one_that_hears_of_it(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Told to clients that want alerts; over when the other confirms."""
    settings = quick(
        simulator,
        tmp_path,
        clients=ClientsSettings(ack_timeout=0.2, durable=False),
        http=HttpSettings(port=0),
    )
    async with running(settings) as it:
        assert it.service.url is not None
        url = it.service.url.replace("http", "ws") + "/ws"
        async with (
            connect(url, subprotocols=["hiq.v1"]) as first,
            connect(url, subprotocols=["hiq.v1"]) as second,
        ):
            lazy, keen = Client(first), Client(second)
            await lazy.say(type="subscribe", id=1, filter={"domains": ["light"]})
            await keen.say(
                type="subscribe", id=1, filter={"domains": ["none"], "alerts": True}
            )
            for client in (lazy, keen):
                await client.read(lambda frame: frame["type"] == "result")
            simulator.set("light.one", "on")
            event = await lazy.read(lambda frame: frame["type"] == "event")
            raised = await keen.read(lambda frame: frame["type"] == "alert")
            assert raised["key"].startswith("client_not_acking:")
            assert (raised["state"], raised["severity"]) == ("raised", "warning")
            await lazy.say(type="ack", seq=event["seq"])
            cleared = await keen.read(lambda frame: frame["type"] == "alert")
            assert (cleared["key"], cleared["state"]) == (raised["key"], "cleared")
            assert raised["since"] == cleared["since"]
        latency = (await it.get("/api/v1/alerts"))[1]["latency"]
        assert latency["clients"]["count"] >= 1
        assert latency["clients"]["p50"] < 10
