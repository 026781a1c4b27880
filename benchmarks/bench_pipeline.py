"""Timed: recorded frames to line protocol, and the baselines.

One round runs over every frame of a slice; each result is checked against the
reference converter's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.lineprotocol import decode

from benchmarks import point_baseline
from benchmarks.cases import CASES, expected
from benchmarks.data import RECORDINGS, load

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

SLICE = {"single": 2000, "coalesced": 120}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("recording", RECORDINGS)
def test_transform(benchmark: BenchmarkFixture, case: str, recording: str) -> None:
    """Each case finds what the reference finds."""
    data = load(recording, SLICE[recording])
    benchmark.extra_info |= {"events": data.events, "bytes": data.size}
    assert benchmark(CASES[case], data.frames) == expected(case, data) > 0


def test_the_baseline_builds_the_same_points() -> None:
    """It does the whole work: its points equal the reference's but for cleaning.

    The reference also restores the text of tuples and enums, which it cannot know.
    """
    data = load("single", SLICE["single"])
    ours = decode(data.lines)
    theirs = decode("\n".join(point_baseline.convert(data.frames)), "client2")
    assert [p.time_ns for p in theirs] == [p.time_ns for p in ours]
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    assert same / len(ours) > 0.9
