"""Rows of the recorder as events: times, states and attributes as the live ones."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from hiq import Pipeline
from hiq.ha.history_rows import (
    Row,
    decode_current,
    decode_info,
    decode_rows,
    event_frames,
    iso,
    microseconds,
    within,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOW = 1_764_000_000.0


def rows(*texts: str, entity_id: str = "sensor.a") -> dict[str, list[Row]]:
    """Rows as they are decoded from an answer."""
    return decode_rows(Raw(f'{{"{entity_id}":[{",".join(texts)}]}}'.encode()))


@given(st.floats(0, 4e9))
def test_microseconds_are_those_of_datetime(seconds):
    """A time is rounded exactly as Home Assistant rounds it for the live event."""
    moment = datetime.fromtimestamp(seconds, UTC)
    assert microseconds(seconds) == (moment - EPOCH) // timedelta(microseconds=1)


def test_plain_rounding_would_be_wrong():
    """There are times for which the obvious rounding gives another microsecond."""
    times = [NOW + number * 0.123456789 for number in range(2000)]
    assert any(round(time * 1e6) != microseconds(time) for time in times)


@given(st.integers(0, 4 * 10**15))
def test_iso_is_what_datetime_writes(time_us):
    """A time is written as Home Assistant writes it, the fraction only if there is one."""
    assert iso(time_us) == (EPOCH + timedelta(microseconds=time_us)).isoformat()


def test_a_row_keeps_its_bytes():
    """State and attributes are the bytes of the answer, `lc` is only there if given."""
    (row, other) = rows(
        '{"s":"21.5","a":{"x":1e2},"lu":1764000000.5}',
        '{"s":"é","a":{},"lu":1764000001,"lc":1764000000.25}',
    )["sensor.a"]
    assert bytes(row.attributes) == b'{"x":1e2}'
    assert (row.state, row.updated_us, row.changed_s) == (
        "21.5",
        1764000000500000,
        None,
    )
    assert (other.state, other.changed_s) == ("é", 1764000000.25)


def test_a_removal_has_no_state():
    """A row whose state is null is a removal."""
    (row,) = rows('{"s":null,"a":{},"lu":1764000000.5}')["sensor.a"]
    assert row.removed
    assert row.state is None


@pytest.mark.parametrize("text", [b"[]", b'{"sensor.a":[{"s":"1"}]}', b'{"a":[1]}'])
def test_another_form_is_an_error(text):
    """What has not the form of rows is refused, not guessed."""
    with pytest.raises(msgspec.DecodeError):
        decode_rows(Raw(text))


def test_windows_that_follow_each_other_share_no_row():
    """A row lies in exactly one of two windows that meet, also at the edge itself."""
    several = rows(
        *(f'{{"s":"1","a":{{}},"lu":176400000{second}.0}}' for second in range(5))
    )
    edge = 1764000002000000
    left = within(several, edge - 2_000_000, edge)["sensor.a"]
    right = within(several, edge, None)["sensor.a"]
    assert [row.updated_s % 10 for row in left] == [1, 2]
    assert [row.updated_s % 10 for row in right] == [3, 4]
    assert within(several, edge + 5_000_000, None) == {}


def test_the_point_is_that_of_the_live_event():
    """A row gives the line that the event gave from which it was recorded."""
    attributes = '{"unit_of_measurement":"°C","friendly_name":"A","level":3}'
    live = (
        '{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":'
        '"sensor.a","old_state":null,"new_state":{"entity_id":"sensor.a","state":"21.5"'
        f',"attributes":{attributes},"last_changed":"2025-11-24T16:00:00.123457+00:00",'
        '"last_updated":"2025-11-24T16:00:00.123457+00:00","context":{"id":"x",'
        '"parent_id":null,"user_id":null}}},"origin":"LOCAL","time_fired":'
        '"2025-11-24T16:00:00.123457+00:00","context":{"id":"x","parent_id":null,'
        '"user_id":null}},"id":1}'
    )
    (row,) = rows(f'{{"s":"21.5","a":{attributes},"lu":1764000000.1234567}}')[
        "sensor.a"
    ]
    one, two = Pipeline(), Pipeline()
    one.feed(live.encode())
    for frame in event_frames([("sensor.a", row)]):
        two.feed(frame)
    line = one.take()
    assert line.startswith("°C,".encode())
    assert two.take() == line


def test_frames_are_bounded_and_complete():
    """Each row is one event, removals too; no frame grows past its bound by more."""
    several = [
        ("sensor.a", row)
        for row in rows(
            *(f'{{"s":"{n}","a":{{}},"lu":{1764000000 + n}}}' for n in range(9)),
            '{"s":null,"a":{},"lu":1764000099}',
        )["sensor.a"]
    ]
    frames = list(event_frames(several, max_events=4))
    assert [len(json.loads(frame)) for frame in frames] == [4, 4, 2]
    last = json.loads(frames[-1])[-1]["event"]["data"]
    assert last == {"entity_id": "sensor.a", "old_state": None, "new_state": None}
    small = list(event_frames(several, max_bytes=1))
    assert [len(json.loads(frame)) for frame in small] == [1] * 10
    pipeline = Pipeline()
    verdicts = [pipeline.feed(frame) for frame in frames]
    assert sum(verdict.points for verdict in verdicts) == 9
    assert sum(verdict.skipped for verdict in verdicts) == 1


def test_present_states_and_the_recorder():
    """The time of a present state is read, and whether the recorder works."""
    (state,) = decode_current(
        Raw(
            b'[{"entity_id":"sun.sun","state":"x","attributes":{"a":1},'
            b'"last_changed":"2025-11-24T16:00:00+00:00",'
            b'"last_updated":"2025-11-24T17:00:00.5+01:00","context":{}}]'
        )
    )
    assert state.updated_us == 1764000000500000
    assert bytes(state.attributes) == b'{"a":1}'
    assert decode_info(Raw(b"{}")).works
    assert not decode_info(Raw(b'{"recording":false}')).works
    assert decode_info(Raw(b'{"migration_in_progress":true}')).works
