"""The compiled pipeline equals the reference: random, mutated and recorded frames."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from tests import strategies
from tests.corpus import frames as recorded
from tests.events import state_changed
from tests.lineprotocol import decode
from tests.reference import ReferencePipeline

COUNTED = ("events", "points", "filtered", "skipped", "rejected", "duplicates")
SAMPLES = [frame for frame in recorded(limit=2000) if len(frame) < 1500][::40]


def agree(frames: list[bytes], options: Any = None, **more: Any) -> None:
    """Feed both; verdicts, points in order, and reasons must be equal."""
    core, reference = Pipeline(options), ReferencePipeline(options)
    for frame in frames:
        ours, theirs = core.feed(frame, **more), reference.feed(frame, **more)
        assert {name: getattr(ours, name) for name in COUNTED} == {
            name: getattr(theirs, name) for name in COUNTED
        }
        assert [bytes(message) for message in ours.passed] == theirs.passed
    assert decode(core.take()) == decode(reference.take())
    assert core.rejects()[-5:] == reference.rejects()[-5:]


@settings(max_examples=300, deadline=None)
@given(st.lists(strategies.frames(), min_size=1, max_size=3), strategies.options())
def test_random_frames_and_options(frames: list[bytes], options: Any) -> None:
    """Any valid frame, under any options, gives the same points."""
    agree(frames, options)


@settings(max_examples=100, deadline=None)
@given(st.lists(strategies.frames(), min_size=2, max_size=4), st.booleans())
def test_repeated_frames(frames: list[bytes], snapshot: bool) -> None:
    """What was learned of an entity never changes what comes out."""
    agree(frames * 2, None, snapshot=snapshot)


SMALL = st.sampled_from([1, 1.0, 2, "1", "a", "99%", None, True, [1], [], "", "a\n"])
KEYS = st.sampled_from(
    "a a_ a_str b value state time unit_of_measurement device_class xy_color "
    "supported_color_modes".split()
)
MODES = st.sampled_from([["hs"], ["onoff"], ["x"]])
STEP = st.tuples(
    st.sampled_from(["light.x", "light.x", "sensor.x"]),
    st.sampled_from(["1", "1", "2", "on", "off", "nan", "x y", "unknown", ""]),
    st.dictionaries(KEYS, SMALL | MODES, max_size=4),
    st.sampled_from(["as is", "as is", "spaced", "cut", "removed", "mqtt", "no tags"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, min_size=2, max_size=12), strategies.options(), st.booleans())
def test_the_life_of_an_entity(steps: Any, options: Any, one_frame: bool) -> None:
    """A state that differs little from the one before gives the reference's point.

    Damaged frames and changed tags in between leave nothing wrong behind.
    """
    core, reference = Pipeline(options), ReferencePipeline(options)
    batch: list[bytes] = []
    for entity_id, state, attributes, how in steps:
        if how in ("mqtt", "no tags"):
            for pipeline in (core, reference):
                tags = {"platform": "mqtt"} if how == "mqtt" else None
                pipeline.set_tags(entity_id, tags)
        new = {"new_state": None} if how == "removed" else {}
        message = state_changed(entity_id, state, attributes, **new)
        text = orjson.dumps(message)
        if how == "spaced":
            text = orjson.dumps(message, option=orjson.OPT_INDENT_2)
        if how == "cut":
            text = text[:-3]
        if one_frame and how != "cut":
            batch.append(text)
            continue
        assert core.feed(text).points == reference.feed(text).points
    whole = b"[" + b",".join(batch) + b"]"
    assert core.feed(whole).points == reference.feed(whole).points
    assert decode(core.take()) == decode(reference.take())


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.integers(0, 1500),
    st.integers(0, 6),
    st.binary(max_size=4)
    | st.sampled_from([b"{", b"}", b",", b'"', b"\\", b"1", b"]"]),
)
def test_mutated_frames(frame: bytes, at: int, cut: int, put: bytes) -> None:
    """A frame that is damaged anywhere is valid for us if it is for orjson."""
    at %= len(frame)
    damaged = frame[:at] + put + frame[at + cut :]
    try:
        orjson.loads(damaged)
        valid = True
    except orjson.JSONDecodeError:
        valid = False
    reasons = {"BAD_JSON", "BAD_UTF8"}
    core, reference = Pipeline(), ReferencePipeline()
    ours, theirs = core.feed(damaged), reference.feed(damaged)
    assert [getattr(ours, name) for name in COUNTED] == [
        getattr(theirs, name) for name in COUNTED
    ]
    assert decode(core.take()) == decode(reference.take())
    assert (core.rejects() == reference.rejects()) or (
        not valid and core.rejects()[0][0] in reasons
    )


@pytest.mark.parametrize("recording", ["state_changed", "events_all_coalesced"])
@pytest.mark.parametrize(
    "options",
    [
        None,
        {
            "measurement_attr": "domain__device_class",
            "tags_attributes": ["friendly_name", "unit_of_measurement"],
            "ignore_attributes": ["icon", "device_class"],
            "restore_python_text": False,
            "exclude": {"domains": ["automation"], "entity_globs": ["*_1*"]},
            "precision": "ms",
        },
    ],
    ids=["default", "shaped"],
)
def test_recorded_frames(recording: str, options: Any) -> None:
    """Every event of the recordings gives the reference's point."""
    frames = recorded(recording)
    core, reference = Pipeline(options), ReferencePipeline(options)
    for frame in frames:
        ours, theirs = core.feed(frame), reference.feed(frame)
        assert [getattr(ours, name) for name in COUNTED] == [
            getattr(theirs, name) for name in COUNTED
        ]
        assert ours.passed == theirs.passed
        if reference.buffered_bytes > 200_000:
            assert decode(core.take()) == decode(reference.take())
    assert decode(core.take()) == decode(reference.take())
    # Rare values may take a slower path that makes Python objects: under 1 %.
    assert core.slow_events < 0.01 * 23_805
