"""A week of a home's past is imported by a `hiq backfill` that is killed twice.

`HIQ_PAST_ROWS=1000000 pytest tests/e2e/test_past.py -s` is the full size.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.past import fill, truth
from tests.e2e.readers import influxql
from tests.servers.databases import InfluxDB
from tests.servers.home_assistant import HomeAssistant

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(1800)]

ROWS = int(os.environ.get("HIQ_PAST_ROWS", "60000"))
ENTITIES = 200
DAYS = 7
MEMORY_MIB = 160


def rss_mib(pid: int) -> float:
    """Return the memory in RAM of a process."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def stored(influxdb: InfluxDB) -> set[tuple[str, int]]:
    """Return entity and microseconds of each point of the past."""
    found: set[tuple[str, int]] = set()
    (names,) = influxql(influxdb.url, influxdb.database, "SHOW MEASUREMENTS")
    for (measurement,) in names["values"]:
        text = f'SELECT "value" FROM "{measurement}" GROUP BY "entity_id"'
        for series in influxql(influxdb.url, influxdb.database, text):
            name = f"sensor.{series['tags']['entity_id']}"
            for stamp, _ in series["values"]:
                assert (name, stamp // 1000) not in found, f"{name} is in two series"
                found.add((name, stamp // 1000))
    return found


def test_a_week_is_imported_although_killed_twice(
    new_home_assistant: Callable[..., HomeAssistant],
    influxdb: InfluxDB,
    tmp_path: Path,
) -> None:
    """Every row of the recorder is a point afterwards, and memory stays bounded."""
    home = new_home_assistant()
    home.stop()
    settings = home.folder / "config" / "configuration.yaml"
    text = settings.read_text().replace("purge_keep_days: 2", "purge_keep_days: 20")
    settings.write_text(text)
    database = home.folder / "config" / "home-assistant_v2.db"
    now = time.time()
    fill(database, ROWS, ENTITIES, DAYS, now - 60)
    home.start()
    home.call_service(
        "firehose", "burst", {"count": ENTITIES, "entities": ENTITIES, "prefix": "past"}
    )
    url = urllib.parse.urlsplit(influxdb.url)
    config = tmp_path / "hiq.yaml"
    config.write_text(
        f"home_assistant: {{url: '{home.url}', token: {home.token}}}\n"
        f"influxdb: {{host: 127.0.0.1, port: {url.port}, "
        f"database: {influxdb.database}}}\n"
        f"data_dir: {tmp_path / 'data'}\n"
    )
    start = datetime.fromtimestamp(now - (DAYS + 1) * 86_400, UTC).isoformat()
    end = datetime.fromtimestamp(now - 30, UTC).isoformat()
    command = [sys.executable, "-m", "hiq", "backfill", "--config", str(config)]
    command += ["--start", start, "--end", end, "--rate", "100000", "--json"]
    command += ["--entities", "sensor.past_*"]
    peaks = []
    began = time.monotonic()
    for kill_at in (0.2, 0.6, None):
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, rss_mib(process.pid))
            if kill_at is not None and _share(tmp_path / "data") >= kill_at:
                process.kill()
            time.sleep(0.01)
        out = process.communicate()[0]
        peaks.append(round(peak, 1))
        assert process.returncode == (0 if kill_at is None else -9)
    seconds = time.monotonic() - began
    result = json.loads(out)
    must, found = truth(database), stored(influxdb)
    within = {key for key in must if key[1] < (now - 30) * 1e6}
    print(
        f"\n{ROWS} rows, {len(within)} points, {seconds:.1f} s, peak RSS MiB {peaks}, "
        f"missing {len(within - found)}, extra {len(found - within)}"
    )
    assert result["sinks"]["influxdb"]["refused"] == 0
    assert found == within
    assert max(peaks) < MEMORY_MIB
    verify = [sys.executable, "-m", "hiq", "verify", "--config", str(config), "--json"]
    verify += ["--start", start, "--end", end, "--entities", "sensor.past_*"]
    done = subprocess.run(verify, capture_output=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (judged,) = json.loads(done.stdout)["sinks"].values()
    print(
        {name: judged[name] for name in ("compared", "missing", "extra", "different")}
    )
    assert judged["compared"] == len(within)


def _share(data: Path) -> float:
    """Return how far the import is, by its file."""
    for path in (data / "backfill").glob("import-*.json"):
        try:
            job = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        whole = job["end_us"] - job["start_us"]
        return float((job["done_us"] - job["start_us"]) / whole)
    return 0.0
