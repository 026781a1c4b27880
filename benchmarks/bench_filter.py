"""Timed: what the filter costs, and what it saves; `python -m benchmarks.scale` also.

    python -m benchmarks.bench_filter [--rounds 7] [--check]

Recorded single frames through pipelines with different filters, beside none. The
timed tests make a new pipeline each time, so they hold the cost of building it and of
deciding every entity once; run as a script it measures running pipelines that know
their entities, as in a service, by turns. `--check` exits with 1 if rules cost more
than 1.15 times what no rules cost.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.reference import ReferencePipeline

from benchmarks import home
from benchmarks.cases import TAKE_BYTES, convert
from benchmarks.data import load
from benchmarks.measuring import Case, by_turns, table
from benchmarks.playing import played
from benchmarks.scale import globs
from hiq import Pipeline

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

LIMIT = 1000
AT_MOST = 1.15
RUNNING: dict[str, dict[str, Any]] = {
    "none": {},
    "1,000 globs in the block": globs(1000),
    "1,000 globs": home.BY_GLOB,
    "and area, floor, labels": home.BY_REGISTRY,
    "and device class": home.BY_CLASS,
    "nothing passes": {"include": {"domains": ["nowhere"]}},
}
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


def running(options: dict[str, Any], frames: list[bytes], points: int) -> Case:
    """Return the case of a pipeline that has seen all frames before."""
    pipeline = Pipeline({"high_water": TAKE_BYTES, **options})
    home.tag(pipeline, frames)
    convert(pipeline, frames)
    points = 0 if "include" in options else points
    return Case(lambda: convert(pipeline, frames), points)


def main() -> int:
    """Print a table; status 1 if `--check` is given and rules cost too much."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true", help="fail above the goal")
    given = parser.parse_args()
    data = load("single")
    chosen = {
        name: running(options, data.frames, data.points)
        for name, options in RUNNING.items()
    }
    times = by_turns(chosen, data.events, given.rounds)
    print("\n".join(table(times, {"/ none": "none"}, data.size / data.events)))
    worst = max(times.values()) / times["none"]
    print(f"\nat most {worst:.2f} times none (goal: at most {AT_MOST})")
    return int(given.check and worst > AT_MOST)


if __name__ == "__main__":
    sys.exit(main())
