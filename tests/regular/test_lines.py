"""Last values as events, and the mark in their lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq import Pipeline
from hiq.regular.lines import event_frame, marked
from tests.events import state_changed
from tests.lineprotocol import decode_one

TIME_US = 1_795_000_500_000_000
SCHEMAS = ["ha", "homeiq", "tidy"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize("schema", SCHEMAS)
@given(state=TEXT | st.floats(-1e6, 1e6).map(str), text=TEXT, unit=TEXT)
def test_a_snapshot_is_the_point_of_the_change_with_another_time_and_the_mark(
    schema, state, text, unit
):
    """Series and fields are those of the change, whatever stands in them."""
    pipeline = Pipeline({"schema": schema, "tidy": {"attributes": "*"}})
    attributes = {"unit_of_measurement": unit, "a 1 2": text}
    event = state_changed("sensor.x", state, attributes)
    new_state = event["event"]["data"]["new_state"]
    event["event"]["context"] = {}
    del new_state["context"]
    pipeline.feed(json.dumps(event).encode())
    changes = pipeline.take(schema)
    pipeline.feed(event_frame([("sensor.x", json.dumps(new_state).encode())], TIME_US))
    lines = marked(pipeline.take(schema))
    assert changes.count(b"\n") == lines.count(b"\n")
    if not changes:
        return
    change, point = decode_one(changes[:-1]), decode_one(lines[:-1])
    assert (point.measurement, point.tags) == (change.measurement, change.tags)
    assert point.fields == {**change.fields, "hiq_snapshot": 1.0}
    assert point.time_ns == TIME_US * 1000


def test_several_lines_are_marked_each_at_its_end():
    """Blanks and digits within texts stay as they are."""
    lines = b'a v="x 5" 5\nb,t=c\\ 7 v=1,w="\\" 9" 6\n'
    assert marked(lines) == (
        b'a v="x 5",hiq_snapshot=1 5\nb,t=c\\ 7 v=1,w="\\" 9",hiq_snapshot=1 6\n'
    )
    assert marked(b"") == b""
