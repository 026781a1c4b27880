"""Timed: what the filter costs, and what it saves; `python -m benchmarks.scale` also.

Recorded single frames through pipelines with different filters, beside none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.reference import ReferencePipeline

from benchmarks.playing import played
from benchmarks.scale import globs
from hiq import Pipeline

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

LIMIT = 1000
OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "domains": {"include": {"domains": ["sensor", "light", "climate"]}},
    "one glob": {"exclude": {"entity_globs": ["*_1*"]}},
    "thousand globs": globs(1000),
    "nothing passes": {"include": {"domains": ["nowhere"]}},
}


def run(options: dict[str, Any]) -> tuple[int, int]:
    """Feed all; returns points and filtered events."""
    pipeline = Pipeline(options)
    points = filtered = 0
    for message in played("stream", LIMIT).messages:
        verdict = pipeline.feed(message)
        points += verdict.points
        filtered += verdict.filtered
    return points, filtered


@pytest.mark.parametrize("name", OPTIONS)
def test_filter(benchmark: BenchmarkFixture, name: str) -> None:
    """The filter lets through what the reference lets through."""
    reference = ReferencePipeline(OPTIONS[name])
    verdicts = [reference.feed(m) for m in played("stream", LIMIT).messages]
    points = sum(verdict.points for verdict in verdicts)
    filtered = sum(verdict.filtered for verdict in verdicts)
    assert benchmark(run, OPTIONS[name]) == (points, filtered)
