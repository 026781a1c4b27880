"""The new state inside an event."""

from __future__ import annotations

import pytest

from tests._core.helpers import agree, raw
from tests.events import frame, state_changed

ORDERS = [
    '"attributes":{"a":1},"state":"5"',
    '"attributes":{"a":1},"attributes":{"b":2},"state":"5"',
    '"attributes":{"a":1},"attributes":null,"state":"5"',
    '"attributes":null,"attributes":{"b":2},"state":"5","state":"6"',
    '"state":{},"attributes":{"a":1}',
    '"state":"5"',
    '"state":"5","attributes":{"a":1},"context":5,"x":{"attributes":{"c":3}}',
]


@pytest.mark.parametrize("inside", ORDERS)
def test_members_in_any_order(inside: str) -> None:
    """State and attributes are found anywhere, the last of each counts."""
    text = frame(state_changed()).decode()
    start = text.index('"new_state":{') + len('"new_state":{')
    end = text.index('},"origin"')
    event = text[:start] + inside + text[end - 1 :]
    agree([event.encode()] * 2)
    twice = text[:start] + inside + '},"new_state":{' + inside + text[end - 1 :]
    agree([twice.encode()] * 2)


@pytest.mark.parametrize("space", ["", " ", "\n\t"])
def test_known_attributes_with_other_space(space: str) -> None:
    """Attributes written with other space are read anew and give the same."""
    events = []
    for gap in ("", space, ""):
        text = f'{{{gap}"a"{gap}:{gap}[1,{gap}2]{gap},{gap}"b":{gap}"x"{gap}}}'
        events.append(raw(text))
    lines = agree(events).splitlines()
    assert lines[0] == lines[2]


def test_two_states_of_an_entity_in_one_frame() -> None:
    """What the second is compared with is the first, not what was there before."""
    attributes = [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}, {"a": 1, "b": "x"}, {"b": 1}]
    events = [frame(state_changed(attributes=given)) for given in attributes]
    agree([events[0], b"[" + b",".join([*events, *events]) + b"]", events[0]])


def test_second_entity_id_counts() -> None:
    """An entity id that is repeated behind the state decides whose state it is."""
    plain = frame(state_changed(attributes={"a": 1})).decode()
    other = frame(state_changed(entity_id="light.z", attributes={"a": 2})).decode()
    twisted = plain.replace('},"origin"', ',"entity_id":"light.z"},"origin"', 1)
    number = plain.replace('},"origin"', ',"entity_id":5},"origin"', 1)
    escaped = plain.replace('},"origin"', ',"entity_id":"light.\\u007a"},"origin"', 1)
    events = [text.encode() for text in (plain, other, twisted, number, escaped)]
    agree(events + events)
