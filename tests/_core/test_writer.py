"""From a judged event to a line."""

from __future__ import annotations

from random import Random
from typing import Any

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


@pytest.mark.parametrize("limit", [1, 3_000, 10_000, 50_000])
def test_states_that_were_not_used_lately_are_forgotten(limit: int) -> None:
    """With little memory for last states the lines are the same, and it is counted."""
    small, large = Pipeline({"max_remembered_bytes": limit}), Pipeline()
    last: dict[int, Any] = {}
    random = Random(limit)
    for step in range(2_000):
        number = min(random.randrange(40), random.randrange(40))
        attributes = {"a": random.randrange(3), "b": "x" * random.randrange(100)}
        message = state_changed(
            f"a.b{number}", str(step), attributes, old_state=last.get(number)
        )
        last[number] = message["event"]["data"]["new_state"]
        text = frame(message)
        for given in (text, b"[" + text + b"," + text + b"]"):
            small.feed(given)
            large.feed(given)
    assert small.take() == large.take()
    assert small.forgotten_states > 0
    assert large.forgotten_states == 0


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
