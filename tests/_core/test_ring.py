"""Finished lines until they are taken."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from tests.events import TIME_NS, frame, state_changed
from tests.reference import ReferencePipeline

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["sensor.a", "sensor.b", "light.a"]),
        st.sampled_from(["1", "on", "text"]),
        st.sampled_from(["W", None]),
        st.integers(0, 59),
    ),
    max_size=30,
)


def event(entity_id: str, state: str, unit: str | None, second: int) -> bytes:
    """An event of a second of one minute."""
    return frame(
        state_changed(
            entity_id=entity_id,
            state=state,
            attributes={"unit_of_measurement": unit},
            time=f"2026-11-20T15:09:{second:02d}+00:00",
        )
    )


@settings(max_examples=300)
@given(STEPS)
def test_grouped_by_series(steps: list[tuple[str, str, str | None, int]]) -> None:
    """A batch has all lines, series by series, stable inside, and its span of time."""
    core, reference = Pipeline(), ReferencePipeline()
    for step in steps:
        core.feed(event(*step))
        reference.feed(event(*step))
    assert core.take_batch() == reference.take_batch()
    assert core.take_batch() == (b"", 0, 0, 0)
    assert core.take() == b""


@settings(max_examples=300)
@given(STEPS, st.integers(1, 9), st.integers(1, 500))
def test_taken_in_parts(
    steps: list[tuple[str, str, str | None, int]], points: int, size: int
) -> None:
    """Parts keep both limits, each is grouped, and together they are all lines."""
    core, reference = Pipeline(), ReferencePipeline()
    for step in steps:
        core.feed(event(*step))
        reference.feed(event(*step))
    parts = core.take_batches(None, points, size)
    assert parts == reference.take_batches(None, points, size)
    for part in parts:
        assert 1 <= part.points <= points
        assert part.points == part.data.count(b"\n")
        assert len(part.data) <= size or part.points == 1
    assert core.take_batches() == []
    assert core.buffered_points == core.buffered_bytes == 0


def test_many_series_and_lines() -> None:
    """Thousands of series in one batch are still apart."""
    core, reference = Pipeline(), ReferencePipeline()
    for number in range(3000):
        given_event = event(f"sensor.e{number * 7 % 1000}", str(number), None, 1)
        core.feed(given_event)
        reference.feed(given_event)
    taken = core.take_batch()
    assert taken == reference.take_batch()
    assert taken.points == 3000


def test_full_is_said_above_the_mark_and_nothing_is_lost() -> None:
    """Above the mark the verdict says so; every frame is taken all the same."""
    line = f"sensor.x,domain=sensor,entity_id=x value=5.0 {TIME_NS}\n"
    pipeline = Pipeline({"high_water": 2 * len(line)})
    said = [pipeline.feed(frame(state_changed())).full for _ in range(4)]
    assert said == [False, False, True, True]
    assert pipeline.buffered_bytes == 4 * len(line)
    assert pipeline.buffered_points == 4
    assert pipeline.take() == line.encode() * 4
    assert pipeline.feed(frame(state_changed())).full is False


def test_memory_is_given_back_after_a_large_batch() -> None:
    """A batch far beyond the usual is taken whole, and lines go on."""
    pipeline = Pipeline({"high_water": 1 << 40})
    large = frame(state_changed(attributes={"a": "x" * 9_000_000}))
    for _ in range(3):
        pipeline.feed(large)
    assert len(pipeline.take()) > 27_000_000
    many = b"[" + b",".join([frame(state_changed())] * 140_000) + b"]"
    assert pipeline.feed(many).points == 140_000
    assert pipeline.take_batch().points == 140_000
    assert pipeline.feed(frame(state_changed())).points == 1
    assert pipeline.take_batch().points == 1


@pytest.mark.parametrize("method", ["take", "take_batch", "take_batches"])
def test_schema_must_be_known(method: str) -> None:
    """Lines are asked for by the name of a schema of this pipeline."""
    pipeline = Pipeline({"schema": ["ha"]})
    pipeline.feed(frame(state_changed()))
    with pytest.raises(ValueError, match="tidy"):
        getattr(pipeline, method)("tidy")
    assert getattr(pipeline, method)("ha")
