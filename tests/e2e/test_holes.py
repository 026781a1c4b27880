"""Hiq is killed, Home Assistant restarts, the network is cut: afterwards all is there."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import orjson
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


class Load:
    """Keeps the home changing from now on until `stop`, also while nobody listens."""

    def __init__(self, home: HomeAssistant, seed: int) -> None:
        self._home = home
        self._seed = seed
        self._over = Event()
        self._refused: list[str] = []
        self._thread = Thread(target=self._work)
        self._thread.start()

    def stop(self) -> None:
        """Change nothing any more; no change may have been refused."""
        self._over.set()
        self._thread.join()
        assert self._refused == []

    def _work(self) -> None:
        number = 0
        while not self._over.is_set():
            several = calls(60, seed=self._seed * 1000 + number)
            self._refused += self._home.call_services(several)
            number += 1
            self._over.wait(0.4)


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
        load = Load(home, seed=7)
        for _ in range(3):
            # A hole that begins before the recorder's first row cannot be judged.
            until("live events", lambda: has_events(hiq), 60)
            time.sleep(2.5)
            hiq.kill()
            time.sleep(1.5)
            hiq.launch()
            until("ready again", hiq.ready, 60)
        until("the holes are filled", lambda: filled(hiq), 90)
        load.stop()
        until("repaired", lambda: all_repaired(hiq), 120)
        home.stop()
        home.start()
        until("ready again", hiq.ready, 90)
        load = Load(home, seed=8)
        until("live events", lambda: has_events(hiq), 60)
        until("the hole is filled", lambda: filled(hiq), 90)
        load.stop()
        points = settled(home, began)
        until("repaired", lambda: all_repaired(hiq), 120)
        found = influxdb_points(influxdb.url, influxdb.database)
        everything = recorded(home, began - timedelta(days=1))
        difference = compare(points, everything, found)
        assert len(points) > 1500
        assert not difference, str(difference)
        status = hiq.status()
        assert status["imbalance"] == 0
        gaps = status["gaps"]["gaps"]
        assert [gap["state"] for gap in gaps] == ["repaired"] * 4, orjson.dumps(
            gaps, option=orjson.OPT_INDENT_2
        ).decode()
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
            load = Load(home, seed=9)
            for number in range(5):
                await asyncio.sleep(1.5)
                proxy.refusing = True
                proxy.drop(reset=number % 2 == 0)
                await asyncio.sleep(1.0)
                proxy.refusing = False
                await asyncio.to_thread(until, "ready again", hiq.ready, 60)
            # While the home goes on, the end of a hole is seen at once.
            await asyncio.to_thread(until, "filled", lambda: filled(hiq), 90)
            await asyncio.to_thread(load.stop)
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
            assert status["gaps"]["repaired"] == 5
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


def filled(hiq: HiqServe) -> bool:
    """Whether no hole is known that is not filled."""
    return hiq.status()["backfill"]["holes"] == 0


def all_repaired(hiq: HiqServe) -> bool:
    """Whether no hole is left and every sink has everything."""
    status = hiq.status()
    return (
        status["gaps"]["open"] == 0
        and status["backfill"]["holes"] == 0
        and status["buffered"] == 0
        and not any(sink["pending"] for sink in status["sinks"].values())
    )
