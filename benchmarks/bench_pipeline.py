"""Timed: recorded frames to line protocol, and the baselines.

One round runs over every frame of a slice; each result is checked against the
reference converter's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.lineprotocol import decode

from benchmarks import lower_bound, point_baseline
from benchmarks.cases import BOUND, NAMES, case
from benchmarks.data import RECORDINGS, load

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

SLICE = {"single": 2000, "coalesced": 120}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("recording", RECORDINGS)
def test_transform(benchmark: BenchmarkFixture, name: str, recording: str) -> None:
    """Each case finds what the reference finds."""
    if name == BOUND and lower_bound.compiler() is None:
        pytest.skip("no C compiler")
    data = load(recording, SLICE[recording])
    benchmark.extra_info |= {"events": data.events, "bytes": data.size}
    run, expected = case(name, data)
    assert benchmark(run) == expected > 0


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
