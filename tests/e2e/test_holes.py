"""Hiq is killed, Home Assistant restarts, the network is cut: afterwards all is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from tests.e2e.drive import calls, recorded, settled
from tests.e2e.oracle import compare
from tests.e2e.process import HiqServe, until
from tests.e2e.readers import influxdb_points
from tests.servers.databases import InfluxDB
from tests.servers.home_assistant import HomeAssistant

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(400)]


def block(influxdb: InfluxDB) -> str:
    """Settings of a sink."""
    return (
        "influxdb:\n  host: 127.0.0.1\n"
        f"  port: {influxdb.port}\n  database: {influxdb.database}\n"
    )


def in_background(home: HomeAssistant, rounds: int, seed: int) -> Thread:
    """Keep the home changing for some seconds, also while nobody listens."""

    def work() -> None:
        for number in range(rounds):
            assert home.call_services(calls(60, seed=seed * 100 + number)) == []
            time.sleep(0.2)

    thread = Thread(target=work)
    thread.start()
    return thread


def repaired(hiq: HiqServe) -> bool:
    """Whether no hole is left, and nothing waits."""
    status = hiq.status()
    (sink,) = status["sinks"].values()
    return (
        status["gaps"]["open"] == 0
        and status["backfill"]["holes"] == 0
        and sink["pending"] == 0
        and status["buffered"] == 0
    )


def test_killed_hiq_and_restarted_home_leave_no_hole(
    new_home_assistant: Callable[..., HomeAssistant],
    influxdb: InfluxDB,
    tmp_path: Path,
) -> None:
    """0 missing and 0 extra after three kills and a restart; each gap is repaired."""
    home = new_home_assistant()
    hiq = HiqServe(
        tmp_path / "hiq", block(influxdb), HA_HTTP_URL=home.url, HA_TOKEN=home.token
    )
    try:
        hiq.start()
        began = datetime.now(UTC)
        load = in_background(home, 40, seed=7)
        for _ in range(3):
            time.sleep(2.5)
            hiq.kill()
            time.sleep(1.5)
            hiq.launch()
            until("ready again", hiq.ready, 60)
        load.join()
        until("repaired", lambda: repaired(hiq), 120)
        home.stop()
        home.start()
        until("ready again", hiq.ready, 90)
        load = in_background(home, 5, seed=8)
        load.join()
        points = settled(home, began)
        until("repaired", lambda: repaired(hiq), 120)
        found = influxdb_points(influxdb.url, influxdb.database)
        everything = recorded(home, began - timedelta(days=1))
        difference = compare(points, everything, found)
        assert len(points) > 2000
        assert not difference, str(difference)
        status = hiq.status()
        assert status["imbalance"] == 0
        gaps = status["gaps"]["gaps"]
        assert [gap["state"] for gap in gaps] == ["repaired"] * 4, gaps
        assert [gap["cause"] for gap in gaps] == ["stopped"] * 3 + ["disconnected"]
        assert hiq.terminate()[0] == 0
    finally:
        hiq.kill()
