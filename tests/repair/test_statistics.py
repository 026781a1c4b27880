"""Long-term statistics as lines of their own measurement."""

from __future__ import annotations

import json

import pytest

from hiq.ha.history import connected
from hiq.ha.locate import Candidate, websocket_url
from hiq.repair.statistics import statistics
from tests.ha.home import TOKEN, scripted_home
from tests.lineprotocol import decode_one

HOUR_MS = 3_600_000
START_MS = 1_764_000_000_000


async def imported(ids, rows, chosen=lambda name: True, hours=2):
    """Import from a home that answers this."""
    async with scripted_home() as home:
        home.answers["recorder/list_statistic_ids"] = json.dumps(ids)
        home.answers["recorder/statistics_during_period"] = json.dumps(rows)
        place = Candidate("primary", websocket_url(home.url))
        async with connected(place, TOKEN) as history:
            found = b""
            end_us = (START_MS + hours * HOUR_MS) * 1000
            async for lines, count in statistics(
                history, chosen, START_MS * 1000, end_us
            ):
                assert lines.count(b"\n") == count
                found += lines
            return found.splitlines(), home


async def test_a_row_is_a_point_of_its_hour():
    """Name, unit and values of an hour; what has no value makes no field."""
    ids = [{"statistic_id": "sensor.a", "statistics_unit_of_measurement": "m/s, x"}]
    rows = {
        "sensor.a": [
            {"start": START_MS, "end": START_MS + HOUR_MS, "mean": 1.5, "sum": None},
            {"start": START_MS + HOUR_MS, "end": 0},
            {"start": START_MS + 2 * HOUR_MS, "end": 0, "mean": 9},
        ]
    }
    (line,), home = await imported(ids, rows)
    point = decode_one(line)
    assert point.measurement == "hiq_statistics"
    assert dict(point.tags) == {"domain": "sensor", "entity_id": "a", "unit": "m/s, x"}
    assert point.fields == {"mean": 1.5}
    assert point.time_ns == START_MS * 1_000_000
    (asked,) = [
        command
        for command in home.commands[0]
        if command["type"] == "recorder/statistics_during_period"
    ]
    assert asked["period"] == "hour"


async def test_imported_statistics_keep_their_source():
    """A statistic of an integration has a colon in its name."""
    ids = [{"statistic_id": "energy:grid"}, {"statistic_id": "sensor.b"}]
    rows = {"energy:grid": [{"start": START_MS, "end": 0, "sum": 7, "state": 2.0}]}
    (line,), _ = await imported(ids, rows, chosen=lambda name: name != "sensor.b")
    point = decode_one(line)
    assert dict(point.tags) == {"domain": "energy", "entity_id": "grid"}
    assert point.fields == {"sum": 7.0, "state": 2.0}


@pytest.mark.parametrize("chosen", [True, False])
async def test_only_what_is_chosen_is_asked_for(chosen):
    """Without a chosen statistic nothing is asked for."""
    _, home = await imported([{"statistic_id": "sensor.a"}], {}, lambda name: chosen)
    assert home.asked("recorder/statistics_during_period") == int(chosen)
