"""Home Assistant's envelope: which message is what."""

from __future__ import annotations

import json
import mmap
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from tests._core.helpers import agree, raw
from tests.events import frame, state_changed

SPACE = st.sampled_from(["", "", " ", "\n", "\t \r\n"])


def escaped(text: str, draw: Any) -> str:
    """A JSON string of a text in which any character may be written as an escape."""
    parts = []
    for char in text:
        point = ord(char)
        if char in '"\\' or point < 32 or draw(st.integers(0, 9)) == 0:
            units = [point]
            if point > 0xFFFF:
                point -= 0x10000
                units = [0xD800 + (point >> 10), 0xDC00 + (point & 0x3FF)]
            parts += [f"\\u{unit:04{draw(st.sampled_from('xX'))}}" for unit in units]
        else:
            parts.append(char)
    return '"' + "".join(parts) + '"'


def written(value: Any, draw: Any) -> str:
    """JSON text of a value: members in any order, some repeated, space anywhere."""
    space = draw(SPACE)
    if isinstance(value, dict):
        members = list(value.items())
        if draw(st.integers(0, 3)) == 0:
            members = draw(st.permutations(members))
        if members and draw(st.integers(0, 5)) == 0:
            early = (
                draw(st.sampled_from(members))[0],
                draw(st.sampled_from([None, 5])),
            )
            members = [early, *members]
        texts = [
            f"{escaped(name, draw)}{space}:{space}{written(item, draw)}"
            for name, item in members
        ]
        return "{" + space + f"{space},{space}".join(texts) + space + "}"
    if isinstance(value, list):
        return "[" + space + ",".join(written(item, draw) for item in value) + "]"
    if isinstance(value, str):
        return escaped(value, draw)
    return json.dumps(value)


MESSAGES = st.sampled_from(
    [
        state_changed(attributes={"a": 1, "friendly_name": "Bath 2", "é\n": ["x", {}]}),
        state_changed(entity_id="light.a", attributes={"xy_color": [0.1, 0.2]}),
        state_changed(entity_id="light.a", new_state=None),
        state_changed(state="unavailable", old_state={"state": "5"}),
        {"type": "result", "id": 3, "success": True, "result": None},
        {"type": "event", "event": {"event_type": "call_service", "data": {}}},
        {"type": "event", "event": {"a": {"sensor.x": {"s": "5"}}}},
        {"type": "pong", "id": 4},
    ]
)


@settings(max_examples=400)
@given(st.data(), st.lists(MESSAGES, min_size=1, max_size=3), st.booleans())
def test_form_never_matters(
    data: st.DataObject, messages: list[Any], as_list: bool
) -> None:
    """Order of keys, repeats, escapes and space change nothing but the bytes."""
    value: Any = messages if as_list or len(messages) > 1 else messages[0]
    agree([written(value, data.draw).encode()])


@pytest.mark.parametrize(
    "key",
    "type event event_type data entity_id new_state state attributes time_fired".split(),
)
def test_last_of_repeated_keys_counts(key: str) -> None:
    """Each key of the envelope may come twice: the last one is taken."""
    text = frame(state_changed(old_state={"state": "1"}, attributes={"a": 1})).decode()
    at = text.index(f'"{key}":') if key != "state" else text.index('"state":"5"')
    early = text[:at] + f'"{key}":{{"x":[]}},' + text[at:]
    assert Pipeline().feed(early.encode()).points == 1
    agree([early.encode()])
    opened = text.replace(f'"{key}":', f'"{key}":null,"{key}":')
    agree([opened.encode()])
    late = text.replace('"id":1', f'"{key}":5,"id":1')
    agree([late.encode()])


@pytest.mark.parametrize(
    "key",
    "type event event_type data entity_id new_state old_state context state attributes "
    "time_fired".split(),
)
def test_keys_may_be_written_with_escapes(key: str) -> None:
    """A key is the same key however it is written, and nearly the same is another."""
    text = frame(state_changed(attributes={"a": 1})).decode()
    unusual = "".join(f"\\u{ord(char):04x}" for char in key)
    assert b"a=1.0" in agree([text.replace(f'"{key}":', f'"{unusual}":').encode()])
    agree([text.replace(f'"{key}":', f'"{unusual}x":').encode()])
    agree([text.replace(f'"{key}":', f'"{key[:-1]}Z":').encode()])
    agree([text.replace(f'"{key}":', f'"\\n{key[1:]}":').encode()])


def test_words_may_be_written_with_escapes() -> None:
    """So are the words that make a message a state event."""
    text = raw("{}").replace(b'"event"', rb'"\u0065vent"', 1)
    text = text.replace(b'"state_changed"', rb'"state\u005fchanged"')
    assert agree([text])
    agree([raw("{}").replace(b'"state_changed"', rb'"state\/changed"')])
    agree([raw("{}").replace(b'"state_changed"', rb'"state_changed\t"')])


def test_other_messages_pass_in_order() -> None:
    """What is no state event comes back byte for byte, between those that are."""
    others = [b'{"id":1, "type":"result"}', b"{}", b'{"type":"event","event":5}']
    event = frame(state_changed())
    verdict = Pipeline().feed(b" [ " + b" , ".join([*others, event, b"{}"]) + b" ]")
    assert verdict.passed == [*others, b"{}"]
    assert (verdict.events, verdict.points) == (1, 1)
    assert Pipeline().feed(b" \n" + others[0] + b"\n").passed == [others[0]]


@pytest.mark.parametrize("value", [b"5", b'"x"', b"null", b"true", b"[]", b"[[]]"])
def test_what_is_no_object_is_rejected(value: bytes) -> None:
    """A message that is not an object is refused, its neighbours go through."""
    event = frame(state_changed())
    if not value.startswith(b"["):
        agree([value])
    assert agree([b"[" + value + b"," + event + b"]"])


def test_large_frames_are_taken_and_forgotten() -> None:
    """A frame far beyond the usual leaves the pipeline as it was."""
    many = [state_changed(state=str(i), attributes={"a": i}) for i in range(20_000)]
    pipeline = Pipeline({"high_water": 1 << 30})
    assert pipeline.feed(frame(many)).points == 20_000
    assert pipeline.take().count(b"\n") == 20_000
    assert pipeline.feed(frame(many[0])).points == 1


def test_size_limit() -> None:
    """A frame above 256 MiB is refused unread; orjson has no such limit."""
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS  # nothing of it is really there
    with mmap.mmap(-1, (256 << 20) + 1, flags=private) as memory:
        pipeline = Pipeline()
        assert pipeline.feed(memory).rejected == 1
        with memoryview(memory)[:-1] as largest:
            assert pipeline.feed(largest).rejected == 1
        one_more, read = pipeline.rejects()
        assert (one_more[0], len(one_more[1])) == ("TOO_LARGE", 200)
        assert read[0] == "BAD_JSON"
