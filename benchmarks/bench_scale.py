"""Timed: many entities and big events; checked: the shapes are what they say.

`python -m benchmarks.scale` prints the tables, `python -m benchmarks.latency` the
waits, which are tried here with few events so that they cannot rot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.latency import measure
from benchmarks.playing import played
from benchmarks.scale import cost
from benchmarks.shaped import entity_of, of_entities, of_size
from hiq import Pipeline

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

ENTITIES = 500


def test_each_entity_comes_as_often(benchmark: BenchmarkFixture) -> None:
    """So many entities come, twice each, and all their messages are events."""
    messages = of_entities(played("stream", 1000).messages, ENTITIES, 2 * ENTITIES)
    assert benchmark(cost, messages, 1) > 0
    pipeline = Pipeline()
    verdicts = [pipeline.feed(message) for message in messages]
    assert sum(verdict.events for verdict in verdicts) == len(messages)
    assert len(set(map(entity_of, messages))) == ENTITIES


@pytest.mark.parametrize("size", [500, 4_000, 60_000])
def test_an_event_has_the_size_that_was_asked_for(
    benchmark: BenchmarkFixture, size: int
) -> None:
    """Within a third, and it makes a point."""
    message = of_size(played("stream", 10).messages[0], size, 1)
    assert size / 1.5 < len(message) < size * 1.5
    pipeline = Pipeline()
    assert benchmark(pipeline.feed, message).points == 1


def test_every_event_is_journaled_after_it_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run checks that all were; the row ends in its share of the bound."""
    monkeypatch.setattr("benchmarks.processes.SETTLE_S", 0.0)
    row = measure("50ms", 1000.0, 0.2, None)
    longest_ms = float(row.split("|")[4])
    assert longest_ms > float(row.split("|")[2]) > 0
