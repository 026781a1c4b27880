"""The parts by themselves do what they do in the pipeline."""

from __future__ import annotations

import pytest

from hiq import Pipeline
from hiq._core.alone import Encoding, valid
from tests.corpus import frames as recorded
from tests.events import frame, state_changed


def test_the_scanner_counts_what_is_valid() -> None:
    """Space around a value is; a cut, a trailing byte and bad UTF-8 are not."""
    assert valid([b"{}", b" [1, 2]\n", b'"x"']) == 3
    assert valid([b"{", b"[] x", b'"\xff"', b"", b" "]) == 0
    assert valid(list(recorded(limit=500))) == 500


def test_the_encoder_gives_the_lines_of_the_pipeline() -> None:
    """The first time, and again when it remembers every entity."""
    frames = list(recorded(limit=3000))
    pipeline = Pipeline()
    points = sum(pipeline.feed(given).points for given in frames)
    lines = pipeline.take()
    alone = Encoding(frames)
    for _ in range(2):
        assert alone.encode() == points
        assert alone.lines() == lines


def test_a_list_of_messages_is_read_too() -> None:
    """Several events of one frame give several lines."""
    both = b"[" + b",".join(frame(state_changed(state=s)) for s in "12") + b"]"
    assert Encoding([both]).encode() == 2


def test_a_frame_that_is_not_valid_is_refused() -> None:
    """It has no events that could be encoded."""
    with pytest.raises(ValueError, match="not valid"):
        Encoding([b"{}", b"{"])
