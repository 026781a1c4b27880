"""The main job: a real Home Assistant, a real database, and `hiq serve` between.

Afterwards the database holds one point for every eligible row of Home Assistant's
recorder and no other.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.drive import drive, recorded, settled
from tests.e2e.oracle import MEASUREMENT, Key, compare
from tests.e2e.process import HiqServe, until
from tests.e2e.readers import influxdb_points, sqlite_points, victoriametrics_values
from tests.servers.databases import InfluxDB, VictoriaMetrics
from tests.servers.home_assistant import HomeAssistant

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]

Truth = tuple[dict[Key, dict[str, Any]], dict[Key, dict[str, Any]]]


def run(home: HomeAssistant, hiq: HiqServe, seed: int) -> Truth:
    """Drive `home` under `hiq`; return what must be in the sink and what may be.

    Must: every row since hiq subscribed, and the state of every entity at that time.
    May: whatever the recorder has ever seen.
    """
    hiq.start()
    try:
        subscribed = datetime.now(UTC)
        at_connect = {state["entity_id"]: state for state in home.states()}
        drive(home, seed=seed)
        everything = settled(home, subscribed - timedelta(days=1))
        must = {
            key: point
            for key, point in everything.items()
            if key[1] >= subscribed.timestamp() * 1e9
            or key[1] == stamp_ns(at_connect.get(key[0]))
        }
        domains = {key[0].partition(".")[0] for key in must}
        live = [key for key in must if key[1] >= subscribed.timestamp() * 1e9]
        assert len(live) >= 2000
        assert len(domains) >= 10

        def delivered() -> bool:
            status = hiq.status()
            return status["buffered"] == 0 and all(
                sink["pending"] == 0 for sink in status["sinks"].values()
            )

        until("everything is delivered", delivered, 60)
        status, seconds = hiq.terminate()
        assert status == 0, hiq.log_tail()
        assert seconds < 10
    finally:
        hiq.kill()
    return must, everything


def stamp_ns(state: dict[str, Any] | None) -> int | None:
    """Return the time stamp of a state as nanoseconds."""
    if state is None:
        return None
    moment = datetime.fromisoformat(state["last_updated"])
    return round(moment.timestamp() * 1e6) * 1000


def environment(home: HomeAssistant) -> dict[str, str]:
    """Return where Home Assistant is and how to log in, by the usual names."""
    return {"HA_HTTP_URL": home.url, "HA_TOKEN": home.token}


def test_influxdb_gets_every_row_once(
    home_assistant: HomeAssistant, influxdb: InfluxDB, tmp_path: Path
) -> None:
    """With nothing but an `influxdb:` block and a token: 0 missing, 0 extra."""
    block = (
        "influxdb:\n  host: 127.0.0.1\n"
        f"  port: {influxdb.port}\n  database: {influxdb.database}\n"
    )
    hiq = HiqServe(tmp_path / "hiq", block, **environment(home_assistant))
    must, may = run(home_assistant, hiq, seed=1)
    found = influxdb_points(influxdb.url, influxdb.database)
    late = recorded(home_assistant, datetime.now(UTC) - timedelta(days=1))
    difference = compare(must, may | late, found)
    assert not difference, str(difference)


def test_embedded_store_gets_every_row_once(
    home_assistant: HomeAssistant, tmp_path: Path
) -> None:
    """Without any database configured: 0 missing, 0 extra in the SQLite store."""
    hiq = HiqServe(tmp_path / "hiq", "", **environment(home_assistant))
    must, may = run(home_assistant, hiq, seed=2)
    store = hiq.data / "sqlite.db"
    found = sqlite_points(store)
    late = recorded(home_assistant, datetime.now(UTC) - timedelta(days=1))
    difference = compare(must, may | late, found)
    assert not difference, str(difference)


def test_victoriametrics_gets_every_number(
    home_assistant: HomeAssistant, victoriametrics: VictoriaMetrics, tmp_path: Path
) -> None:
    """Numeric values at millisecond stamps, as a set: 0 missing, 0 extra."""
    config = (
        f"sinks:\n- name: vm\n  type: victoriametrics\n  url: {victoriametrics.url}\n"
    )
    hiq = HiqServe(tmp_path / "hiq", config, **environment(home_assistant))
    must, may = run(home_assistant, hiq, seed=3)
    late = recorded(home_assistant, datetime.now(UTC) - timedelta(days=1))
    samples = victoriametrics_values(victoriametrics.url)
    wanted = numbers(must)
    allowed = numbers(may | late)
    metrics = {sample[0] for sample in allowed}
    found = {sample for sample in samples if sample[0] in metrics}
    assert len(wanted) >= 1000
    assert wanted - found == set()
    assert found - allowed == set()


def numbers(points: dict[Key, dict[str, Any]]) -> set[tuple[str, str, int, float]]:
    """Return metric, entity, milliseconds and value of each numeric state.

    VictoriaMetrics names a series measurement_field, and cuts stamps to 1 ms.
    """
    return {
        (
            f"{fields[MEASUREMENT]}_value",
            entity_id,
            time_ns // 1_000_000,
            fields["value"],
        )
        for (entity_id, time_ns), fields in points.items()
        if "value" in fields
    }
