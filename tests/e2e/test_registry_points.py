"""The history of the registries in a whole service: once, in each database, restarted."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from hiq.settings import SinkSettings
from hiq.settings.schema import DiscoverySettings
from tests.serving import STORE, Running, running, settings_for, until

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.simulate.server import Simulator
    from tests.servers.databases import InfluxDB

ENTITY = "SELECT * FROM entities WHERE entity_id = '{}' ORDER BY time"
DEVICES = """
    SELECT tags ->> 'device_id', time_ns, field, coalesce(number, text)
    FROM points WHERE measurement = 'devices' ORDER BY time_ns
"""


async def quiet(it: Running) -> None:
    """Wait until what is to be said is in the sinks."""
    history = it.service._home.discovery._history
    await until("read", lambda: it.stats.discovery.refreshes)
    await until("said", lambda: not (history._waiting or history._log.owed))
    await it.settled()


def devices(path: Path) -> list[tuple[Any, ...]]:
    """Return id, time, field and value of what the store has of devices."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return connection.execute(DEVICES).fetchall()


@pytest.mark.real
async def test_each_change_is_in_every_database_once(
    tmp_path: Path, simulator: Simulator, influxdb: InfluxDB
) -> None:
    """Moved, disabled, removed, also while hiq is away; the counters add up."""
    home = simulator.world.home
    rows = home.entity_rows()
    free = [row for row in rows if row["disabled_by"] is None]
    entity_id, other = free[0]["entity_id"], free[1]["entity_id"]
    influx = SinkSettings(
        name="influx",
        type="influxdb1",
        url=influxdb.url,
        database="hiq",
        schema="tidy",
        linger=0.0,
    )
    settings = msgspec.structs.replace(
        settings_for(simulator, tmp_path, sinks=(STORE, influx)),
        discovery=DiscoverySettings(store_history=True),
    )

    def ask(text: str) -> list[dict[str, Any]]:
        return influxdb.query(text)

    async with running(settings) as it:
        await quiet(it)
        simulator.revise("entity", entity_id, {"area_id": "office"})
        await until("told", lambda: it.stats.discovery.changes == 1)
        await quiet(it)
        simulator.revise("entity", entity_id, {"disabled_by": "user"})
        await until("told", lambda: it.stats.discovery.changes == 2)
        await quiet(it)
        await it.service.parts.discover()  # the same again
        await quiet(it)
        stats = it.stats
        said = stats.extra["registry"]
        device_rows, entries = home.device_rows(), home.config_entry_rows()
        assert said == len(rows) + len(device_rows) + len(entries) + 2
        assert stats.own == {"ha": said, "tidy": said}
        assert stats.imbalance() == 0
        assert [stats.sink_imbalance(sink) for sink in stats.sinks.values()] == [0, 0]
    simulator.revise("entity", entity_id, {"area_id": "garden"})
    simulator.revise("entity", other, None)
    async with running(settings) as it:
        await quiet(it)
        assert it.stats.extra["registry"] in {2, 3}  # perhaps a device has fewer

    history = await asyncio.to_thread(ask, ENTITY.format(entity_id))
    assert [(row["area_id"], row["disabled"]) for row in history[1:]] == [
        ("office", False),
        ("office", True),
        ("garden", True),
    ]
    gone = (await asyncio.to_thread(ask, ENTITY.format(other)))[-1]
    assert gone["removed"] is True
    counts = "SELECT count(unique_id) FROM entities GROUP BY entity_id"
    found = {
        row["entity_id"]: row["count"] for row in await asyncio.to_thread(ask, counts)
    }
    assert found.pop(entity_id) == 4
    assert set(found.values()) == {1}
    assert len(found) == len(rows) - 1

    stored = devices(tmp_path / "store.db")
    influxed = await asyncio.to_thread(ask, "SELECT * FROM devices")
    names = {(row[0], row[3]) for row in stored if row[2] == "name"}
    assert names == {(row["device_id"], row["name"]) for row in influxed}
    times = Counter((row[0], row[1]) for row in stored if row[2] == "entity_count")
    assert set(times.values()) == {1}
    assert len(times) == len(influxed)
