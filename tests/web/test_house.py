"""The status of the house, from states and events as Home Assistant encodes them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.web.house import House
from hiq.web.types.house import Delta

AREAS = {"light.hall": "hall", "light.desk": "office", "light.lamp": "office"}


def state(entity_id: str, text: str, **attributes: Any) -> bytes:
    """Return a state."""
    found = {"entity_id": entity_id, "state": text, "attributes": attributes}
    return json.dumps(found).encode()


def event(entity_id: str, text: str | None, **attributes: Any) -> bytes:
    """Return an event; None removes the entity."""
    new = None if text is None else json.loads(state(entity_id, text, **attributes))
    data = {"entity_id": entity_id, "old_state": None, "new_state": new}
    return json.dumps({"event_type": "state_changed", "data": data}).encode()


def status(house: House) -> dict[str, Any]:
    """Return the document."""
    found: dict[str, Any] = msgspec.to_builtins(house.status("now"))
    return found


@pytest.fixture
def house() -> House:
    """Give a house of a few things, all known."""
    found = House(AREAS.get)
    found.begin(
        [
            state(
                "climate.bath",
                "heat",
                friendly_name="Bath",
                current_temperature=20.5,
                temperature=22,
            ),
            state("person.ann", "home", friendly_name="Ann"),
            state("light.hall", "on"),
            state("light.desk", "off"),
            state("light.lamp", "on"),
            state("light.nowhere", "off"),
            state(
                "binary_sensor.door", "off", device_class="door", friendly_name="Door"
            ),
            state("binary_sensor.smoke", "off", device_class="smoke"),
            state("binary_sensor.plain", "on"),
            state("switch.pump", "on"),
            state("automation.night", "on"),
            state("sensor.power", "12"),
        ]
    )
    return found


def test_the_whole_picture(house: House) -> None:
    """Every section has what belongs there, in order."""
    assert status(house) == {
        "climate": [
            {
                "entity_id": "climate.bath",
                "friendly_name": "Bath",
                "current_temperature": 20.5,
                "target_temperature": 22.0,
                "hvac_mode": "heat",
                "unit": "C",
            }
        ],
        "presence": [{"entity_id": "person.ann", "name": "Ann", "state": "home"}],
        "lights_by_area": [
            {"area": "hall", "on_count": 1, "off_count": 0},
            {"area": "office", "on_count": 1, "off_count": 1},
            {"area": "unknown", "on_count": 0, "off_count": 1},
        ],
        "sensors": {
            "door": [
                {
                    "entity_id": "binary_sensor.door",
                    "name": "Door",
                    "state": "closed",
                    "device_class": "door",
                }
            ],
            "other": [
                {
                    "entity_id": "binary_sensor.plain",
                    "name": "binary_sensor.plain",
                    "state": "on",
                    "device_class": "other",
                },
                {
                    "entity_id": "binary_sensor.smoke",
                    "name": "binary_sensor.smoke",
                    "state": "off",
                    "device_class": "smoke",
                },
            ],
        },
        "switches_on": ["switch.pump"],
        "active_automations": ["automation.night"],
        "timestamp": "now",
    }


@pytest.mark.parametrize(
    ("device_class", "text", "word"),
    [
        ("door", "on", "open"),
        ("window", "off", "closed"),
        ("garage_door", "on", "open"),
        ("opening", "off", "closed"),
        ("motion", "on", "detected"),
        ("occupancy", "off", "clear"),
        ("lock", "on", "unlocked"),
        ("lock", "off", "locked"),
        ("smoke", "on", "on"),
        ("door", "unavailable", "unavailable"),
        ("lock", "unknown", "unknown"),
    ],
)
def test_words_of_the_device_classes(device_class: str, text: str, word: str) -> None:
    """On and off have the words of their class; everything else stays what it is."""
    house = House()
    house.observe([event("binary_sensor.x", text, device_class=device_class)])
    ((sensor,),) = status(house)["sensors"].values()
    assert (sensor["state"], sensor["device_class"]) == (word, device_class)


def test_unavailable_is_neither_on_nor_off(house: House) -> None:
    """A light or switch that is away is not counted as off, and not as on."""
    house.observe([event("light.hall", "unavailable"), event("switch.pump", "unknown")])
    found = status(house)
    assert found["lights_by_area"][0] == {"area": "hall", "on_count": 0, "off_count": 0}
    assert found["switches_on"] == []


def test_what_is_removed_is_gone(house: House) -> None:
    """A removal takes an entity out of its section, and an empty area with it."""
    ids = ("light.hall", "climate.bath", "binary_sensor.door", "switch.pump")
    house.observe([event(entity_id, None) for entity_id in ids])
    found = status(house)
    assert [area["area"] for area in found["lights_by_area"]] == ["office", "unknown"]
    assert found["climate"] == []
    assert "door" not in found["sensors"]
    assert found["switches_on"] == []
    house.observe([event("light.hall", None)])


def test_what_is_not_in_the_states_at_connect_is_gone(house: House) -> None:
    """Entities that went while nobody listened do not stay."""
    house.begin([state("light.desk", "on")])
    found = status(house)
    assert found["lights_by_area"] == [
        {"area": "office", "on_count": 1, "off_count": 0}
    ]
    assert found["presence"] == found["active_automations"] == []


def test_an_area_may_change(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of the registry each light is counted where it is now."""
    monkeypatch.setitem(AREAS, "light.lamp", "hall")
    house.refresh_areas()
    assert status(house)["lights_by_area"][:2] == [
        {"area": "hall", "on_count": 2, "off_count": 0},
        {"area": "office", "on_count": 0, "off_count": 1},
    ]


def listen(house: House) -> list[dict[str, Any]]:
    """Return the list that gets all deltas from now on."""
    found: list[dict[str, Any]] = []

    def listener(deltas: list[Delta]) -> None:
        found.extend(msgspec.to_builtins(deltas))

    house.listen(listener)
    return found


def test_deltas_say_what_changed(house: House) -> None:
    """One object, or the whole list; what did not change sends none."""
    found = listen(house)
    house.observe([event("light.hall", "on"), event("sensor.power", "13")])
    assert found == []
    house.observe(
        [event("person.ann", "away"), event("person.ann", "work", friendly_name="Ann")]
    )
    assert found == [
        {
            "type": "delta",
            "section": "presence",
            "data": {"entity_id": "person.ann", "name": "Ann", "state": "work"},
        }
    ]
    found.clear()
    house.observe(
        [
            event("switch.b", "on"),
            event("light.desk", "on"),
            event("climate.bath", None),
        ]
    )
    assert found == [
        {
            "type": "delta",
            "section": "climate",
            "data": {"entity_id": "climate.bath", "removed": True},
        },
        {
            "type": "delta",
            "section": "lights_by_area",
            "data": msgspec.to_builtins(house.status("").lights_by_area),
        },
        {
            "type": "delta",
            "section": "switches_on",
            "data": ["switch.b", "switch.pump"],
        },
    ]


def test_a_listener_who_comes_late_gets_no_old_change(house: House) -> None:
    """What changed while nobody listened is in the snapshot, not in a delta."""
    house.observe([event("light.hall", "off"), event("person.ann", "away")])
    found = listen(house)
    house.observe([event("sensor.power", "1")])
    assert found == []
    assert msgspec.to_builtins(house.snapshot("now"))["type"] == "snapshot"


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[]", b'{"data": {}}', b'{"data": {"entity_id": 3}}']
)
def test_what_cannot_be_read_is_counted(raw: bytes) -> None:
    """It changes nothing."""
    house = House()
    house.observe([raw])
    house.begin([raw])
    assert house.unreadable == 2


@pytest.mark.parametrize(
    "value", [None, True, "22", [], {}, pytest.param(10**400, id="huge")]
)
def test_strange_attributes_do_no_harm(value: Any) -> None:
    """A temperature that is no number is none; a name that is no text is the id."""
    house = House()
    strange = {"temperature": value, "friendly_name": 3, "temperature_unit": None}
    house.observe([event("climate.x", "off", **strange)])
    (climate,) = status(house)["climate"]
    assert climate["target_temperature"] is None
    assert (climate["friendly_name"], climate["unit"]) == ("climate.x", "C")


def test_the_number_of_entities_is_bounded() -> None:
    """One beyond the limit is left out and counted; a known one is still followed."""
    house = House(limit=2)
    house.observe([event(f"switch.{n}", "on") for n in range(3)])
    assert house.left_out == 1
    house.observe([event("switch.0", None), event("switch.2", "on")])
    assert status(house)["switches_on"] == ["switch.1", "switch.2"]


IDS = ("light.a", "light.b", "switch.a", "binary_sensor.a", "person.a", "climate.a")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(IDS), st.sampled_from(["on", "off", "unavailable", None])
        )
    )
)
def test_deltas_lead_to_the_same_picture(changes: list[tuple[str, str | None]]) -> None:
    """Whoever applies all deltas to a snapshot knows what a new snapshot says."""
    house = House()
    house.begin([])
    known: dict[str, Any] = {}
    objects: dict[tuple[str, str], Any] = {}
    found = listen(house)
    for entity_id, text in changes:
        house.observe([event(entity_id, text)])
    for delta in found:
        section, data = delta["section"], delta["data"]
        if isinstance(data, list):
            known[section] = data
        elif "removed" in data:
            del objects[section, data["entity_id"]]
        else:
            objects[section, data["entity_id"]] = data
    final = status(house)
    for section in ("lights_by_area", "switches_on"):
        assert known.get(section, []) == final[section]
    sensors = [sensor for group in final["sensors"].values() for sensor in group]
    for section, things in (
        ("climate", final["climate"]),
        ("presence", final["presence"]),
        ("sensors", sensors),
    ):
        assert [v for (s, _), v in objects.items() if s == section] == things


def test_states_of_other_domains_are_not_even_decoded() -> None:
    """They are most of a home, and may hold what cannot be read."""
    house = House()
    house.begin([b'{"entity_id":"sensor.x","state":5}', state("switch.a", "on")])
    assert (house.unreadable, house.known) == (0, True)
    assert status(house)["switches_on"] == ["switch.a"]
