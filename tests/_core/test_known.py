"""Restored Python text of well-known attributes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from hiq._core.known_rows import COLOR_MODES, HVAC_MODES, ROWS, Row, Shape
from tests._core.helpers import agree, compact, fields, raw
from tests.events import frame, state_changed

SHAPES = {
    Shape.NUMBERS: ([1, 2.5, -0.0], "(1, 2.5, -0.0)"),
    Shape.STRINGS: (["light.a"], "('light.a',)"),
    Shape.MOMENT: ("2026-01-02T03:04:05.678+00:00", "2026-01-02 03:04:05.678+00:00"),
}
OTHERS: list[Any] = [
    [],
    [1],
    [1, 2, 3, 4, 5],
    [1, 2, 3, 4, 5, 6],
    [1, True],
    [1, "2"],
    ["a", "b"],
    ["a", 1],
    ["hs", "nope"],
    ["onoff"],
    ["hs", 5],
    ["h\u00e9"],
    {"a": 1},
    "2026-01-02T03:04:05",
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.1234567",
    "2026-01-02T03:04:05.",
    "2026-01-02T03:04:05+0a:00",
    "2026-01-02T03:04:05+01:00",
    "2026-01-02 03:04:05",
    "2026-01-02",
    "2026-01-02T03:04:0\u0665",
    5,
    None,
    True,
]


def named(row: Row) -> str:
    return f"{row.domain}-{row.attribute}"


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_well_known_row(row: Row) -> None:
    """The text is that of Home Assistant's process, the number that of JSON."""
    if row.shape is Shape.ENUMS:
        value: Any = list(row.words)
        text = "[" + ", ".join(f"<{row.enum}.{w.upper()}: '{w}'>" for w in row.words)
        text += "]"
    else:
        value, text = SHAPES[row.shape]
    attributes = {row.attribute: value, **dict.fromkeys(row.siblings)}
    entity_id = f"{row.domain}.a"
    found = fields(attributes, entity_id=entity_id)
    assert found[f"{row.attribute}_str"] == text
    plain = fields(attributes, entity_id="sensor.a")
    assert plain[f"{row.attribute}_str"] == str(value)
    assert found.get(row.attribute) == plain.get(row.attribute)


@pytest.mark.parametrize("row", ROWS, ids=named)
@pytest.mark.parametrize("value", OTHERS)
@pytest.mark.parametrize("siblings", [True, False])
def test_other_shapes_are_left_alone(row: Row, value: Any, siblings: bool) -> None:
    """A value of another shape keeps its plain text, as in the reference."""
    attributes = {row.attribute: value}
    if siblings:
        attributes |= dict.fromkeys(row.siblings)
    event = frame(state_changed(entity_id=f"{row.domain}.a", attributes=attributes))
    for platform in ("mqtt", "hue"):
        agree([event, event], platforms={f"{row.domain}.a": platform})
    agree([event], {"restore_python_text": False})


def test_enum_guard_plain_lists_untouched() -> None:
    """Lists without the attributes that real entities have are plain lists."""
    assert fields({"hvac_modes": ["off"], "min_temp": 1}, entity_id="climate.a")[
        "hvac_modes_str"
    ] == str(["off"])
    assert fields({"supported_color_modes": ["onoff"]}, entity_id="light.a") == {
        "supported_color_modes_str": "[<ColorMode.ONOFF: 'onoff'>]"
    }


def test_sibling_may_come_later_and_with_escapes() -> None:
    """The order and the writing of keys do not matter for the guard."""
    text = '{"supported_color_modes":["h\\u0073"],"xy\\u005fcolor":null}'
    assert b"<ColorMode.HS: 'hs'>" in agree([raw(text, entity_id='"light.a"')])


def test_platform_counts_from_the_next_event() -> None:
    """Telling the platform takes effect at once, and can be taken back."""
    event = frame(
        state_changed(
            entity_id="climate.a",
            attributes={"hvac_modes": ["off"], "min_temp": 1, "max_temp": 2},
        )
    )
    pipeline = Pipeline()
    found = []
    for tags in ({"platform": "mqtt"}, {"platform": "hue"}, {"platform": "mqtt"}, None):
        pipeline.set_tags("climate.a", tags)
        pipeline.feed(event)
        found.append(b"HVACMode" in pipeline.take())
    assert found == [False, True, False, True]
    pipeline.set_tags("no id", {"platform": "mqtt"})
    pipeline.set_tags("", None)


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from([*COLOR_MODES, *HVAC_MODES, "x"]), max_size=4),
    st.sets(st.sampled_from(["xy_color", "min_temp", "max_temp"])),
    st.sampled_from(["light.a", "climate.a"]),
)
def test_any_modes(modes: list[str], others: set[str], entity_id: str) -> None:
    """Any list of modes, with any siblings, as in the reference."""
    attributes = dict.fromkeys(("supported_color_modes", "hvac_modes"), modes)
    text = compact({**attributes, **dict.fromkeys(others)})
    agree([raw(text, entity_id=f'"{entity_id}"')])
