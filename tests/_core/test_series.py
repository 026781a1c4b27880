"""Measurement and tags."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests._core.helpers import agree, point
from tests.events import frame, state_changed

UNITS = [None, "", " ", "W", "°C", 5, True, 0, 1.5, [], {"a": 1}, "#", "a=b,c d", "\n"]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"default_measurement": "d"},
        {"override_measurement": "o"},
        {"measurement_attr": "entity_id"},
        {"measurement_attr": "domain__device_class"},
        {"component_config": {"sensor.x": {"override_measurement": "e"}}},
    ],
)
def test_unit_and_class(unit: Any, options: dict[str, Any]) -> None:
    """Any unit and class under any rule, first, again and after a change."""
    events = [
        state_changed(attributes={"unit_of_measurement": unit, "device_class": unit}),
        state_changed(attributes={"unit_of_measurement": unit}),
        state_changed(attributes={"unit_of_measurement": "x", "device_class": None}),
        state_changed(),
    ]
    agree([frame(event) for event in events + events], options)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(UNITS), min_size=2, max_size=6), st.booleans())
def test_unit_may_change_any_time(units: list[Any], with_class: bool) -> None:
    """The head that is kept with an entity is never the wrong one."""
    key = "device_class" if with_class else "unit_of_measurement"
    options = {"measurement_attr": "domain__device_class"} if with_class else None
    agree([frame(state_changed(attributes={key: u, "a": 1})) for u in units], options)


def test_static_tags_come_last() -> None:
    """A static tag hides every other, an empty one removes it."""
    options = {
        "tags": {"domain": "z", "room": "", "source": "HA, 1=2"},
        "tags_attributes": ["room", "entity_id"],
    }
    found = point(options, attributes={"room": "kitchen", "entity_id": "e"})
    assert found.tags == {"domain": "z", "entity_id": "e", "source": "HA, 1=2"}


def test_measurement_hash() -> None:
    """A leading `#` would make the line a comment."""
    lines = agree([frame(state_changed(attributes={"unit_of_measurement": "#"}))])
    assert lines.startswith(b"\\#,domain=")
