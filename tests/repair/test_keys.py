"""Entity and time of lines, and the bounded set of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq import Pipeline
from hiq.repair.keys import Keys, keys_of, lines_of
from tests.e2e.oracle import event_frame

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["sensor.a", "light.b_2", "x.y.z"]),
            st.integers(0, 2 * 10**15),
            TEXT,
            TEXT,
        ),
        max_size=20,
    )
)
def test_what_the_pipeline_writes_is_recognised(rows):
    """Each line gives back the entity and time of its event, whatever is in it."""
    pipeline = Pipeline({"tags": {"domain2": "a b,c=d"}})
    wanted = []
    for entity_id, time_us, unit, text in rows:
        attributes = {"unit_of_measurement": unit, "friendly_name": text}
        if pipeline.feed(event_frame(entity_id, "1.5", attributes, time_us)).points:
            wanted.append((entity_id, time_us))
    lines = pipeline.take()
    assert list(keys_of(lines_of([lines]))) == wanted


@pytest.mark.parametrize("schema", ["ha", "homeiq", "tidy"])
def test_every_schema_names_its_entity(schema):
    """In one tag or in two, with a domain or without."""
    pipeline = Pipeline({"schema": schema})
    pipeline.feed(event_frame("sensor.sensor_x", "1.5", {}, 7))
    assert list(keys_of(lines_of([pipeline.take(schema)]))) == [("sensor.sensor_x", 7)]


def test_a_line_without_an_entity_is_passed_over():
    """Lines of other measurements have no key."""
    text = b"hiq_check x=1 5000\nbroken\nm,domain=a,entity_id=b v=1 7000\n"
    assert list(keys_of(lines_of([text]))) == [("a.b", 7)]


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_lines_are_the_same_in_any_parts(text, cuts):
    """Wherever a text is cut, its lines are its lines."""
    places = [0, *sorted(cuts), len(text)]
    parts = [text[a:b] for a, b in pairwise(places)]
    wanted = text.split(b"\n")
    assert list(lines_of(parts)) == (wanted if wanted[-1] else wanted[:-1])


def test_the_set_is_bounded():
    """What does not fit is counted, what is in it stays."""
    keys = Keys(limit=2)
    keys.update([("a.b", 1), ("a.b", 1), ("a.c", 1), ("a.c", 2)])
    assert (len(keys), keys.overflow) == (2, 1)
    assert ("a.c", 1) in keys
    assert ("a.c", 2) not in keys
    assert sorted(keys) == [("a.b", 1), ("a.c", 1)]
    assert keys.entities() == {"a.b", "a.c"}
