"""One batch smaller: isal and zlib, in order of arrival and grouped by series.

    python -m benchmarks.bench_compress [--rounds 5] [--limit 25000]

Batches of so many consecutive recorded points, as the core makes them. `journal` is
the size of a batch's record in the journal, `wire` that of the request's body, which is
the compressed batch itself. Goal: both at most 25 bytes per event at 5,000 points. The
range is that of the batches: the recording begins with the start of a home, when every
entity comes for the first time.
Grouping is what `take_batch` costs more than `take`.
"""

from __future__ import annotations

import argparse
import tempfile
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from isal import isal_zlib

from benchmarks.measuring import Case, by_turns
from benchmarks.playing import played
from hiq import Pipeline
from hiq.journal.journal import Entry, Journal
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

SIZES = (25, 500, 5_000)
LARGEST = 40
"""Batches of one size at most, spread over the recording."""
GZIP = 31
GOAL_BYTES = 25.0
CODECS: dict[str, Callable[[bytes], bytes]] = {
    "isal 1": lambda lines: isal_zlib.compress(lines, 1, GZIP),
    "zlib 1": lambda lines: zlib.compress(lines, 1, GZIP),
    "zlib 6": lambda lines: zlib.compress(lines, 6, GZIP),
}
ORDERS: dict[str, Callable[[Pipeline], bytes]] = {
    "arrival": lambda pipeline: pipeline.take(),
    "grouped": lambda pipeline: pipeline.take_batch().data,
}


class Batches(NamedTuple):
    """Lines of batches, and the points in all of them."""

    lines: list[bytes]
    points: int


@cache
def batches(size: int, order: str, limit: int | None = None) -> Batches:
    """Whole batches of so many points, of the first `limit` recorded messages."""
    messages = played("stream", limit).messages
    take, pipeline = ORDERS[order], Pipeline()
    found = []
    for message in messages:
        pipeline.feed(message)
        if pipeline.buffered_points == size:
            found.append(take(pipeline))
    lines = found[:: max(1, len(found) // LARGEST)]
    return Batches(lines, size * len(lines))


def journal_bytes(bodies: list[bytes], size: int) -> float:
    """Bytes per point that the journal writes for such batches, records and all."""
    stats = JournalStats()
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.open(Path(folder), JournalSettings(min_free_bytes=0), stats)
        for body in bodies:
            journal.append([("ha", Entry(body, size, 0, 0))])
        journal.close()
    return stats.written_bytes / (size * len(bodies))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("codec", CODECS)
def test_compress(benchmark: BenchmarkFixture, codec: str, order: str) -> None:
    """What was compressed comes back."""
    (lines, *_), _ = batches(500, order, 1000)
    body = benchmark(CODECS[codec], lines)
    assert zlib.decompress(body, GZIP) == lines
    assert lines.count(b"\n") == 500


def test_grouping_keeps_every_line_and_makes_batches_smaller() -> None:
    """The same lines in another order; with every entity known, 25 bytes for each."""
    size = 5_000
    plain, grouped = (batches(size, order, 11_500).lines[1:] for order in ORDERS)
    assert plain
    assert [sorted(b.splitlines()) for b in plain] == [
        sorted(b.splitlines()) for b in grouped
    ]
    small, smaller = ([CODECS["isal 1"](b) for b in each] for each in (plain, grouped))
    assert sum(map(len, smaller)) < 0.75 * sum(map(len, small))
    assert sum(map(len, smaller)) / (size * len(grouped)) <= GOAL_BYTES
    assert journal_bytes(smaller, size) <= GOAL_BYTES


def grouping_ns(size: int, limit: int | None, rounds: int) -> float:
    """Nanoseconds per point that grouped taking costs more."""
    messages = played("stream", limit).messages

    def run(order: str) -> int:
        pipeline, points = pipelines[order], 0
        for message in messages:
            pipeline.feed(message)
            if pipeline.buffered_points == size:
                points += size
                ORDERS[order](pipeline)
        ORDERS[order](pipeline)
        return points

    pipelines = {order: Pipeline() for order in ORDERS}
    points = {order: run(order) for order in ORDERS}
    cases = {
        order: Case(lambda order=order: run(order), points[order])  # type: ignore[misc]
        for order in ORDERS
    }
    times = by_turns(cases, points["arrival"], rounds)
    return times["grouped"] - times["arrival"]


def main() -> None:
    """Print one table for each size of batch."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, help="use only so many messages")
    given = parser.parse_args()
    for size in SIZES:
        print(f"**{size:,} lines**\n")
        print(
            "| order | codec | ns/event | ratio "
            "| wire B/event | range | journal B/event |"
        )
        print("|---|---|---|---|---|---|---|")
        for order in ORDERS:
            lines, points = batches(size, order, given.limit)
            cases = {}
            sizes = {}
            for codec, compress in CODECS.items():
                sizes[codec] = [compress(batch) for batch in lines]

                def run(compress: Callable[[bytes], bytes] = compress) -> int:
                    return sum(len(compress(batch)) for batch in lines)  # noqa: B023

                cases[codec] = Case(run, sum(map(len, sizes[codec])))
            times = by_turns(cases, points, given.rounds)
            for codec, bodies in sizes.items():
                wire = sum(map(len, bodies)) / points
                least, most = (pick(map(len, bodies)) / size for pick in (min, max))
                print(
                    f"| {order} | {codec} | {times[codec]:,.0f} "
                    f"| {sum(map(len, lines)) / points / wire:.1f} | {wire:.1f} "
                    f"| {least:.1f}-{most:.1f} | {journal_bytes(bodies, size):.1f} |",
                    flush=True,
                )
        more = grouping_ns(size, given.limit, given.rounds)
        print(f"\ngrouping: {more:+,.0f} ns/event\n", flush=True)


if __name__ == "__main__":
    main()
