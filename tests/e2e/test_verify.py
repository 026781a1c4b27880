"""`hiq verify` against a real Home Assistant and real databases."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.e2e.drive import drive, settled
from tests.e2e.process import HiqServe, until
from tests.servers.databases import InfluxDB, VictoriaMetrics
from tests.servers.home_assistant import HomeAssistant

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]

CONFIG = """
sinks:
- {{name: influxdb, type: influxdb1, url: "{influxdb}", database: hiq}}
- {{name: vm, type: victoriametrics, url: "{vm}"}}
- {{name: store, type: sqlite}}
"""


def verify(hiq: HiqServe, *arguments: str) -> tuple[int, Any]:
    """Run `hiq verify --json` with the settings of a service."""
    done = subprocess.run(
        [
            sys.executable, "-m", "hiq", "verify", "--json",
            "--config", str(hiq.config), *arguments,
        ],
        env=hiq.environment(),
        cwd=hiq.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def driven(home: HomeAssistant, hiq: HiqServe) -> tuple[int, int]:
    """Let hiq see some changes; return the whole seconds from and to."""
    hiq.start()
    try:
        start = math.ceil(time.time())
        while time.time() < start:
            time.sleep(0.05)
        drive(home, count=600, mixed=600, seed=5)
        settled(home, datetime.fromtimestamp(start, UTC))
        until("delivered", lambda: idle(hiq), 60)
        end = math.ceil(time.time())
        while time.time() < end + 11:  # what is younger is left out
            time.sleep(0.2)
        hiq.terminate()
    finally:
        hiq.kill()
    return start, end


def idle(hiq: HiqServe) -> bool:
    """Whether everything received is in every sink."""
    status = hiq.status()
    return not status["buffered"] and all(
        not sink["pending"] for sink in status["sinks"].values()
    )


def clean(found: dict[str, Any]) -> bool:
    """Whether a sink has everything and nothing else."""
    return not (found["missing"] or found["extra"] or found["different"])


def test_what_is_deleted_is_named_and_repaired(
    home_assistant: HomeAssistant,
    influxdb: InfluxDB,
    victoriametrics: VictoriaMetrics,
    tmp_path: Path,
) -> None:
    """Of 20 points deleted by hand exactly those are missing; a repair brings them."""
    config = CONFIG.format(influxdb=influxdb.url, vm=victoriametrics.url)
    login = {"HA_HTTP_URL": home_assistant.url, "HA_TOKEN": home_assistant.token}
    hiq = HiqServe(tmp_path / "hiq", config, **login)
    start, end = driven(home_assistant, hiq)
    span = ("--start", str(start), "--end", str(end))

    code, found = verify(hiq, *span)
    wrong = [one for sink in found["sinks"].values() for one in sink["differences"]]
    assert not wrong, json.dumps(wrong[:12])
    assert (code, found["ok"]) == (0, True)
    compared = {name: sink["compared"] for name, sink in found["sinks"].items()}
    assert compared["influxdb"] == compared["store"] > 800

    points = influxdb.points()
    inside = [p for p in points if start * 10**9 <= p["time"] < end * 10**9]
    victims = Random(1).sample(inside, 20)
    for point in victims:
        influxdb.query(
            f'DELETE FROM "{point["_measurement"]}" WHERE time = {point["time"]}'
            f" AND entity_id = '{point['entity_id']}' AND domain = '{point['domain']}'"
        )
    deleted = {(f"{p['domain']}.{p['entity_id']}", p["time"]) for p in victims}
    assert len(deleted) == 20

    code, found = verify(hiq, *span)
    assert (code, found["ok"]) == (1, False)
    sink = found["sinks"]["influxdb"]
    assert (sink["missing"], sink["extra"], sink["different"]) == (20, 0, 0)
    named = {(one["entity_id"], one["time_ns"]) for one in sink["differences"]}
    assert named == deleted
    assert clean(found["sinks"]["vm"])
    assert clean(found["sinks"]["store"])

    code, found = verify(hiq, *span, "--sink", "influxdb", "--repair")
    assert code == 1
    assert found["sinks"]["influxdb"]["repaired"] == 20
    code, found = verify(hiq, *span)
    assert (code, found["ok"]) == (0, True)
    assert len(influxdb.points()) == len(points)

    victim = victims[0]
    line = f"{victim['_measurement']},domain={victim['domain']},"
    line = f"hiq_wrong,domain={victim['domain']},entity_id={victim['entity_id']}"
    influxdb.write(f"{line} value=1 {victim['time']}\n")
    influxdb.write(f"{line} value=1 {victim['time'] + 1}\n")
    code, found = verify(hiq, *span, "--sink", "influxdb")
    assert (code, found["sinks"]["influxdb"]["extra"]) == (1, 2)
