"""Encoding alone: from an event whose parts are known to its line.

    python -m benchmarks.bench_line [--rounds 7]

For the core the frames have been read before, so that what is measured is filter,
time stamp, fields, memory of the entity and line. Beside it influxdb-client: the line
of a finished `Point`, and the point built from decoded events as well. Per point.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from benchmarks import point_baseline
from benchmarks.data import load
from benchmarks.measuring import Case, by_turns, table
from hiq._core.alone import Encoding

if TYPE_CHECKING:
    from influxdb_client.client.write.point import Point
    from pytest_benchmark.fixture import BenchmarkFixture

    from benchmarks.data import Data

SLICE = 2000
CASES = ("core, encoder", "Point.to_line_protocol", "Point, built and written")


def case(name: str, data: Data) -> Case:
    """One case over recorded single frames."""
    if name == "core, encoder":
        encoding = Encoding(data.frames)
        encoding.encode()
        return Case(encoding.encode, data.points)
    events: list[dict[str, Any]] = [orjson.loads(f)["event"] for f in data.frames]
    if name == "Point, built and written":

        def build() -> int:
            return sum(point_baseline.line_of(event) is not None for event in events)

        return Case(build, data.points)
    points: list[Point] = [
        point for event in events if (point := point_baseline.point_of(event))
    ]
    return Case(lambda: sum(bool(p.to_line_protocol()) for p in points), data.points)


@pytest.mark.parametrize("name", CASES)
def test_line(benchmark: BenchmarkFixture, name: str) -> None:
    """As many lines as the reference makes; the core's are the same bytes."""
    data = load("single", SLICE)
    run, expected = case(name, data)
    assert benchmark(run) == expected > 0
    if name == "core, encoder":
        encoding = Encoding(data.frames)
        encoding.encode()
        assert encoding.lines() == data.lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=int, help="use only so many frames")
    given = parser.parse_args()
    data = load("single", given.limit)
    cases = {name: case(name, data) for name in CASES}
    times = by_turns(cases, data.points, given.rounds)
    bases = {f"/ {name}": name for name in CASES[1:]}
    print(f"{data.points:,} points of {len(data.lines) / data.points:.0f} bytes\n")
    print("\n".join(table(times, bases)))


if __name__ == "__main__":
    main()
