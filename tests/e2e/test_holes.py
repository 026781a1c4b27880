"""Hiq is killed, Home Assistant restarts, the network is cut: afterwards all is there."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from tests.e2e.drive import calls, recorded, settled
from tests.e2e.oracle import compare
from tests.e2e.process import HiqServe, until
from tests.e2e.readers import influxdb_points
from tests.proxy import Proxy
from tests.servers.databases import InfluxDB, VictoriaMetrics
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
            # A hole that begins before the recorder's first row cannot be judged.
            until("live events", lambda: has_events(hiq), 60)
            time.sleep(2.5)
            hiq.kill()
            time.sleep(1.5)
            hiq.launch()
            until("ready again", hiq.ready, 60)
        load.join()
        until("repaired", lambda: all_repaired(hiq), 120)
        home.stop()
        home.start()
        until("ready again", hiq.ready, 90)
        load = in_background(home, 5, seed=8)
        load.join()
        points = settled(home, began)
        until("repaired", lambda: all_repaired(hiq), 120)
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


async def test_a_cut_network_leaves_no_hole(
    new_home_assistant: Callable[..., HomeAssistant],
    influxdb: InfluxDB,
    victoriametrics: VictoriaMetrics,
    tmp_path: Path,
) -> None:
    """Connections reset, refused and stalled: 0 missing, 0 extra, and no repeats."""
    home = await asyncio.to_thread(new_home_assistant)
    config = (
        "sinks:\n"
        f"  - {{type: influxdb1, name: influx, url: '{influxdb.url}', "
        f"database: {influxdb.database}}}\n"
        f"  - {{type: victoriametrics, name: vm, url: '{victoriametrics.url}'}}\n"
    )
    async with Proxy(home.port) as proxy:
        hiq = HiqServe(
            tmp_path / "hiq", config, HA_HTTP_URL=proxy.url, HA_TOKEN=home.token
        )
        try:
            await asyncio.to_thread(hiq.start)
            began = datetime.now(UTC)
            load = asyncio.create_task(
                asyncio.to_thread(lambda: in_background(home, 50, seed=9).join())
            )
            for number in range(6):
                await asyncio.sleep(1.5)
                proxy.refusing = True
                proxy.drop(reset=number % 2 == 0)
                await asyncio.sleep(1.0)
                proxy.refusing = False
                await asyncio.to_thread(until, "ready again", hiq.ready, 60)
            await load
            points = await asyncio.to_thread(settled, home, began)
            await asyncio.to_thread(until, "repaired", lambda: all_repaired(hiq), 120)
            found = await asyncio.to_thread(
                influxdb_points, influxdb.url, influxdb.database
            )
            everything = await asyncio.to_thread(
                recorded, home, began - timedelta(days=1)
            )
            difference = compare(points, everything, found)
            assert len(points) > 1000
            assert not difference, str(difference)
            status = await asyncio.to_thread(hiq.status)
            assert status["gaps"]["lost"] == 0
            assert status["gaps"]["repaired"] == 6
            assert status["sinks"]["vm"]["resent"] == 0
            wanted = Counter(
                (name, time_ns // 10**6)
                for (name, time_ns), fields in found.items()
                if "value" in fields
            )
            kept = Counter(
                (f"{tags['domain']}.{tags['entity_id']}", stamp)
                for series in await asyncio.to_thread(victoriametrics.export)
                if (tags := series["metric"])["__name__"].endswith("_value")
                for stamp in series["timestamps"]
            )
            assert kept == wanted
            assert (await asyncio.to_thread(hiq.terminate))[0] == 0
        finally:
            await asyncio.to_thread(hiq.kill)


def has_events(hiq: HiqServe) -> bool:
    """Whether anything has changed in the home since it was connected."""
    return hiq.status()["home_assistant"]["last_event_at"] is not None


def all_repaired(hiq: HiqServe) -> bool:
    """Whether no hole is left and every sink has everything."""
    status = hiq.status()
    return (
        status["gaps"]["open"] == 0
        and status["backfill"]["holes"] == 0
        and status["buffered"] == 0
        and not any(sink["pending"] for sink in status["sinks"].values())
    )
