"""SIGTERM under load: what was received is in the journal, and arrives afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hiq.journal.journal import Journal
from hiq.settings import JournalSettings
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from hiq.sink.base import Batch
from hiq.stats import JournalStats
from tests.e2e.process import HiqServe, until
from tests.e2e.readers import influxdb_points
from tests.lineprotocol import decode_one
from tests.servers.databases import InfluxDB

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(180)]

UNAVAILABLE = ("unknown", "unavailable", "")


def journaled(path: Path) -> list[tuple[str, int]]:
    """Return entity and nanoseconds of every point that a sink would still get."""
    journal = Journal.open(path, JournalSettings(), JournalStats())
    found = []
    try:
        cursor = journal.cursor("reader", "ha", "oldest", required=False)
        while chunk := cursor.read(5000, 4 * 1024 * 1024):
            batch = Batch(chunk.body, chunk.points)
            for line in batch.lines().decode().splitlines():
                point = decode_one(line)
                tags = dict(point.tags)
                found.append((f"{tags['domain']}.{tags['entity_id']}", point.time_ns))
            cursor.advance(chunk.end)
    finally:
        journal.close()
    (path / "cursors" / "reader.json").unlink()
    return found


async def test_sigterm_under_load_keeps_everything_received(
    influxdb: InfluxDB, tmp_path: Path
) -> None:
    """With 2,000 events a second and no database: exit 0, and nothing is lost.

    An unbroken beginning of what was sent is journaled, and arrives later.
    """
    influxdb.stop()
    home = Simulator(World(entities=200, seed=7), rate=0)
    await home.start()
    block = (
        "influxdb:\n  host: 127.0.0.1\n"
        f"  port: {influxdb.port}\n  database: {influxdb.database}\n"
    )
    hiq = HiqServe(tmp_path / "hiq", block, HA_HTTP_URL=home.url, HA_TOKEN=home.token)
    try:
        await asyncio.to_thread(hiq.start)
        home.rate = 2000
        loaded = lambda: hiq.status()["received"] > 4000  # noqa: E731
        await asyncio.to_thread(until, "load", loaded, 60)
        received = (await asyncio.to_thread(hiq.status))["received"]
        status, seconds = await asyncio.to_thread(hiq.terminate)
        home.rate = 0
        assert status == 0, hiq.log_tail()
        assert seconds < 10

        kept = await asyncio.to_thread(journaled, hiq.data / "journal")
        assert len(kept) == len(set(kept)), "a point was journaled twice"
        points = [
            (fired.entity_id, fired.updated_us * 1000)
            for fired in home.fired
            if fired.state not in UNAVAILABLE
        ]
        last = max(index for index, point in enumerate(points) if point in set(kept))
        assert set(points[: last + 1]) == set(kept)
        assert len(kept) > received * 0.8

        await asyncio.to_thread(influxdb.start)
        await asyncio.to_thread(hiq.start)

        def delivered() -> bool:
            numbers = hiq.status()
            (sink,) = numbers["sinks"].values()
            return not sink["pending"] and not numbers["buffered"]

        await asyncio.to_thread(until, "the journal is empty", delivered, 60)
        found = await asyncio.to_thread(
            influxdb_points, influxdb.url, influxdb.database
        )
        assert set(kept) - found.keys() == set()
        assert (await asyncio.to_thread(hiq.terminate))[0] == 0
    finally:
        hiq.kill()
        await home.stop()
