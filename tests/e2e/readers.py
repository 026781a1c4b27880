"""Readers of the three databases: what is stored, as entity and time -> fields.

They use what each server documents for reading, and nothing of hiq. A point that is
there twice (in two series) is an error here already.
"""

from __future__ import annotations

import json
import sqlite3
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.e2e.oracle import MEASUREMENT, Key

__all__ = ["influxdb_points", "sqlite_points", "victoriametrics_values"]


def ask(url: str, **parameters: str) -> bytes:
    """Return the body of a GET with these query parameters."""
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"{url}?{query}", timeout=60) as answer:
        return bytes(answer.read())


def influxql(url: str, database: str, text: str) -> list[dict[str, Any]]:
    """Return the series of one InfluxQL statement, times in nanoseconds."""
    body = json.loads(ask(f"{url}/query", db=database, q=text, epoch="ns"))
    (result,) = body["results"]
    assert "error" not in result, result
    return list(result.get("series", ()))


def influxdb_points(url: str, database: str) -> dict[Key, dict[str, Any]]:
    """Read every point of an InfluxDB 1 database."""
    found: dict[Key, dict[str, Any]] = {}
    for names in influxql(url, database, "SHOW MEASUREMENTS"):
        for (measurement,) in names["values"]:
            quoted = measurement.replace("\\", "\\\\").replace('"', '\\"')
            text = f'SELECT * FROM "{quoted}" GROUP BY "domain","entity_id"'
            for series in influxql(url, database, text):
                tags = series["tags"]
                entity_id = f"{tags['domain']}.{tags['entity_id']}"
                for row in series["values"]:
                    fields = dict(zip(series["columns"], row, strict=True))
                    key = (entity_id, fields.pop("time"))
                    assert key not in found, f"{key} is in two series"
                    present = {k: v for k, v in fields.items() if v is not None}
                    found[key] = {**present, MEASUREMENT: measurement}
    return found


def sqlite_points(path: Path) -> dict[Key, dict[str, Any]]:
    """Read every point of the embedded store through its documented view."""
    found: dict[Key, dict[str, Any]] = {}
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT measurement, entity_id, domain, time_ns, field, number, text"
            " FROM points"
        )
        for measurement, entity_id, domain, time_ns, field, number, text in rows:
            name = entity_id if "." in entity_id else f"{domain}.{entity_id}"
            fields = found.setdefault((name, time_ns), {MEASUREMENT: measurement})
            assert fields[MEASUREMENT] == measurement, f"{name} is in two series"
            assert field not in fields, f"{name} has {field} twice at {time_ns}"
            fields[field] = text if number is None else number
    finally:
        connection.close()
    return found


def victoriametrics_values(url: str) -> list[tuple[str, str, int, float]]:
    """Read every sample: metric, entity, milliseconds, value; repeats are kept.

    Fresh samples show only after a flush, and the export ends at now unless told.
    """
    ask(f"{url}/internal/force_flush")
    body = ask(
        f"{url}/api/v1/export", **{"match[]": '{__name__!=""}', "end": "4102444800"}
    )
    found = []
    for line in body.splitlines():
        series = json.loads(line)
        labels = series["metric"]
        entity_id = f"{labels.get('domain')}.{labels.get('entity_id')}"
        for stamp, value in zip(series["timestamps"], series["values"], strict=True):
            found.append((labels["__name__"], entity_id, stamp, value))
    return found
