"""Discovery in a whole service, on a simulated home."""

from __future__ import annotations

import msgspec
import pytest

from hiq.discovery.build import needs_registries
from hiq.discovery.cache import Cache
from hiq.ha.registries import Registry
from hiq.settings import Settings, SinkSettings
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.serving import running, settings_for, until


async def test_the_routes_answer_from_the_registry_and_a_restart_knows_it(tmp_path):
    """Entities and devices are listed, a trigger counts them, the cache is used."""
    simulator = Simulator(World(40, 1))
    await simulator.start()
    try:
        async with running(settings_for(simulator, tmp_path)) as it:
            await until("read", lambda: it.stats.discovery.refreshes)
            status, page = await it.get("/api/v1/entities?search=kitchen&limit=2")
            assert (status, len(page["entities"])) == (200, 2)
            assert page["entities"][0]["manufacturer"] == "Simulated"
            assert page["entities"][0]["floor"] == "Ground Floor"
            status, page = await it.get("/api/v1/devices?area=kitchen")
            assert page["devices"][0]["integration"]
            found = await it.service.parts.discover()
            assert found == (len(simulator.world.home.device_rows()), 40)
            shown = await it.raw("/metrics")
            assert b'hiq_registry_rows{registry="entities"} 40.0' in shown
        assert len(Cache(tmp_path).load().home.rows(Registry.ENTITIES)) == 40
        simulator.hide(*Registry)
        async with running(settings_for(simulator, tmp_path)) as it:
            assert it.stats.discovery.sizes["entities"] == 40
            assert it.stats.discovery.updates == 40
            await until("subscribed", lambda: it.stats.ha.subscribed)
    finally:
        await simulator.stop()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"filter": {"mode": "exclude", "patterns": [{"domain": "light"}]}}, False),
        ({"filter": {"mode": "exclude", "patterns": [{"area_id": "x"}]}}, True),
        ({"filter": {"patterns": [{"label": "x"}]}}, True),
        ({"sinks": (SinkSettings(name="x", type="stdout", schema="tidy"),)}, True),
    ],
)
def test_what_needs_the_registries_before_the_first_event(changes, expected):
    """Schemas with tags of theirs, and filters that ask for them."""
    settings = msgspec.structs.replace(Settings(), **changes)
    assert needs_registries(settings) is expected
