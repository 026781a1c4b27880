"""The parties that every contract test is run with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.servers.home_assistant import HomeAssistant

NUMBERS = 60


@dataclass
class Peer:
    """A Home Assistant, real or not, with input_number.inpx_0 ... 59."""

    url: str
    token: str
    real: HomeAssistant | None
    simulated: Simulator | None
    version: str = "2024.3"

    @property
    def websocket_url(self) -> str:
        """URL of the WebSocket API."""
        return f"ws{self.url.removeprefix('http')}/api/websocket"

    async def set_numbers(self, *values: float, entities: int = 1) -> None:
        """Set input_number.inpx_0 ... in turn to the values."""
        for_each = [
            (f"input_number.inpx_{number % entities}", value)
            for number, value in enumerate(values)
        ]
        if self.real:
            calls: Any = [
                ("input_number", "set_value", {"entity_id": entity_id, "value": value})
                for entity_id, value in for_each
            ]
            assert await asyncio.to_thread(self.real.call_services, calls) == []
        if self.simulated:
            for entity_id, value in for_each:
                attributes = self.simulated.world.states[entity_id].attributes
                self.simulated.set(entity_id, str(float(value)), attributes)

    async def set_state(self, entity_id: str, state: str, **attributes: Any) -> None:
        """Set any state."""
        if self.real:
            set_state = self.real.set_state
            await asyncio.to_thread(set_state, entity_id, state, attributes)
        if self.simulated:
            self.simulated.set(entity_id, state, attributes)

    async def remove_state(self, entity_id: str) -> None:
        """Remove a state."""
        if self.real:
            await asyncio.to_thread(self.real.remove_state, entity_id)
        if self.simulated:
            self.simulated.remove(entity_id)


REAL = [
    pytest.param(version, marks=pytest.mark.real) for version in ("2024.3", "2025.4")
]


@pytest.fixture(params=["simulated", *REAL])
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    """Give the simulated home, then each real Home Assistant."""
    if request.param != "simulated":
        name = "home_assistant" if request.param == "2024.3" else "home_assistant_2025"
        real: HomeAssistant = request.getfixturevalue(name)
        yield Peer(real.url, real.token, real, None, request.param)
        return
    simulator = Simulator(World(entities=60, seed=1))
    await simulator.start()
    for number in range(NUMBERS):
        attributes = {
            "initial": None,
            "editable": False,
            "min": -1000.0,
            "max": 100000.0,
            "step": 0.01,
            "mode": "slider",
            "unit_of_measurement": "W",
            "friendly_name": f"input_number {number}",
        }
        simulator.set(f"input_number.inpx_{number}", "-1000.0", attributes)
    try:
        yield Peer(simulator.url, simulator.token, None, simulator)
    finally:
        await simulator.stop()
