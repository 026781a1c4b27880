"""A client of the simulated home, which subscribes and is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from hiq.simulate.server import Simulator
    from tests.contract.client import Client

FEATURES = {"coalesce_messages": 1}


def address(simulator: Simulator) -> str:
    """Return the URL of its WebSocket API."""
    return f"ws{simulator.url.removeprefix('http')}/api/websocket"


async def subscribe(client: Client, *, coalesce: bool = False) -> None:
    """Subscribe to state changes."""
    if coalesce:
        await client.ask("supported_features", features=FEATURES)
    await client.ask("subscribe_events", event_type="state_changed")


async def closed(client: Client) -> int | None:
    """Read until the connection ends; return the close code."""
    with pytest.raises(ConnectionClosed):
        while True:
            await client.message()
    return client.socket.close_code
