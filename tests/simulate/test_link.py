"""One connection of the simulated home, as its client ends it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from tests.contract.client import opened

if TYPE_CHECKING:
    import pytest

    from hiq.simulate.server import Simulator


async def test_a_client_that_ends_without_a_goodbye_is_no_error(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
):
    """A client that was killed ends its link, without a warning in the log."""
    address = f"ws{simulator.url.removeprefix('http')}/api/websocket"
    async with opened(address, simulator.token) as client:
        await client.ask("subscribe_events", event_type="state_changed")
        client.socket.transport.abort()
        async with asyncio.timeout(10):
            while simulator.links:
                await asyncio.sleep(0)
    loud = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert loud == []
