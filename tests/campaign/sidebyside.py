"""`make sidebyside`: hiq, Home Assistant's own integration, vmagent; the same outage.

    python -m tests.campaign.sidebyside [--minutes 10]

One real Home Assistant changes all the time. Its own `influxdb` integration writes to
one database of a real InfluxDB, hiq to another one, and through vmagent to a real
VictoriaMetrics. The databases are down for so many minutes; then everything that holds
data (Home Assistant, hiq, vmagent) is killed with -9, and all is started again. What
Home Assistant's recorder knows is what should be there. vmagent is judged only by
what it had said to have taken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from tests.e2e.drive import calls, recorded, settled
from tests.e2e.oracle import Key
from tests.e2e.process import HiqServe, until
from tests.e2e.readers import influxdb_points, victoriametrics_values
from tests.servers.databases import InfluxDB, VictoriaMetrics
from tests.servers.home_assistant import HomeAssistant
from tests.servers.home_assistant.environments import environment
from tests.servers.process import Server, http_request, program

__all__ = ["Row", "main", "side_by_side"]

BLOCK = """
influxdb:
  host: 127.0.0.1
  port: {port}
  database: own
"""
CONFIG = """
sinks:
- {{name: influxdb, type: influxdb1, url: "{influxdb}", database: hiq}}
- {{name: vmagent, type: victoriametrics, url: "{vmagent}", required: false}}
"""
BATCH, PAUSE_S = 20, 1.0
QUIET_S = 90.0
"""How long the integration of Home Assistant may take until it writes again."""


class Vmagent(Server):
    """The popular buffer before VictoriaMetrics."""

    name = "vmagent"

    def __init__(self, folder: Path, target: str) -> None:
        self._program = program("vmagent")
        self._target = target
        super().__init__(folder)

    def command(self) -> Sequence[str]:
        """Return the command; its queue is on the disk."""
        return [
            self._program,
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-remoteWrite.url={self._target}/api/v1/write",
            f"-remoteWrite.tmpDataPath={self.folder / 'queue'}",
        ]

    def ready(self) -> bool:
        """Return whether it says that it is healthy."""
        return http_request(f"{self.url}/health", timeout=1)[0] == 200


class Driver:
    """Lets the home change until it is stopped; a home that is away is waited for."""

    def __init__(self, home: HomeAssistant) -> None:
        self._home = home
        self._calls = calls(10_000_000, seed=11)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Change nothing any more."""
        self._over.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._over.wait(PAUSE_S):
            try:
                self._home.call_services(islice(self._calls, BATCH))
            except Exception:
                continue


class Row(tuple[str, int, int]):
    """Who, how many points should be there, how many are."""

    __slots__ = ()

    @property
    def missing(self) -> int:
        """How many are not there."""
        return self[1] - self[2]


def side_by_side(folder: Path, outage_s: float) -> list[Row]:
    """Run the schedule; return what arrived."""
    influxdb = InfluxDB(folder / "influxdb")
    metrics = VictoriaMetrics(folder / "victoria-metrics")
    vmagent = Vmagent(folder / "vmagent", metrics.url)
    databases: list[Server] = [influxdb, metrics]
    for server in (*databases, vmagent):
        server.start()
    influxdb.create_database("own")
    home = HomeAssistant(
        environment("2024.3"), folder / "home", extra=BLOCK.format(port=influxdb.port)
    )
    home.start()
    config = CONFIG.format(influxdb=influxdb.url, vmagent=vmagent.url)
    hiq = HiqServe(folder / "hiq", config, HA_HTTP_URL=home.url, HA_TOKEN=home.token)
    buffers: list[Server] = [home, hiq, vmagent]
    try:
        hiq.start()
        until(
            "the integration writes", lambda: influxdb_points(influxdb.url, "own"), 60
        )
        began = datetime.now(UTC)
        driver = Driver(home)
        time.sleep(10)
        for server in databases:
            server.kill()
        time.sleep(outage_s)
        taken = _written(hiq, "vmagent")
        for server in buffers:
            server.kill()
        for server in (*databases, *buffers):
            server.start()
        time.sleep(10)
        driver.stop()
        truth = settled(home, began)
        until("hiq has delivered", lambda: not _pending(hiq), 300)
        end_s = time.monotonic() + QUIET_S
        while time.monotonic() < end_s and len(_own(influxdb, truth)) < len(truth):
            time.sleep(1)
        truth = recorded(home, began)
        return _judge(truth, began, influxdb, metrics, taken)
    finally:
        for server in (*buffers, *databases):
            server.kill()


def _judge(
    truth: dict[Key, dict[str, object]],
    began: datetime,
    influxdb: InfluxDB,
    metrics: VictoriaMetrics,
    taken: int,
) -> list[Row]:
    """Return what arrived of what should."""
    ours = truth.keys() & influxdb_points(influxdb.url, influxdb.database).keys()
    since_ms = int((began - timedelta(seconds=5)).timestamp() * 1000)
    numbers = {
        (entity_id, time_ns // 1_000_000)
        for (entity_id, time_ns), fields in truth.items()
        if "value" in fields
    }
    samples = {
        (entity_id, stamp)
        for name, entity_id, stamp, _ in victoriametrics_values(metrics.url)
        if name.endswith("_value") and stamp >= since_ms
    }
    return [
        Row(("hiq", len(truth), len(ours))),
        Row(("Home Assistant's integration", len(truth), len(_own(influxdb, truth)))),
        Row(
            (f"vmagent ({taken:,} points taken)", len(numbers), len(numbers & samples))
        ),
    ]


def _own(influxdb: InfluxDB, truth: dict[Key, dict[str, object]]) -> set[Key]:
    """Return what the integration has stored of what should be there."""
    return truth.keys() & influxdb_points(influxdb.url, "own").keys()


def _written(hiq: HiqServe, sink: str) -> int:
    return int(hiq.status()["sinks"][sink]["written"])


def _pending(hiq: HiqServe) -> int:
    status = hiq.status()
    waits = [int(sink["pending"]) for sink in status["sinks"].values()]
    return sum(waits) + int(status["buffered"]) + int(status["backfill"]["holes"])


def main() -> int:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = side_by_side(Path(folder), given.minutes * 60)
    print(
        f"databases down for {given.minutes:g} min, then all buffers killed with -9\n"
    )
    print("| | points that should be there | delivered | missing |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row[0]} | {row[1]:,} | {row[2]:,} | {row.missing:,} |")
    return 1 if rows[0].missing else 0


if __name__ == "__main__":
    sys.exit(main())
