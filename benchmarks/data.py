"""Recorded frames as the benchmarks use them, and what must come out of them.

Source: `tests/corpus`, recorded from a real Home Assistant. The expected number of
points is the reference converter's, worked out once per set.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from tests.corpus import frames
from tests.reference import ReferencePipeline

RECORDINGS = {
    "single": "state_changed",
    "coalesced": "events_all_coalesced",
}


class Data(NamedTuple):
    """Frames with at least one state event, and what they hold."""

    frames: list[bytes]
    size: int
    """Bytes of all frames."""
    events: int
    points: int
    lines: bytes
    """The reference's line protocol, in order of arrival."""


@cache
def load(case: str, limit: int | None = None) -> Data:
    """Load a recording; `limit` cuts it to so many frames."""
    pipeline = ReferencePipeline()
    kept = []
    events = points = 0
    for frame in frames(RECORDINGS[case], limit):
        verdict = pipeline.feed(frame)
        if verdict.rejected:
            raise ValueError(f"the recording {case!r} holds a bad frame")
        if verdict.events:
            kept.append(frame)
        events += verdict.events
        points += verdict.points
    return Data(kept, sum(map(len, kept)), events, points, pipeline.take())
