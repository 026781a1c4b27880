"""Rows become the lines that live events gave, also where attributes are missing."""

from __future__ import annotations

import json

from msgspec import Raw

from hiq.ha.history_rows import decode_current, decode_rows
from hiq.ha.messages import EntityEntry
from hiq.repair.convert import Converter

NOW = 1_764_000_000


def row(state="1.5", second=0, **attributes):
    """One row as JSON."""
    return {"s": state, "a": attributes, "lu": NOW + second}


def present(entity_id, **attributes):
    """One present state."""
    stamp = "2026-11-20T10:00:00+00:00"
    text = {"entity_id": entity_id, "last_updated": stamp, "attributes": attributes}
    return decode_current(Raw(json.dumps([text]).encode()))


def lines(converter, **rows):
    """Convert rows of sensor entities; returns the lines."""
    answer = {f"sensor.{name}": several for name, several in rows.items()}
    found = converter.convert(decode_rows(Raw(json.dumps(answer).encode())))
    return b"".join(it.data for _, it in found.taken).decode().splitlines(), found


def test_a_row_that_lost_its_attributes_keeps_its_series():
    """Without any attribute the unit comes from the present state, else not."""
    converter = Converter({}, ["ha"])
    converter.learn(present("sensor.a", unit_of_measurement="W", big="x"), [])
    found, counts = lines(converter, a=[row(), row(second=1, level=2)], b=[row()])
    assert sorted(line.partition(",")[0] for line in found) == [
        "W",
        "sensor.a",
        "sensor.b",
    ]
    assert counts.completed == 1


def test_a_tag_that_is_not_recorded_comes_from_the_present():
    """A tag that no row has is not recorded; where some have it, it is theirs."""
    converter = Converter({"tags_attributes": ["source", "room"]}, ["ha"])
    converter.learn(present("sensor.a", source="mqtt", room="now"), [])
    found, counts = lines(converter, a=[row(room="hall"), row(second=1, x=1)])
    assert ",room=hall" in found[0] and ",source=mqtt" in found[0]
    assert ",room" not in found[1] and ",source=mqtt" in found[1]
    assert counts.completed == 2


def test_filtered_entities_are_not_asked_for():
    """Entities that the filter drops are left out before anything is read."""
    converter = Converter({"exclude": {"domains": ["sensor"]}}, ["ha"])
    names = ["sensor.a", "light.c", "light.b", "light.b"]
    assert converter.wanted(names) == ["light.b", "light.c"]
    assert Converter({}, ["ha"]).wanted(["sensor.a"]) == ["sensor.a"]


def test_every_row_is_counted_once():
    """Points, skipped and removed rows add up to the events."""
    converter = Converter({}, ["ha"])
    converter.learn([], [EntityEntry("light.a", "mqtt")])
    rows = [row(), row("unavailable", 1), {"s": None, "a": {}, "lu": NOW + 2}]
    _, found = lines(converter, a=rows)
    assert found.counts["events"] == 3
    assert (found.counts["points"], found.counts["skipped"]) == (1, 2)
