"""Every line that the pipeline makes reads back from InfluxDB as the point it was.

Random events under random options are written in one request; what the server then
holds is compared with the decoded lines. Lines that would change the type of a field
are left out, since no server stores both (nor does one query over all measurements
show both), and so are points with a tag and a field of
one name, which no query can tell apart.
"""

from __future__ import annotations

import itertools
import json
import urllib.parse
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from tests import strategies
from tests.events import frame, state_changed
from tests.lineprotocol import Decoded, decode
from tests.servers.databases import InfluxDB
from tests.servers.process import http_request

pytestmark = pytest.mark.real

STATES = st.fixed_dictionaries(
    {
        "entity_id": strategies.ENTITIES,
        "state": strategies.TEXTS,
        "attributes": strategies.ATTRIBUTES,
    }
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "override_measurement": strategies.LABELS,
        "default_measurement": strategies.LABELS,
        "tags": st.dictionaries(strategies.TEXTS, strategies.TEXTS, max_size=2),
        "tags_attributes": st.lists(strategies.NAMES, max_size=3),
    },
)
EVENTS = st.lists(STATES, min_size=20, max_size=60)
real_server = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # making an example smaller would take many databases
)


def ambiguous(point: Decoded) -> bool:
    """Names that InfluxDB 1.x does not always read as they were sent.

    It strips TAB and NUL where the line and its fields begin, and a backslash before a
    quote in a field key is an escape for it sometimes.
    """
    begins = point.measurement[0] + min(point.fields)[0]
    return bool(set(begins) & set("\t\0")) or any('\\"' in key for key in point.fields)


def lines_of(events: list[dict[str, Any]], options: Any) -> list[bytes]:
    """Lines that one server can hold together, each at a time of its own."""
    pipeline = Pipeline(options)
    messages = [
        state_changed(**event, time=f"2026-11-20T15:09:{i:02d}.{i:03d}+00:00")
        for i, event in enumerate(events)
    ]
    pipeline.feed(frame(messages))
    kinds: dict[str, type] = {}
    kept = []
    for line in pipeline.take().splitlines(keepends=True):
        (point,) = decode(line)
        if point.tags.keys() & point.fields.keys() or ambiguous(point):
            continue
        if all(
            kinds.setdefault(key, type(value)) is type(value)
            for key, value in point.fields.items()
        ):
            kept.append(line)
    return kept


def stored_by_influxdb(server: InfluxDB, database: str) -> list[Decoded]:
    """All points, in order of time; tags and fields apart."""
    query = urllib.parse.urlencode(
        {"q": "SELECT *::field FROM /.*/ GROUP BY *", "db": database, "epoch": "ns"}
    )
    status, body = http_request(f"{server.url}/query?{query}")
    assert status == 200
    points = []
    for series in json.loads(body)["results"][0].get("series", []):
        tags = {key: value for key, value in series["tags"].items() if value}
        for time, *values in series["values"]:
            columns = zip(series["columns"][1:], values, strict=True)
            fields = {  # whole numbers come without a point
                key: float(value) if isinstance(value, int) else value
                for key, value in columns
                if value is not None
            }
            points.append(Decoded(series["name"], tags, fields, time))
    return sorted(points, key=lambda point: point.time_ns)


def differences(stored: list[Decoded], expected: list[Decoded]) -> list[Any]:
    """Points that are in one list only, then each part that is not equal."""
    there = {point.time_ns: point for point in stored}
    meant = {point.time_ns: point for point in expected}
    found: list[Any] = [there.get(t, meant.get(t)) for t in there.keys() ^ meant.keys()]
    for time in there.keys() & meant.keys():
        for ours, theirs in zip(meant[time], there[time], strict=True):
            if isinstance(ours, dict) and isinstance(theirs, dict):
                pairs = ours.items() ^ theirs.items()
                found += [pair for pair in sorted(pairs, key=str)]
            elif ours != theirs:
                found.append((ours, theirs))
    return found


def test_every_line_accepted_by_influxdb_1(influxdb: InfluxDB) -> None:
    """InfluxDB 1.x stores every point as it was meant."""
    numbers = itertools.count()

    @real_server
    @given(EVENTS, OPTIONS)
    def check(events: list[dict[str, Any]], options: Any) -> None:
        lines = lines_of(events, options)
        name = f"accepted{next(numbers)}"
        influxdb.create_database(name)
        influxdb.write(b"".join(lines), database=name)
        expected = decode(b"".join(lines))
        stored = stored_by_influxdb(influxdb, name)
        assert differences(stored, expected) == []

    check()
    assert next(numbers) >= 10
