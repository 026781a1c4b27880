"""Snapshots of last values in a whole service: stored, marked, counted, no finding."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from hiq.cli import cli
from hiq.cli import verify as verify_module
from hiq.regular import rounds
from hiq.settings import SinkSettings
from hiq.settings.schema import SnapshotSettings
from tests.serving import STORE, running, settings_for, until

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.simulate.server import Simulator
    from tests.servers.databases import InfluxDB, VictoriaMetrics

MARKED = """
    SELECT DISTINCT entity_id, time_ns FROM points WHERE field = 'hiq_snapshot'
"""


def ask(path: Path, text: str) -> list[tuple[Any, ...]]:
    """Return rows of the store."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return connection.execute(text).fetchall()


@pytest.mark.real
async def test_last_values_are_regular_points_that_can_be_told_from_changes(
    tmp_path: Path,
    simulator: Simulator,
    influxdb: InfluxDB,
    victoriametrics: VictoriaMetrics,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In each stream its own points; sums right, and `hiq verify` finds nothing."""
    monkeypatch.setattr(rounds, "LAG_S", 0.1)
    monkeypatch.setattr(verify_module, "COMMITTED_S", -60)
    influx = SinkSettings(
        name="influx",
        type="influxdb1",
        url=influxdb.url,
        database="hiq",
        schema="tidy",
        linger=0.0,
    )
    metrics = SinkSettings(
        name="metrics", type="victoriametrics", url=victoriametrics.url, linger=0.0
    )
    settings = settings_for(
        simulator,
        tmp_path,
        sinks=(STORE, influx, metrics),
        snapshot=SnapshotSettings(
            every=1.0, mode="include", patterns=({"domain": ["sensor"]},)
        ),
    )
    simulator.set("sensor.still", "7.5", {"unit_of_measurement": "X"})
    async with running(settings) as it:
        stats = it.stats
        await until("subscribed", lambda: stats.snapshot_states)
        await until("one", lambda: stats.regular.rounds)
        simulator.rate = 300.0
        await until("three", lambda: stats.regular.rounds >= 3)
        simulator.rate = 0.0
        await it.settled()
        assert stats.imbalance() == 0
        assert stats.extra["snapshot"] == stats.own["ha"] + stats.own["tidy"] > 0
        assert stats.accepted < stats.accepted_in("ha")
        assert [stats.sink_imbalance(sink) for sink in stats.sinks.values()] == [0] * 3
        assert b"hiq_snapshots_total" in await it.raw("/metrics")
        _, health = await it.get("/health")
        assert health["sinks"]["store"]["own"] == stats.own["ha"]
        rounds_written = stats.regular.rounds

    store = tmp_path / "store.db"
    marks = ask(store, MARKED)
    still = [time_ns for entity_id, time_ns in marks if entity_id == "sensor.still"]
    assert len(still) >= min(3, rounds_written)
    assert {time_ns % 10**9 for _, time_ns in marks} == {0}
    assert {entity_id.partition(".")[0] for entity_id, _ in marks} == {"sensor"}
    values = ask(
        store,
        "SELECT number FROM points WHERE entity_id = 'sensor.still'"
        f" AND field = 'value' AND time_ns IN ({','.join(map(str, still))})",
    )
    assert values == [(7.5,)] * len(still)
    series = "SELECT count(DISTINCT tags) FROM points WHERE entity_id = 'sensor.still'"
    assert ask(store, series) == [(1,)]

    text = (
        "SELECT value FROM sensor WHERE entity_id = 'sensor.still' AND hiq_snapshot = 1"
    )
    rows = await asyncio.to_thread(influxdb.query, text)
    assert [row["value"] for row in rows] == [7.5] * len(rows)
    assert {row["time"] for row in rows} == set(still)

    config = tmp_path / "hiq.yaml"
    config.write_text(
        f"home_assistant: {{url: '{simulator.url}', token: {simulator.token}}}\n"
        f"data_dir: {tmp_path}\nsinks:\n- {{name: store, type: sqlite, path: store.db}}\n"
        f"- {{name: influx, type: influxdb1, url: '{influxdb.url}', database: hiq,"
        " schema: tidy}\n"
        f"- {{name: metrics, type: victoriametrics, url: '{victoriametrics.url}'}}\n"
    )
    arguments = ["verify", "--config", str(config), "--start=-1h", "--json"]
    result = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
    for name, sink in json.loads(result.stdout)["sinks"].items():
        found = [sink[kind] for kind in ("missing", "extra", "different")]
        assert found == [0, 0, 0], (name, sink)
