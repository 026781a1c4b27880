"""What those who watch are shown: accepted events, byte for byte as they were sent."""

from __future__ import annotations

import msgspec
import orjson
import pytest
from benchmarks.playing import played

import hiq


class Envelope(msgspec.Struct):
    """A message and the bytes of its event."""

    event: msgspec.Raw = msgspec.Raw(b"")


def event(entity_id="sensor.a", state="1", stamp=1, **more):
    """The message of a state change."""
    new = {
        "entity_id": entity_id,
        "state": state,
        "attributes": {"unit_of_measurement": "W"},
        "last_changed": "2026-01-01T00:00:00+00:00",
        "context": {"id": "c", "parent_id": None, "user_id": None},
    }
    data = {"entity_id": entity_id, "old_state": None, "new_state": new}
    fired = f"2026-01-01T00:00:00.{stamp:06d}+00:00"
    message = {
        "type": "event",
        "event": {
            "event_type": "state_changed",
            "data": data,
            "origin": "LOCAL",
            "time_fired": fired,
            "context": new["context"],
        },
        "id": 18,
    }
    message["event"]["data"].update(more)
    return orjson.dumps(message)


def raw(message):
    """The bytes of the event in a message."""
    return bytes(msgspec.json.decode(message, type=Envelope).event)


def events_of(frame):
    """The bytes of all events in a frame."""
    if frame.lstrip().startswith(b"["):
        return [
            bytes(one.event) for one in msgspec.json.decode(frame, type=list[Envelope])
        ]
    return [raw(frame)]


@pytest.mark.parametrize("form", ["single", "coalesced"])
def test_every_recorded_event_that_is_accepted_is_shown(form):
    """All recorded events, first read and then recognised; none that is refused."""
    pipeline = hiq.Pipeline()
    pipeline.tap(True)
    frames = played(form, 3000).messages
    for _ in range(2):
        for frame in frames:
            verdict = pipeline.feed(frame)
            found = pipeline.tapped()
            assert len(found) == verdict.points + verdict.skipped
            sent = events_of(frame)
            assert [text for *_, text in found] == [
                text for text in sent if text in {text for *_, text in found}
            ]
            for number, entity_id, _, text in found:
                assert number > 0
                assert orjson.loads(text)["data"]["entity_id"] == entity_id
    assert pipeline.tap_dropped == 0


def test_nobody_who_watches_costs_nothing_and_sees_nothing():
    """Off, or before it is on, nothing is collected."""
    pipeline = hiq.Pipeline()
    pipeline.feed(event())
    assert pipeline.tapped() == []
    pipeline.tap(True)
    assert pipeline.tapped() == []
    pipeline.feed(event(stamp=2))
    pipeline.tap(True)
    assert len(pipeline.tapped()) == 1
    pipeline.feed(event(stamp=3))
    pipeline.tap(False)
    assert pipeline.tapped() == []


def test_only_wanted_entities_are_collected():
    """What nobody wants is left out until everything is forgotten."""
    pipeline = hiq.Pipeline()
    pipeline.tap(True)
    for name in ("sensor.a", "sensor.b"):
        pipeline.feed(event(name))
    numbers = {name: number for number, name, *_ in pipeline.tapped()}
    pipeline.set_interest(numbers["sensor.a"], False)
    pipeline.set_interest(numbers["sensor.b"], True)
    pipeline.set_interest(0, False)
    for stamp in (2, 3):
        for name in ("sensor.a", "sensor.b", "sensor.c"):
            pipeline.feed(event(name, stamp=stamp))
    names = [name for _, name, *_ in pipeline.tapped()]
    assert names == ["sensor.b", "sensor.c"] * 2
    pipeline.forget_interests()
    pipeline.feed(event("sensor.a", stamp=4))
    assert [name for _, name, *_ in pipeline.tapped()] == ["sensor.a"]


def test_what_is_filtered_refused_or_a_snapshot_is_not_shown():
    """Removed and unknown states are; their events make no point."""
    pipeline = hiq.Pipeline({"exclude": {"entities": ["sensor.no"]}})
    pipeline.tap(True)
    pipeline.feed(event("sensor.no"))
    pipeline.feed(event("nodot"))
    pipeline.feed(event("sensor.a")[:-1])
    pipeline.feed(b"[" + event("sensor.a") + b"," + event("sensor.b") + b",]")
    pipeline.feed(event("sensor.a"), snapshot=True)
    assert pipeline.tapped() == []
    pipeline.feed(event("sensor.a", "unknown", 5))
    pipeline.feed(event("sensor.a", stamp=6, new_state=None))
    assert [name for _, name, *_ in pipeline.tapped()] == ["sensor.a"] * 2


def test_what_nobody_fetches_is_bounded_and_counted():
    """Eight MiB wait, the rest is dropped; then it goes on."""
    pipeline = hiq.Pipeline()
    pipeline.tap(True)
    for stamp in range(10):
        pipeline.feed(event(stamp=stamp, filler="x" * (1 << 20)))
        pipeline.take()
    assert (len(pipeline.tapped()), pipeline.tap_dropped) == (7, 3)
    pipeline.feed(event(stamp=11))
    assert len(pipeline.tapped()) == 1


@pytest.mark.parametrize(
    "frame",
    [
        b'{"id":18,"type":"event",%b}',
        b'{"type":"event",%b,"more":{"a":"}},"},"id":18}',
        b'{ "type" : "event" , %b , "id" : 18 }',
        b'{"type":"event",%b}',
        b'{"type":"event","event":{"event_type":"x"},%b,"id":18}',
    ],
)
def test_the_bytes_are_right_however_the_message_is_written(frame):
    """Other orders, blanks, more keys, repeated keys; again when it is known."""
    pipeline = hiq.Pipeline()
    pipeline.tap(True)
    for stamp in range(6):
        text = raw(event(stamp=stamp, state=str(stamp)))
        pipeline.feed(frame % (b'"event":' + text))
        assert [found for *_, found in pipeline.tapped()] == [text]


def test_an_escaped_id_is_read_and_one_that_is_no_text_is_left_out():
    """Such ids come slowly, and right."""
    pipeline = hiq.Pipeline()
    pipeline.tap(True)
    pipeline.feed(
        event().replace(b'"entity_id":"sensor.a"', b'"entity_id":"sensor.\\u0061"')
    )
    assert [name for _, name, *_ in pipeline.tapped()] == ["sensor.a"]


def test_the_newest_event_of_an_entity_is_held_until_somebody_asks():
    """One of each, in place of those before; nothing is collected meanwhile."""
    pipeline = hiq.Pipeline()
    pipeline.tap(True)
    for name in ("sensor.a", "sensor.b"):
        pipeline.feed(event(name))
    for number, *_ in pipeline.tapped():
        pipeline.set_interest(number, True, newest=True)
    assert pipeline.newest() == []
    for stamp in range(2, 9):
        pipeline.feed(event("sensor.a", stamp=stamp, filler="x" * stamp * 100))
    pipeline.feed(event("sensor.b", stamp=9))
    pipeline.feed(event("sensor.a", stamp=10))
    pipeline.feed(b"[" + event("sensor.a", stamp=11) + b",]")
    assert pipeline.tapped() == []
    held = [raw(event("sensor.a", stamp=10)), raw(event("sensor.b", stamp=9))]
    assert pipeline.newest() == held
    assert pipeline.newest() == []
    pipeline.feed(event("sensor.b", stamp=12))
    assert pipeline.newest() == [raw(event("sensor.b", stamp=12))]


def test_what_is_too_much_to_be_held_is_collected_as_it_comes():
    """Two MiB are held; what is above them is not lost, and newer than what is held."""
    pipeline = hiq.Pipeline()
    pipeline.tap(True)
    pipeline.feed(event())
    pipeline.set_interest(pipeline.tapped()[0][0], True, newest=True)
    small, large = event(stamp=2), event(stamp=3, filler="x" * (2 << 20))
    pipeline.feed(small)
    pipeline.feed(large)
    assert pipeline.newest() == [raw(small)]
    assert [text for *_, text in pipeline.tapped()] == [raw(large)]
    pipeline.feed(event(stamp=4))
    assert pipeline.newest() == [raw(event(stamp=4))]
