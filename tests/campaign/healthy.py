"""`make healthy`: a healthy home for an hour, and not one alert.

    python -m tests.campaign.healthy [--minutes 60] [--rate 20] [--entities 200]

A simulated home changes all the time; `hiq serve` writes to the embedded store and, if
one is here, to a real InfluxDB; three clients take every event and confirm. The monitor
runs with its defaults, but that it judges entities after ten minutes instead of a day.
Exit status 1 if any alert was raised, or the counters do not add up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hiq import client
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.e2e.process import HiqServe
from tests.servers.databases import InfluxDB

__all__ = ["Outcome", "healthy", "main", "report"]

CLIENTS = 3
LOOK_S = 10.0
CONFIG = """
home_assistant: {{url: "{url}", token: {token}}}
http: {{requests_per_minute: 0}}
monitor: {{{monitor}}}
sinks:
- {{type: sqlite, name: store}}
{influxdb}
"""
SINK = '- {{name: influxdb, type: influxdb1, url: "{url}", database: hiq}}'
MONITOR = "learn: 10m"


@dataclass(slots=True)
class Outcome:
    """What an hour came to.

    Attributes:
        seconds: how long it was.
        sent: states that the home had.
        health: the last answer of /health.
        alerts: the last answer of /api/v1/alerts.
        clients: events that each client took.
    """

    seconds: float
    sent: int = 0
    health: dict[str, Any] = field(default_factory=dict)
    alerts: dict[str, Any] = field(default_factory=dict)
    clients: Counter[int] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        """Whether nothing was raised and everything adds up."""
        return not self.alerts["raised"] and not self.health["counters"]["imbalance"]


async def healthy(
    folder: Path,
    *,
    seconds: float,
    rate: float,
    entities: int,
    monitor: str = MONITOR,
    say: Callable[[str], object] = lambda _: None,
) -> Outcome:
    """Run a healthy home for so long."""
    outcome = Outcome(seconds)
    home = Simulator(World(entities=entities, seed=8), rate=rate, remember=1000)
    await home.start()
    try:
        with _influxdb(folder) as sink:
            config = CONFIG.format(
                url=home.url, token=home.token, influxdb=sink, monitor=monitor
            )
            hiq = HiqServe(folder / "hiq", config)
            await asyncio.to_thread(hiq.start)
            try:
                await _run(hiq, home, outcome, say)
            finally:
                await asyncio.to_thread(hiq.terminate)
    finally:
        await home.stop()
    return outcome


class _influxdb:  # noqa: N801  reads as a function
    """A real InfluxDB if one is installed; gives its lines of settings."""

    def __init__(self, folder: Path) -> None:
        there = shutil.which("influxd") is not None
        self._server = InfluxDB(folder / "influxdb") if there else None

    def __enter__(self) -> str:
        if self._server is None:
            return ""
        self._server.start()
        self._server.query("CREATE DATABASE hiq")
        return SINK.format(url=self._server.url)

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.stop()


async def _run(
    hiq: HiqServe, home: Simulator, outcome: Outcome, say: Callable[[str], object]
) -> None:
    loop = asyncio.get_running_loop()
    end_s = loop.time() + outcome.seconds
    async with asyncio.TaskGroup() as group:
        taking = [
            group.create_task(_take(hiq.url, number, outcome.clients))
            for number in range(CLIENTS)
        ]
        told_s = 0.0
        while (left_s := end_s - loop.time()) > 0:
            await asyncio.sleep(min(LOOK_S, left_s / 2 + 0.1))
            outcome.health = (await asyncio.to_thread(hiq.get, "/health"))[1]
            outcome.alerts = (await asyncio.to_thread(hiq.get, "/api/v1/alerts"))[1]
            outcome.sent = home.fired_total
            if loop.time() - told_s >= 60:
                told_s = loop.time()
                say(f"{time.strftime('%H:%M:%S')} {line(outcome)}")
        for task in taking:
            task.cancel()


async def _take(url: str, number: int, taken: Counter[int]) -> None:
    """Take every event, as a client that is well."""
    async with client.connect(url, domains=DOMAINS[number]) as events:
        async for _ in events:
            taken[number] += 1


DOMAINS: tuple[list[str], ...] = (["sensor"], ["light", "switch"], [])


def line(outcome: Outcome) -> str:
    """Return where it is, in a line."""
    counters, alerts = outcome.health["counters"], outcome.alerts
    latency = ", ".join(
        f"{name} p50 {one['p50']:.2f} p95 {one['p95']:.2f} p99 {one['p99']:.2f} s"
        for name, one in alerts["latency"].items()
    )
    return (
        f"received {counters['received']}, imbalance {counters['imbalance']}, "
        f"alerts {sum(alerts['raised'].values())}; {latency}"
    )


def report(outcome: Outcome) -> str:
    """Return what it came to."""
    alerts = outcome.alerts
    lines = [
        f"{outcome.seconds / 60:.1f} minutes, {outcome.sent} states of the home",
        line(outcome),
        f"events that clients took: {[outcome.clients[n] for n in range(CLIENTS)]}",
        f"read back: {json.dumps(alerts['read_back'])}",
    ]
    lines += [f"raised: {one}" for one in alerts["active"] + alerts["history"]]
    return "\n".join([*lines, "no alert" if outcome.good else "NOT HEALTHY"])


def main() -> int:
    """Run it and print what it came to."""
    parser = argparse.ArgumentParser(prog="make healthy", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--entities", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(
            healthy(
                Path(folder),
                seconds=options.minutes * 60,
                rate=options.rate,
                entities=options.entities,
                say=lambda text: print(text, file=sys.stderr, flush=True),
            )
        )
    print(report(outcome))
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
