"""Attributes with a meaning."""

from __future__ import annotations

from tests._core.helpers import agree, fields, point
from tests.events import frame, state_changed


def test_tag_wins_over_ignored() -> None:
    """An attribute that is a tag and ignored is a tag."""
    options = {"tags_attributes": ["a", "n"], "ignore_attributes": ["a", "b"]}
    found = point(options, attributes={"a": "x", "b": 1, "n": None})
    assert found.tags == {"domain": "sensor", "entity_id": "x", "a": "x"}
    assert found.fields == {"value": 5.0}


def test_ignored_name_is_the_attribute_not_the_field() -> None:
    """Ignoring `a_str` does not touch the text of `a`."""
    assert point({"ignore_attributes": "a_str"}, attributes={"a": "z"}).fields == {
        "value": 5.0,
        "a_str": "z",
    }


def test_null_attribute_switch() -> None:
    """Null is `None`, or nothing if the switch says so; also when it comes and goes."""
    assert fields({"a": None}) == {"a_str": "None"}
    values = [None, 1, None, "x", None, None, "5%"]
    events = [frame(state_changed(attributes={"a": v, "b": 1})) for v in values]
    for tags in ([], ["a"]):
        for skip in (True, False):
            agree(events, {"skip_null_attributes": skip, "tags_attributes": tags})


def test_text_of_a_tag_is_python_text() -> None:
    """A list as tag has Python's text, restored where that is known."""
    found = point(
        {"tags_attributes": ["rgb_color", "l"]},
        entity_id="light.a",
        attributes={"rgb_color": [1, 2, 3], "l": [1, "x"]},
    )
    assert (found.tags["rgb_color"], found.tags["l"]) == ("(1, 2, 3)", "[1, 'x']")
