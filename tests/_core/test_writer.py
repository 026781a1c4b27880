"""From a judged event to a line."""

from __future__ import annotations

import pytest

from hiq import Pipeline
from tests._core.helpers import agree
from tests.events import TIME_NS, frame, state_changed


def test_form_of_a_line() -> None:
    """Measurement, tags, fields in order of names, stamp, line end."""
    event = state_changed(
        attributes={"unit_of_measurement": "W", "b": "x", "a": 1, "n": None}
    )
    expected = f'W,domain=sensor,entity_id=x a=1.0,b_str="x",n_str="None",value=5.0 {TIME_NS}\n'
    assert agree([frame(event)]).decode() == expected


def test_point_without_field_is_no_point() -> None:
    """If no field is left there is no line, also if there was one before."""
    ignore = {"ignore_attributes": ["a"]}
    events = [
        frame(state_changed(state=state, attributes={"a": 1, "b": b}))
        for state, b in (("nan", "inf"), ("5", 1), ("nan", "inf"), ("inf", "x"))
    ]
    assert agree(events, ignore).count(b"\n") == 2


@pytest.mark.parametrize("tags", [[], ["friendly_name"]])
def test_attribute_tags_are_never_remembered(tags: list[str]) -> None:
    """A tag that comes from an attribute follows it at once."""
    names = ["a", "b", "b", None, "a"]
    events = [frame(state_changed(attributes={"friendly_name": n})) for n in names]
    agree(events, {"tags_attributes": tags})


def test_memory_of_many_large_states_is_bounded() -> None:
    """When there is no room to remember more, lines are the same."""
    core = Pipeline({"high_water": 1 << 32})
    text = "x" * 30_000
    lines = []
    for _ in range(2):
        for number in range(1500):
            event = state_changed(entity_id=f"a.b{number}", attributes={"a": text})
            assert core.feed(frame(event)).points == 1
        lines.append(core.take())
    assert lines[0] == lines[1]
