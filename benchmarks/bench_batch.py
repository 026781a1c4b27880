"""One batch from the buffer to what is journaled and POSTed: time and bytes.

    python -m benchmarks.bench_batch [--sizes 1 25 250 1000 5000]

Prints bytes per event by lines in a batch: plain, gzip in order of arrival, grouped by
series as hiq does it, the record in the journal (its header included), and two things
that hiq does not do: with a preset dictionary (made of other lines of the recording;
gzip cannot name one, so no database could read it), and small batches of a backlog
grouped and compressed anew, 5,000 lines at a time, with its processor time per event.

As tests, timed: grouping by series costs time in `take_batch` and saves more in
compression; both are measured, apart and together. Every result is read back.
"""

from __future__ import annotations

import argparse
import gzip
import time
import zlib
from typing import TYPE_CHECKING

import pytest
from isal import igzip

from benchmarks.data import load
from benchmarks.playing import played
from hiq import Pipeline
from hiq.journal.segment import HEADER_SIZE
from hiq.packing import compress

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

LEVEL = 1
SLICE = 2000
SIZES = (1, 25, 250, 1000, 5000)
TOGETHER = 5000
DICTIONARY_BYTES = 32 * 1024
GOAL = 25.0
"""Bytes per event of a batch of 5,000 lines."""


def filled() -> Pipeline:
    """A pipeline that holds the lines of the slice."""
    pipeline = Pipeline()
    for frame in load("single", SLICE).frames:
        pipeline.feed(frame)
    return pipeline


def in_order(pipeline: Pipeline) -> bytes:
    """Lines as they came."""
    return pipeline.take()


def grouped(pipeline: Pipeline) -> bytes:
    """Lines of one series side by side."""
    return pipeline.take_batch().data


ORDERS = {"in order": in_order, "grouped": grouped}


@pytest.mark.parametrize("order", ORDERS)
def test_take(benchmark: BenchmarkFixture, order: str) -> None:
    """Taking a batch out of the buffer loses no line in either order."""
    take = ORDERS[order]

    def fill() -> tuple[tuple[Pipeline], dict[str, object]]:
        return (filled(),), {}

    lines = benchmark.pedantic(take, setup=fill, rounds=5)
    assert lines.count(b"\n") == load("single", SLICE).points


@pytest.mark.parametrize("order", ORDERS)
def test_compress(benchmark: BenchmarkFixture, order: str) -> None:
    """Grouped lines become smaller, and all of them come back."""
    lines = ORDERS[order](filled())
    packed = benchmark(igzip.compress, lines, LEVEL)
    benchmark.extra_info |= {"ratio": round(len(lines) / len(packed), 2)}
    assert zlib.decompress(packed, wbits=31) == lines
    if order == "grouped":
        assert len(packed) < len(igzip.compress(in_order(filled()), LEVEL))


def cut(messages: list[bytes], lines: int, *, grouping: bool) -> list[bytes]:
    """The lines of these messages in batches of so many, whole batches only."""
    pipeline = Pipeline()
    out = []
    for message in messages:
        pipeline.feed(message)
        if pipeline.buffered_points >= lines:
            out.append(grouped(pipeline) if grouping else in_order(pipeline))
    return out


def with_dictionary(lines: bytes, dictionary: bytes) -> bytes:
    """The lines as a raw deflate stream, by zlib: isal takes no dictionary here."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15, zdict=dictionary)
    return packer.compress(lines) + packer.flush()


def anew(batches: list[bytes]) -> tuple[int, float]:
    """Group and compress packed batches together: bytes, and seconds it took."""
    began = time.thread_time()
    series: dict[bytes, list[bytes]] = {}
    for packed in batches:
        for line in gzip.decompress(packed).splitlines(keepends=True):
            series.setdefault(line.partition(b" ")[0], []).append(line)
    size = len(
        compress(b"".join(line for key in sorted(series) for line in series[key]))
    )
    return size, time.thread_time() - began


def row(messages: list[bytes], lines: int, dictionary: bytes) -> str:
    """One row in Markdown."""
    batches = cut(messages, lines, grouping=True)
    plain = cut(messages, lines, grouping=False)
    count = lines * len(batches)
    packed = [compress(batch) for batch in batches]
    wire = sum(map(len, packed)) / count
    figures = [
        sum(map(len, batches)) / count,
        sum(len(compress(batch)) for batch in plain) / count,
        wire,
        wire + HEADER_SIZE / lines,
        sum(len(with_dictionary(batch, dictionary)) for batch in batches) / count,
    ]
    cells = " | ".join(f"{figure:.1f}" for figure in figures)
    many = max(1, TOGETHER // lines)
    joined = [packed[at : at + many] for at in range(0, len(packed) - many + 1, many)]
    if not joined or many == 1:
        return f"| {lines:,} | {cells} | - | - |"
    results = [anew(each) for each in joined]
    events = lines * many * len(joined)
    size = sum(size for size, _ in results) / events
    return (
        f"| {lines:,} | {cells} | {size:.1f} "
        f"| {sum(spent for _, spent in results) / events * 1e9:,.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    given = parser.parse_args()
    messages = played("single").messages
    others, messages = messages[:SLICE], messages[SLICE:]
    dictionary = b"".join(cut(others, 250, grouping=True))[-DICTIONARY_BYTES:]
    print(f"{len(messages):,} recorded events; bytes per event, goal {GOAL:g} at 5,000")
    print(
        "\n| lines in a batch | plain | gzip in order | wire: grouped, gzip "
        "| journal | with a dictionary | a backlog anew | anew, ns/event |"
        "\n|---|---|---|---|---|---|---|---|"
    )
    for lines in given.sizes:
        print(row(messages, lines, dictionary), flush=True)


if __name__ == "__main__":
    main()
