"""Rows become the lines that live events gave, also where attributes are missing."""

from __future__ import annotations

import json

from msgspec import Raw

from hiq.ha.history_rows import decode_current, decode_rows
from hiq.ha.home import Home
from hiq.ha.registries import Area, Entity, Floor, Registry
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


def home(*entities):
    """Registries with these entities, a kitchen, and the floor it is on."""
    rows = {
        Registry.FLOORS: [Floor("ground", "Ground")],
        Registry.AREAS: [Area("kitchen", "Kitchen", floor_id="ground")],
        Registry.ENTITIES: entities,
    }
    found = Home()
    for registry, several in rows.items():
        found = found.with_rows(registry, several)
    return found


def lines(converter, **rows):
    """Convert rows of sensor entities; returns the lines."""
    answer = {f"sensor.{name}": several for name, several in rows.items()}
    found = converter.convert(decode_rows(Raw(json.dumps(answer).encode())))
    return b"".join(it.data for _, it in found.taken).decode().splitlines(), found


async def test_a_row_that_lost_its_attributes_keeps_its_series():
    """Without any attribute the unit comes from the present state, else not."""
    converter = Converter({}, ["ha"])
    await converter.learn(present("sensor.a", unit_of_measurement="W", big="x"), Home())
    found, counts = lines(converter, a=[row(), row(second=1, level=2)], b=[row()])
    assert sorted(line.partition(",")[0] for line in found) == [
        "W",
        "sensor.a",
        "sensor.b",
    ]
    assert counts.completed == 1


async def test_a_tag_that_is_not_recorded_comes_from_the_present():
    """A tag that no row has is not recorded; where some have it, it is theirs."""
    converter = Converter({"tags_attributes": ["source", "room"]}, ["ha"])
    await converter.learn(present("sensor.a", source="mqtt", room="now"), Home())
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


async def test_every_row_is_counted_once():
    """Points, skipped and removed rows add up to the events."""
    converter = Converter({}, ["ha"])
    await converter.learn([], home(Entity("light.a", platform="mqtt")))
    rows = [row(), row("unavailable", 1), {"s": None, "a": {}, "lu": NOW + 2}]
    _, found = lines(converter, a=rows)
    assert found.counts["events"] == 3
    assert (found.counts["points"], found.counts["skipped"]) == (1, 2)


async def test_a_restored_point_has_the_tags_of_the_registries():
    """So it lies in the same series as live ones, of every schema that has such tags."""
    converter = Converter({}, ["homeiq", "tidy"])
    await converter.learn([], home(Entity("sensor.a", area_id="kitchen")))
    found, _ = lines(converter, a=[row()])
    assert len(found) == 2
    assert ",area_id=kitchen" in found[0]
    assert ",area=Kitchen" in found[1]
    await converter.learn([], home(Entity("sensor.a")))
    assert all("itchen" not in line for line in lines(converter, a=[row()])[0])


async def test_a_filter_by_area_decides_what_is_asked_for():
    """As for live events: by the registries as they are now."""
    rule = {"mode": "include", "patterns": [{"area_id": "kitchen"}]}
    converter = Converter({"filter": rule}, ["ha"])
    await converter.learn(
        [], home(Entity("sensor.a", area_id="kitchen"), Entity("sensor.b"))
    )
    assert converter.wanted(["sensor.a", "sensor.b"]) == ["sensor.a"]
    assert len(lines(converter, a=[row()], b=[row()])[0]) == 1
