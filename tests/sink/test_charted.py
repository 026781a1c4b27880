"""What a chart shows: which field, which step, and only what is newest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.sink.charted import (
    STEPS_S,
    Found,
    changes,
    choose,
    merged,
    step_s,
)


def test_the_shortest_usual_step() -> None:
    """At most so many points of a span; never longer than needed."""
    assert step_s(3600, 1000) == 5
    assert step_s(100, 1000) == 0.1
    assert step_s(86400 * 30, 1000) == 3600
    assert step_s(1e12, 2) == STEPS_S[-1]


@given(st.floats(0.1, 3e8), st.integers(2, 5000))
def test_a_step_never_makes_too_many_points(span_s: float, most: int) -> None:
    """The span holds at most so many steps, unless it is longer than all of them."""
    step = step_s(span_s, most)
    assert step in STEPS_S
    assert span_s / step <= most or step == STEPS_S[-1]


@pytest.mark.parametrize(
    ("entity_id", "found", "name", "is_text"),
    [
        ("light.a", [Found("value", 5, 0, 1), Found("state", 5)], "state", True),
        ("sensor.a", [Found("value", 5, 0, 1), Found("state", 5)], "value", False),
        ("light.a", [Found("value", 5, 0, 3), Found("state", 5)], "value", False),
        ("x.a", [Found("state", 2)], "state", True),
        ("x.a", [Found("value", 2, 1, 1)], "value", False),
        ("x.a", [Found("value", 0), Found("state_value", 2)], "state_value", True),
    ],
)
def test_which_field(
    entity_id: str, found: list[Found], name: str, is_text: bool
) -> None:
    """The number, but the words of what is only on or off."""
    chosen = choose(entity_id, found)
    assert chosen is not None
    assert (chosen[0].name, chosen[1]) == (name, is_text)


def test_no_field_that_can_be_drawn() -> None:
    """Attributes are not drawn."""
    assert choose("a.b", [Found("brightness", 3, 1, 2), Found("value", 0)]) is None


def test_parts_of_a_field_are_one() -> None:
    """Points add up; lowest and highest are of all parts."""
    parts = [Found("v", 1, 2.0, 3.0), Found("v", 2, 1.0, 1.5), Found("s", 4)]
    assert merged(parts) == [Found("v", 3, 1.0, 3.0), Found("s", 4, None, None)]


def test_only_the_newest_changes() -> None:
    """Repeats go; of too many changes the oldest go."""
    times, texts = [1.0, 2.0, 3.0, 4.0, 5.0], ["a", "a", "b", "a", "a"]
    assert changes(times, texts, 10) == ([1.0, 3.0, 4.0, 5.0], ["a", "b", "a", "a"])
    assert changes(times, texts, 2) == ([4.0, 5.0], ["a", "a"])
    assert changes([], [], 2) == ([], [])
