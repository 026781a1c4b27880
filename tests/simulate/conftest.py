"""What tests of the simulated home share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.client import Client, opened
from tests.simulate.talking import address, subscribe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hiq.simulate.server import Simulator


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[Client]:
    """Give a client that is subscribed and takes arrays."""
    async with opened(address(simulator), simulator.token) as client:
        await subscribe(client, coalesce=True)
        yield client
