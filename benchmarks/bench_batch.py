"""Timed: one batch from the buffer to what is journaled and POSTed.

Grouping by series costs time in `take_batch` and saves more in compression; both are
measured here, apart and together. Every result is read back.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest
from isal import igzip

from benchmarks.data import load
from hiq import Pipeline

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

LEVEL = 1
SLICE = 2000


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
