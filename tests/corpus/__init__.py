"""Recorded data: what real Home Assistant sent, and what it wrote to InfluxDB.

Everything was recorded from Home Assistant 2024.3.3; login tokens are redacted.

- `golden/<set>/`: one configuration each (`config.yaml`, an `influxdb:` block), 3,059
  events as WebSocket messages, and for each event the line that Home Assistant's own
  integration wrote (or null).
- `vectors.json`: 45 hand-made cases run through Home Assistant's own converter.
- `frames/*.ndjson.xz`: one WebSocket text message per line (`state_changed` single,
  `events_all_coalesced` arrays of all event types, `entities_coalesced` diffs);
  `commands*`: one request with all frames that answered it.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import yaml

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
FRAMES = HERE / "frames"
GOLDEN_SETS = tuple(sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()))


class Pair(NamedTuple):
    """One event of a golden set and the line Home Assistant wrote for it."""

    frame: bytes
    entity_id: str
    line: str | None


class GoldenSet(NamedTuple):
    """One golden set: options as in Home Assistant's block, and the pairs."""

    name: str
    options: dict[str, Any]
    pairs: list[Pair]

    @property
    def dialect(self) -> Any:
        """Which client library wrote the lines, as `lineprotocol.decode` names it."""
        version = str(self.options.get("api_version", 1))
        return "client1" if version == "1" else "client2"


def lines(path: Path) -> Iterator[bytes]:
    """Lines of an xz file without their newline."""
    with lzma.open(path) as file:
        for line in file:
            yield line.rstrip(b"\n")


@cache
def golden(name: str) -> GoldenSet:
    """Load one golden set."""
    folder = GOLDEN / name
    options = yaml.safe_load((folder / "config.yaml").read_text())["influxdb"]
    rows = (json.loads(line) for line in lines(folder / "pairs.ndjson.xz"))
    events = lines(folder / "events.ndjson.xz")
    pairs = [
        Pair(frame, row["entity_id"], row["line"])
        for frame, row in zip(events, rows, strict=True)
    ]
    return GoldenSet(name, options, pairs)


def vectors() -> list[dict[str, Any]]:
    """Load the hand-made cases; they hold NaN and Infinity as Python writes them."""
    loaded: list[dict[str, Any]] = json.loads((HERE / "vectors.json").read_text())
    return loaded


def frames_path(name: str) -> Path:
    """Path of a recording: `state_changed`, `events_all_coalesced`, ..."""
    return FRAMES / f"{name}.ndjson.xz"


def frames(name: str = "state_changed", limit: int | None = None) -> list[bytes]:
    """The first `limit` frames of a recording (default all), in order."""
    return list(islice(lines(frames_path(name)), limit))
