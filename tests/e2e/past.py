"""Puts a made-up past into the database of a real Home Assistant that is stopped.

    python -m tests.e2e.past DATABASE [ROWS] [ENTITIES] [DAYS]

Rows as its recorder writes them (schema 42 and later): a state, shared attributes,
times in seconds as float. The entities are sensor.past_0 and so on.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

__all__ = ["entity_ids", "fill", "truth"]

UNITS = ("W", "kWh", "°C", "%", "hPa", None)


def entity_ids(count: int) -> list[str]:
    """Return the names."""
    return [f"sensor.past_{number}" for number in range(count)]


def fill(
    database: Path, rows: int, entities: int, days: float, now: float, seed: int = 1
) -> None:
    """Insert so many rows, spread over the days before now; bursts included."""
    random = Random(seed)
    connection = sqlite3.connect(database)
    with connection:
        # Of a time before its first run the history API answers nothing.
        first = datetime.fromtimestamp(now - (days + 2) * 86_400, UTC)
        connection.execute(
            "UPDATE recorder_runs SET start = ? WHERE run_id ="
            " (SELECT min(run_id) FROM recorder_runs)",
            (first.strftime("%Y-%m-%d %H:%M:%S.%f"),),
        )
        metadata = []
        for entity_id in entity_ids(entities):
            connection.execute(
                "INSERT OR IGNORE INTO states_meta (entity_id) VALUES (?)", (entity_id,)
            )
            (number,) = connection.execute(
                "SELECT metadata_id FROM states_meta WHERE entity_id = ?", (entity_id,)
            ).fetchone()
            metadata.append(number)
        attributes = [
            connection.execute(
                "INSERT INTO state_attributes (hash, shared_attrs) VALUES (?, ?)",
                (number, json.dumps(_attributes(number))),
            ).lastrowid
            for number in range(entities)
        ]
        span = days * 86_400
        step = span / rows

        def values() -> Iterator[tuple[object, ...]]:
            for number in range(rows):
                which = random.randrange(entities)
                stamp = now - span + (number + random.random()) * step
                state = f"{random.uniform(-50, 5000):.2f}"
                if random.random() < 0.01:
                    state = random.choice(["unknown", "unavailable"])
                yield metadata[which], attributes[which], state, stamp, None

        connection.executemany(
            "INSERT INTO states (metadata_id, attributes_id, state, last_updated_ts,"
            " last_changed_ts) VALUES (?, ?, ?, ?, ?)",
            values(),
        )
    connection.close()


def truth(database: Path) -> set[tuple[str, int]]:
    """Return entity and microseconds of each row of the past that makes a point."""
    from tests.e2e.oracle import rounded  # noqa: PLC0415  not for the script

    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    found = {
        (entity_id, rounded(stamp))
        for entity_id, state, stamp in connection.execute(
            "SELECT states_meta.entity_id, state, last_updated_ts FROM states"
            " JOIN states_meta USING (metadata_id) WHERE"
            " states_meta.entity_id GLOB 'sensor.past_*'"
        )
        if state not in {"unknown", "unavailable", "", None}
    }
    connection.close()
    return found


def _attributes(number: int) -> dict[str, object]:
    unit = UNITS[number % len(UNITS)]
    return {
        **({"unit_of_measurement": unit} if unit else {}),
        "friendly_name": f"Past {number} č",
        "level": number,
    }


if __name__ == "__main__":
    given = sys.argv[2:]
    fill(
        Path(sys.argv[1]),
        int(given[0]) if given else 1_000_000,
        int(given[1]) if len(given) > 1 else 200,
        float(given[2]) if len(given) > 2 else 7.0,
        time.time(),
    )
