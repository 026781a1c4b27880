"""The border: what Python sees of the core."""

from __future__ import annotations

import gc
import sys

import pytest

from hiq import Pipeline
from tests._core.helpers import agree
from tests.corpus import frames as recorded
from tests.events import frame, state_changed


@pytest.mark.parametrize("value", ["{}", None, 5, ["{}"], object()])
def test_only_bytes_are_taken(value: object) -> None:
    """What is not bytes-like is a TypeError."""
    with pytest.raises(TypeError):
        Pipeline().feed(value)  # type: ignore[arg-type]


def test_any_bytes_are_taken_and_let_go() -> None:
    """Every bytes-like object is taken, and can be changed afterwards."""
    pipeline = Pipeline()
    text = frame(state_changed())
    changing = bytearray(text)
    for given in (text, changing, memoryview(text)):
        assert pipeline.feed(given).points == 1
    changing.clear()
    assert pipeline.feed(changing).rejected == 1
    with pytest.raises((BufferError, TypeError)):
        pipeline.feed(memoryview(text)[::2])


def test_rejects_are_bounded_newest_last() -> None:
    """The newest 64 refusals are kept, 200 bytes of each."""
    pipeline = Pipeline()
    for number in range(100):
        pipeline.feed(b'{"%d' % number + b"x" * 300)
    rejects = pipeline.rejects()
    assert len(rejects) == 64
    assert rejects[0][1].startswith(b'{"36x')
    assert rejects[-1][1].startswith(b'{"99x')
    assert {(reason, len(sample)) for reason, sample in rejects} == {("BAD_JSON", 200)}
    rejects.clear()
    assert len(pipeline.rejects()) == 64


def test_nothing_leaks() -> None:
    """Feeding and taking for long leaves no objects behind."""
    pipeline = Pipeline()
    sample = [part for part in recorded(limit=300) if len(part) < 3000]

    def run() -> int:
        for part in sample:
            pipeline.feed(part)
            pipeline.feed(part[:-1])
        pipeline.take_batch()
        gc.collect()
        return sys.getallocatedblocks()

    run()
    before = run()
    assert abs(run() - before) < 50


def test_two_pipelines_share_nothing() -> None:
    """Options and entities of one are not those of another."""
    first, second = Pipeline({"override_measurement": "m"}), Pipeline()
    event = frame(state_changed())
    assert first.feed(event).points == second.feed(event).points == 1
    assert first.take().startswith(b"m,")
    assert second.take().startswith(b"sensor.x,")


def test_recorded_frames_equal_the_reference_byte_for_byte() -> None:
    """Real traffic gives exactly the reference's bytes, and takes no slow path."""
    frames = recorded("state_changed")
    agree(frames)
    pipeline = Pipeline()
    for part in frames:
        pipeline.feed(part)
    assert pipeline.slow_events == 0
