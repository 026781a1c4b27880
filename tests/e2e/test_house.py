"""The status of the house in a running service: states at connect, then each change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from websockets.asyncio.client import connect

from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.serving import Running, running, settings_for, until
from tests.web.test_status_socket import next_frame

ROUTE = "/api/status/house"


async def shown(hiq: Running) -> Any:
    """Return the status, as soon as there is one."""
    await until("the states are known", lambda: known(hiq))
    status, found = await hiq.get(ROUTE)
    assert status == 200
    return found


def known(hiq: Running) -> bool:
    """Whether the states at connect are known."""
    house = hiq.service.parts.house
    return house is not None and house.known


def lights(found: Any) -> tuple[int, int]:
    """How many are on and off."""
    areas = found["lights_by_area"]
    return sum(a["on_count"] for a in areas), sum(a["off_count"] for a in areas)


async def test_each_change_is_told_and_what_changed_meanwhile_is_known_again(
    tmp_path: Path,
) -> None:
    """Over real HTTP and /ws/status; after a lost connection too."""
    home = Simulator(World(entities=0, seed=1))
    await home.start()
    home.set("light.hall", "on")
    home.set("binary_sensor.door", "on", {"device_class": "door"})
    try:
        async with running(settings_for(home, tmp_path)) as hiq:
            found = await shown(hiq)
            assert lights(found) == (1, 0)
            assert [one["state"] for one in found["sensors"]["door"]] == ["open"]
            url = f"{hiq.service.url}/ws/status".replace("http", "ws")
            async with connect(url) as socket:
                assert (await next_frame(socket))["type"] == "snapshot"
                for number in range(3):
                    home.set("sensor.power", str(number))
                home.set("light.hall", "off")
                delta = await next_frame(socket)
                assert delta["section"] == "lights_by_area"
                home.set("switch.pump", "on")
                delta = await next_frame(socket)
                assert (delta["section"], delta["data"]) == (
                    "switches_on",
                    ["switch.pump"],
                )
                await home.down()
                home.set("light.hall", "on")
                home.remove("switch.pump")
                await home.up()
                told = [await next_frame(socket) for _ in range(2)]
                assert {one["section"] for one in told} == {
                    "lights_by_area",
                    "switches_on",
                }
            found = await shown(hiq)
            assert (lights(found), found["switches_on"]) == ((1, 0), [])
            assert hiq.stats.errors["observer"] == 0
    finally:
        await home.stop()


async def test_lights_are_counted_in_the_areas_of_the_registry(
    tmp_path: Path,
) -> None:
    """None is in an unknown area once the registries were read."""
    home = Simulator(World(entities=60, seed=1))
    await home.start()
    try:
        async with running(settings_for(home, tmp_path)) as hiq:
            await until("read", lambda: hiq.stats.discovery.refreshes)
            found = await shown(hiq)
            areas = {one["area"] for one in found["lights_by_area"]}
            assert areas
            assert "unknown" not in areas
    finally:
        await home.stop()


async def test_what_is_filtered_is_not_shown(tmp_path: Path) -> None:
    """Nothing would ever change it."""
    home = Simulator(World(entities=0, seed=1))
    await home.start()
    home.set("switch.pump", "on")
    home.set("switch.fan", "on")
    settings = settings_for(
        home, tmp_path, influxdb={"exclude": {"entities": ["switch.fan"]}}
    )
    try:
        async with running(settings) as hiq:
            assert (await shown(hiq))["switches_on"] == ["switch.pump"]
            home.set("switch.fan", "off")
            home.set("switch.mill", "on")
            await until("it is there", lambda: hiq.stats.filtered)
            await hiq.settled()
            assert (await shown(hiq))["switches_on"] == ["switch.mill", "switch.pump"]
    finally:
        await home.stop()


async def test_without_http_nothing_is_looked_at(tmp_path: Path) -> None:
    """Nobody can ask, so nobody listens."""
    settings = settings_for(None, tmp_path)
    http = msgspec.structs.replace(settings.http, enabled=False)
    async with running(msgspec.structs.replace(settings, http=http)) as hiq:
        assert hiq.service.parts.house is None
