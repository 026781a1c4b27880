"""States at connect as synthetic events."""

import json

from msgspec import Raw

from hiq.ha import messages
from hiq.ha.snapshot import snapshot_frames
from tests.ha.conversation import answer
from tests.reference import ReferencePipeline


def recorded():
    """The states of the recorded home."""
    message = messages.decode_message(answer("get_states"))
    return messages.decode_states(message.result)


def test_an_event_has_the_form_of_a_real_one():
    """The made event repeats the state, its time and its context."""
    (frame,) = snapshot_frames(recorded()[:1])
    (message,) = json.loads(frame)
    state = json.loads(bytes(recorded()[0]))
    assert message["type"] == "event"
    assert message["event"] == {
        "event_type": "state_changed",
        "data": {
            "entity_id": state["entity_id"],
            "old_state": None,
            "new_state": state,
        },
        "origin": "LOCAL",
        "time_fired": state["last_updated"],
        "context": state["context"],
    }


def test_the_points_are_those_of_the_live_events():
    """A state gives the same line whether it came as event or in the snapshot."""
    state = b'{"entity_id":"sensor.a","state":"1.5","attributes":{"unit_of_measurement":"W"},"last_changed":"2026-11-20T10:00:00+00:00","last_updated":"2026-11-20T10:00:00.5+00:00","context":{"id":"x","parent_id":null,"user_id":null}}'
    live = (
        b'{"id":3,"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"sensor.a","old_state":null,"new_state":'
        + state
        + b'},"origin":"LOCAL","time_fired":"2026-11-20T10:00:00.5+00:00","context":{"id":"x","parent_id":null,"user_id":null}}}'
    )
    one, two = ReferencePipeline({}), ReferencePipeline({})
    one.feed(live)
    for frame in snapshot_frames([Raw(state)]):
        two.feed(frame, True)
    lines = one.take()
    assert lines.count(b"\n") == 1
    assert two.take() == lines


def test_frames_are_bounded_in_events_and_bytes():
    """No frame has more events than allowed, nor grows past the size by more than one."""
    states = recorded()
    frames = list(snapshot_frames(states, max_events=50, max_bytes=10_000))
    sizes = [len(json.loads(frame)) for frame in frames]
    assert sum(sizes) == len(states)
    assert max(sizes) <= 50
    longest = max(map(len, states)) + 1000
    assert all(len(frame) < 10_000 + longest for frame in frames)
    assert list(snapshot_frames([])) == []


def test_a_state_without_its_parts_reaches_the_pipeline():
    """Odd states become events too, so that they are counted and not lost."""
    odd = [b"{}", b"[1]", b'{"entity_id":5}', b'{"entity_id":"a.b","state":"1"}']
    (frame,) = snapshot_frames(map(Raw, odd))
    pipeline = ReferencePipeline({})
    verdict = pipeline.feed(frame, True)
    assert verdict.events == len(json.loads(frame)) == 4
    assert verdict.rejected == 4
