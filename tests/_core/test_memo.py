"""What is remembered of an entity never changes what comes out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from tests._core.helpers import agree, compact
from tests.events import TIME, frame, state_changed
from tests.strategies import ATTRIBUTES, NAMES, TEXTS, VALUES, options

STATES = st.sampled_from(["5", "6.5", "on", "off", "text", "nan", "unknown", "é", "\n"])


@st.composite
def histories(draw: st.DrawFn) -> list[bytes]:
    """Frames of a few entities, each state made from the one before."""
    last: dict[str, tuple[dict[str, Any], str]] = {}
    messages = []
    for _ in range(draw(st.integers(2, 10))):
        entity_id = draw(st.sampled_from(["sensor.x", "light.a", "climate.b"]))
        attributes, old = last.get(entity_id, (draw(ATTRIBUTES), "null"))
        attributes = dict(attributes)
        for name in draw(st.lists(st.sampled_from([*attributes, "new"]), max_size=2)):
            attributes[name] = draw(VALUES)
        if attributes and draw(st.integers(0, 6)) == 0:
            attributes.pop(draw(st.sampled_from(list(attributes))))
        new = compact(
            {
                "entity_id": entity_id,
                "state": draw(STATES | TEXTS),
                "attributes": attributes,
                "last_changed": TIME,
                "context": {"id": "1", "parent_id": None, "user_id": draw(USERS)},
            }
        )
        last[entity_id] = (attributes, new)
        old = draw(
            st.sampled_from([old, old, old, "null", new, "{}", old[:-1] + ",1}"])
        )
        messages.append(
            '{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":'
            f'"{entity_id}","old_state":{old},"new_state":{new}}},"origin":"LOCAL",'
            f'"time_fired":"{TIME}","context":{draw(CONTEXTS)}}},"id":1}}'
        )
    if draw(st.booleans()):
        cut = draw(st.integers(1, len(messages)))
        joined = [f"[{','.join(messages[:cut])}]", f"[{','.join(messages[cut:])}]"]
        return [text.encode() for text in joined]
    return [text.encode() for text in messages]


USERS = st.sampled_from([None, "6699f4f7078e47cda11046414663048e", "", 5, [], "é"])
CONTEXTS = st.sampled_from(
    [
        '{"id":"01M7WR2ST601PWH058CGT0C1ZV","parent_id":null,"user_id":null}',
        '{"id":"a","parent_id":"b","user_id":"c"}',
        '{"id":"a","parent_id":null,"user_id":null,"x":1}',
        '{"id":"a","parent_id":null,"user_id":5}',
        '{"id":"a" ,"parent_id":null}',
        '{"id":"\\u0041\\n","parent_id":null,"user_id":null}',
        '{"id":"\\ud800","parent_id":null,"user_id":null}',
        '{"id":"a","parent_id":nul,"user_id":null}',
        "null",
        "{}",
        '{"id":',
    ]
)


@settings(max_examples=600, deadline=None)
@given(histories(), st.none() | options())
def test_histories(frames: list[bytes], given_options: Any) -> None:
    """Any history gives what the reference gives, which remembers nothing."""
    agree(frames, given_options)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(NAMES, VALUES, max_size=6), st.lists(VALUES, min_size=2, max_size=5)
)
def test_one_value_changes(attributes: dict[str, Any], values: list[Any]) -> None:
    """One attribute goes through any values, beside others that stay."""
    events = []
    for value in values:
        given_attributes = {**attributes, "x_y": value}
        events.append(frame(state_changed(attributes=given_attributes)))
    agree(events)


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 400])
def test_number_of_attributes(count: int) -> None:
    """Entities with too many attributes to remember are right as well."""
    attributes: dict[str, Any] = {f"k{number}": number for number in range(count)}
    agree([frame(state_changed(state=s, attributes=attributes)) for s in ("1", "a")])


@pytest.mark.parametrize("size", [100, 32_000, 33_000, 200_000])
def test_size_of_a_state(size: int) -> None:
    """So are states too large to remember."""
    events = [
        frame(state_changed(state=state, attributes={"a": "x" * size, "b": state}))
        for state in ("1", "2", "2")
    ]
    agree(events)


def test_space_behind_a_recognised_value() -> None:
    """A value that goes on where the old one ended is not the old one."""
    base = frame(state_changed(attributes={"a": 12, "b": "x"})).decode()
    changes = ['"a":123', '"a":12.5', '"a":12 ', '"a": 12', '"a" :12', '"a":12,"c":1']
    for change in changes:
        agree([base.encode(), base.replace('"a":12', change).encode(), base.encode()])
    for broken in ('"a":12x', '"a":12 3', '"a":', '"a"', '"a":12,', '"b":"x"'):
        agree([base.encode(), base.replace('"a":12', broken).encode(), base.encode()])


def test_prefixes_of_a_known_state_are_refused() -> None:
    """A frame of a known entity, cut anywhere, is refused and changes nothing."""
    old = state_changed(attributes={"a": 1, "b": [1, 2]})["event"]["data"]["new_state"]
    text = frame(state_changed(state="6", attributes={"a": 1}, old_state=old))
    pipeline = Pipeline()
    pipeline.feed(frame(state_changed(attributes={"a": 1, "b": [1, 2]})))
    before = pipeline.take()
    for end in range(len(text)):
        assert pipeline.feed(text[:end]).rejected == 1
    assert pipeline.feed(text).points == 1
    pipeline.feed(frame(state_changed(attributes={"a": 1, "b": [1, 2]})))
    assert pipeline.take().endswith(before)


def test_rejected_frame_changes_nothing() -> None:
    """Entities, remembered states and stamps are those from before a bad frame."""
    good = [
        frame(state_changed(attributes={"a": n, "b": "x"}, time=TIME)) for n in (1, 2)
    ]
    other = frame(state_changed(entity_id="light.new", attributes={"a": 1}))
    bad = b"[" + good[1] + b"," + other + b',{"type":"event",}]'
    quiet, noisy = Pipeline(), Pipeline()
    for pipeline in (quiet, noisy):
        assert pipeline.feed(good[0]).points == 1
    for _ in range(3):
        verdict = noisy.feed(bad, snapshot=True)
        assert (verdict.rejected, verdict.events, verdict.points) == (1, 0, 0)
    assert noisy.buffered_points == quiet.buffered_points
    for pipeline in (quiet, noisy):
        assert pipeline.feed(other, snapshot=True).points == 1
        assert pipeline.feed(good[1], snapshot=True).duplicates == 1
        assert pipeline.feed(good[1]).points == 1
    assert quiet.take() == noisy.take()


def test_keys_written_differently() -> None:
    """The same attributes under keys with escapes are still the same fields."""
    plain = frame(state_changed(attributes={"a": 1, "time": 2}))
    unusual = plain.replace(b'"a":', b'"\\u0061":').replace(b'"time"', b'"t\\u0069me"')
    agree([plain, unusual, unusual, plain])
    assert json.loads(plain) == json.loads(unusual)
