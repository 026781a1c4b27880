"""Timed: taking lines out of the ring, in order and grouped by series, by fill.

The lines go in again in each round, untimed. Baseline: copying as many bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.playing import played
from hiq import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

FILLS = (1, 25, 1000)
ROUNDS = 20


def filled(events: int) -> tuple[Pipeline, bytes]:
    """A pipeline that holds the points of so many events, and their lines."""
    messages = played("stream", 1000).messages[:events]
    twin, pipeline = Pipeline(), Pipeline()
    for message in messages:
        twin.feed(message)
        pipeline.feed(message)
    return pipeline, twin.take()


TAKES: dict[str, Callable[[Pipeline, bytes], bytes]] = {
    "copy": lambda _, lines: bytes(bytearray(lines)),
    "take": lambda pipeline, _: pipeline.take(),
    "take_batch": lambda pipeline, _: pipeline.take_batch().data,
}


@pytest.mark.parametrize("events", FILLS)
@pytest.mark.parametrize("name", TAKES)
def test_ring(benchmark: BenchmarkFixture, name: str, events: int) -> None:
    """The same lines come out whichever way they are taken."""
    _, lines = filled(events)
    taken = benchmark.pedantic(  # type: ignore[no-untyped-call]
        TAKES[name], setup=lambda: (filled(events), {}), rounds=ROUNDS
    )
    assert lines
    assert sorted(taken.splitlines()) == sorted(lines.splitlines())
