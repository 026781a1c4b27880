"""Messages with wrong fields are refused in Home Assistant's words."""

from __future__ import annotations

import pytest

from hiq.simulate.schema import COMMANDS, LOGIN, InvalidFormat


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_what_it_does_not_know(name: str):
    """An extra field is an error for every command."""
    with pytest.raises(InvalidFormat, match="extra keys not allowed @ data\\['zz'\\]"):
        COMMANDS[name].check({"id": 1, "type": name, "zz": 1})


def test_fields_come_without_id_and_type():
    """What is checked is returned, the rest of the message is not."""
    command = {"id": 1, "type": "subscribe_events", "event_type": "x"}
    assert COMMANDS["subscribe_events"].check(command) == {"event_type": "x"}


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        (
            "start_time",
            5,
            "expected str for dictionary value @ data['start_time']. Got 5",
        ),
        (
            "entity_ids",
            "x",
            "expected a list for dictionary value @ data['entity_ids']. Got 'x'",
        ),
        ("entity_ids", ["a.b", 5], "expected str @ data['entity_ids'][1]. Got 5"),
        (
            "no_attributes",
            1,
            "expected bool for dictionary value @ data['no_attributes']. Got 1",
        ),
    ],
)
def test_a_wrong_type_is_named(field: str, value, text: str):
    """The text says what was expected, where, and what came."""
    good = {"start_time": "2024-01-01", "entity_ids": ["a.b"]}
    with pytest.raises(InvalidFormat) as caught:
        COMMANDS["history/history_during_period"].check({**good, field: value})
    assert str(caught.value) == text


def test_all_problems_are_named_in_order():
    """Several problems come sorted, a line each."""
    with pytest.raises(InvalidFormat) as caught:
        LOGIN.check({"z": 1, "a": 2})
    assert str(caught.value).splitlines() == [
        "extra keys not allowed @ data['a']. Got 2",
        "extra keys not allowed @ data['z']. Got 1",
        "required key not provided @ data['type']. Got None",
    ]


@pytest.mark.parametrize("content", [[], "x", 5, None])
def test_what_is_no_object_is_refused(content):
    """Only an object can be a message."""
    with pytest.raises(InvalidFormat, match="expected a dictionary"):
        LOGIN.check(content)
