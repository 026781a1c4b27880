"""Settings for services that write to a stand-in of InfluxDB, and its faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hiq.settings import Settings, SinkSettings
from hiq.simulate.server import Simulator
from tests.fake_influx import FakeInflux, Fault
from tests.lineprotocol import decode_one
from tests.serving import settings_for

__all__ = ["influx_settings", "points", "refuse"]


def influx_settings(
    home: Simulator | None, folder: Path, influx: FakeInflux, **changes: Any
) -> Settings:
    """Settings of a service with that database, tried again soon."""
    sink = SinkSettings(
        name="influxdb",
        type="influxdb2",
        url=influx.url,
        bucket=influx.place,
        org=influx.org,
        token=influx.token,
        breaker_probe=0.05,
    )
    return settings_for(home, folder, sinks=(sink,), **changes)


def refuse(influx: FakeInflux, status: int = 503) -> None:
    """Answer so until the script is cleared."""
    influx.script.extend([Fault(status=status)] * 10_000)


def points(influx: FakeInflux) -> list[tuple[str, int]]:
    """Entity and nanoseconds of every stored line, repeats included."""
    found = []
    for line in influx.lines:
        point = decode_one(line)
        tags = dict(point.tags)
        found.append((f"{tags['domain']}.{tags['entity_id']}", point.time_ns))
    return found
