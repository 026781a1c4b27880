"""Whatever is down comes back, in any order, and everything received arrives once."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.drive import calls, recorded, settled
from tests.e2e.oracle import compare
from tests.e2e.process import HiqServe, until
from tests.e2e.readers import influxdb_points
from tests.servers.databases import InfluxDB
from tests.servers.home_assistant import HomeAssistant

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(400)]

OUTAGE_S = 60


def test_everything_restarts(
    new_home_assistant: Callable[..., HomeAssistant],
    influxdb: InfluxDB,
    tmp_path: Path,
) -> None:
    """Hiq starts first, the database is away for a minute, Home Assistant is killed.

    `/readyz` and `/health` say the truth at every step.
    """
    home = new_home_assistant()
    home.stop()
    influxdb.stop()
    block = (
        "influxdb:\n  host: 127.0.0.1\n"
        f"  port: {influxdb.port}\n  database: {influxdb.database}\n"
    )
    hiq = HiqServe(tmp_path / "hiq", block, HA_HTTP_URL=home.url, HA_TOKEN=home.token)
    hiq.launch()
    try:
        # nothing but hiq is there: alive, not ready, and it says why
        hiq.wait(lambda: hiq.get("/livez")[0] == 200, 30, "alive")
        code, answer = hiq.get("/readyz")
        assert code == 503
        assert "Home Assistant" in str(answer)

        home.start()
        until("ready although the database is down", hiq.ready, 90)
        began = datetime.now(UTC)

        # the database stays away; the changes wait in the journal
        away = time.monotonic()
        assert home.call_services(calls(600, seed=4)) == []
        until("the sink is known to be down", lambda: sink(hiq)["state"] != "ok")
        assert hiq.get("/readyz")[0] == 200
        code, health = hiq.get("/health")
        assert health["status"] == "degraded", health
        until("all wait in the journal", lambda: sink(hiq)["pending"] > 600)
        assert sink(hiq)["last_error"]
        time.sleep(max(0.0, OUTAGE_S - (time.monotonic() - away)))
        assert home.call_services(calls(100, seed=5)) == []
        influxdb.start()
        until("the backlog is gone", lambda: sink(hiq)["pending"] == 0, 90)
        until("healthy", lambda: hiq.get("/health")[1]["status"] == "healthy", 30)

        # Home Assistant dies and comes back
        before = settled(home, began)
        home.kill()
        until("not ready without Home Assistant", lambda: not hiq.ready())
        code, answer = hiq.get("/readyz")
        assert "Home Assistant" in str(answer)
        home.start()
        until("ready again", hiq.ready, 90)
        again = datetime.now(UTC)
        assert home.call_services(calls(300, seed=6)) == []
        after = settled(home, began)
        until("all is delivered", lambda: sink(hiq)["pending"] == 0, 30)
        until("nothing is buffered", lambda: hiq.status()["buffered"] == 0)

        found = influxdb_points(influxdb.url, influxdb.database)
        live = {
            key: point
            for key, point in after.items()
            if key[1] >= again.timestamp() * 1e9
        }
        must = before | live
        assert len(before) > 700
        everything = recorded(home, began - timedelta(days=1))
        difference = compare(must, everything | after, found)
        assert not difference, str(difference)
        assert hiq.status()["imbalance"] == 0
        assert hiq.terminate()[0] == 0
    finally:
        hiq.kill()


def sink(hiq: HiqServe) -> dict[str, object]:
    """Return the numbers of the only sink."""
    (numbers,) = hiq.status()["sinks"].values()
    return dict(numbers)
