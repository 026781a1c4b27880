"""Faults of registries and of their upload: L16, L19, L20, L34, L35."""

from __future__ import annotations

import json
import sqlite3
import ssl
from pathlib import Path
from typing import Any

import msgspec

from hiq.discovery.upload import devices_body
from hiq.ha.home import Home
from hiq.ha.registries import ConfigEntry, Registry
from hiq.settings import SinkSettings
from hiq.settings.schema import DataApiSettings
from hiq.simulate.server import Simulator
from hiq.stats import Stats
from tests.discovery.test_publisher import Api, published
from tests.serving import running, settings_for, until

TIDY = SinkSettings(name="store", type="sqlite", path="store.db", schema="tidy")


def tags_of(folder: Path, entity_id: str) -> list[dict[str, Any]]:
    """The tags of each point of an entity, oldest first."""
    database = sqlite3.connect(folder / "store.db")
    try:
        if not database.execute("SELECT * FROM sqlite_master").fetchall():
            return []  # nothing has been written yet
        query = (
            "SELECT tags FROM points WHERE entity_id IN (?, ?)"
            " GROUP BY time_ns ORDER BY time_ns"
        )
        object_id = entity_id.partition(".")[2]
        rows = database.execute(query, (entity_id, object_id)).fetchall()
        return [json.loads(tags) for (tags,) in rows]
    finally:
        database.close()


def a_sensor(home: Simulator) -> dict[str, Any]:
    """A row of an entity with a numeric state."""
    rows: list[dict[str, Any]] = home.world.home.entity_rows()
    return next(row for row in rows if row["entity_id"].startswith("sensor."))


async def test_L16_the_first_event_has_the_tags_of_all_later_ones(
    simulator: Simulator, tmp_path: Path
) -> None:
    """An event right after the connect is in the same series as the later ones."""
    entity_id = a_sensor(simulator)["entity_id"]
    async with running(settings_for(simulator, tmp_path, sinks=(TIDY,))) as it:
        await until("connected", lambda: simulator.logs and it.stats.ha.connects)
        simulator.set(entity_id, "1")
        await until("read", lambda: it.stats.discovery.refreshes)
        await until("subscribed", lambda: it.stats.ha.subscribed)
        simulator.set(entity_id, "2")
        await until("both came", lambda: len(tags_of(tmp_path, entity_id)) >= 2)
    found = [
        {name: tag for name, tag in tags.items() if name != "device_class"}
        for tags in tags_of(tmp_path, entity_id)
    ]
    assert "area" in found[0]
    assert all(tags == found[0] for tags in found)


async def test_L19_a_moved_entity_has_its_new_area_and_a_removed_area_is_none(
    simulator: Simulator, tmp_path: Path
) -> None:
    """The next point has the new tag; when the area is removed, the next has none."""
    row = a_sensor(simulator)
    entity_id = row["entity_id"]
    async with running(settings_for(simulator, tmp_path, sinks=(TIDY,))) as it:
        stats = it.stats.discovery
        await until("read", lambda: stats.refreshes)
        await until("subscribed", lambda: it.stats.ha.subscribed)
        for change in (
            lambda: simulator.revise("entity", entity_id, {"area_id": "garden"}),
            lambda: simulator.revise("area", "garden", None),
        ):
            before, received = stats.updates, it.stats.received
            change()
            await until("told", lambda: stats.updates > before)
            simulator.set(entity_id, str(received))
            await until("came", lambda: it.stats.received > received)
        await it.settled()
        assert it.stats.ha.connects == 1
    moved, removed = tags_of(tmp_path, entity_id)[-2:]
    assert moved["area"] == "Garden"
    assert "area" not in removed


async def test_L20_the_upload_names_the_integration_of_each_device(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Config entries come from `config_entries/get`."""
    async with Api().served() as api:
        settings = settings_for(
            simulator, tmp_path, data_api=DataApiSettings(url=api.url)
        )
        async with running(settings) as it:
            published_ = it.stats.discovery.published
            await until("published", lambda: published_.total() == 3)
    bodies = {name: json.loads(body) for name, _, body in api.got}
    rows = simulator.world.home.device_rows()
    assert [row["id"] for row in bodies["devices"]] == [row["id"] for row in rows]
    for sent, row in zip(bodies["devices"], rows, strict=True):
        assert sent["integration"] == row["identifiers"][0][0]
    assert bodies["entities"] == simulator.world.home.entity_rows()


def test_L34_only_what_comes_through_zigbee_is_marked_so() -> None:
    """Of three devices on one config entry only the one with a Zigbee address."""
    rows = [
        {"id": "bridge", "manufacturer": "Zigbee2MQTT", "identifiers": []},
        {"id": "tasmota", "identifiers": [["mqtt", "tasmota_1"]]},
        {"id": "sensor", "identifiers": [["mqtt", "0x00158d0001234567"]]},
    ]
    rows = [{**row, "config_entries": ["e"]} for row in rows]
    home = Home().with_rows(Registry.CONFIG_ENTRIES, [ConfigEntry("e", "mqtt")])
    found = json.loads(devices_body(home, msgspec.json.encode(rows)))
    marked = {row["id"]: row["integration"] for row in found}
    assert marked == {
        "bridge": "mqtt",
        "tasmota": "mqtt",
        "sensor": "zigbee2mqtt",
    }


async def test_L35_an_upload_is_repeated_and_certificates_are_verified(
    certificate: tuple[str, ssl.SSLContext],
) -> None:
    """After one 503 it is delivered; an unknown certificate is refused."""
    path, context = certificate
    stats = Stats()
    async with Api().served(context) as api:
        api.script["devices"] = [503]
        await published(stats, url=api.url, ca_cert=str(path))
        assert [name for name, _, _ in api.got].count("devices") == 2
        assert not stats.concerns
        api.got.clear()
        await published(stats, url=api.url)
        assert api.got == []
    assert "certificate" in stats.concerns["data_api"].reason.lower()
