"""Timed: batches into the journal, each with its sync, and out again.

The body is one compressed batch of recorded points. The time of a sync is the disk's:
compare cases of one run only.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from isal import igzip

from benchmarks.data import load
from hiq.journal.journal import Entry, Journal
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

BATCHES = 20
STREAM = "ha"


def entry() -> Entry:
    """A batch of the recording's first lines."""
    data = load("single", 2000)
    return Entry(igzip.compress(data.lines, 1), data.points, 0, 0)


def test_append(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Every batch is on the disk, synced, before the next."""
    batch = entry()
    journal = Journal.open(tmp_path, JournalSettings(), JournalStats())

    def append() -> None:
        for _ in range(BATCHES):
            journal.append([(STREAM, batch)])

    benchmark.extra_info |= {"batches": BATCHES, "points": batch.points}
    benchmark.pedantic(append, rounds=5)
    cursor = journal.cursor("sink", STREAM)
    rounds = cursor.pending_points / (BATCHES * batch.points)
    assert rounds == int(rounds) >= 1
    journal.close()


def test_read(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """A sink reads what was appended, batch by batch, and moves on."""
    batch = entry()
    journal = Journal.open(tmp_path, JournalSettings(), JournalStats())
    for _ in range(BATCHES):
        journal.append([(STREAM, batch)])

    sinks = (f"sink{number}" for number in count())

    def read() -> int:
        points = 0
        cursor = journal.cursor(next(sinks), STREAM)
        while chunk := cursor.read(batch.points, 2**30):
            points += chunk.points
            cursor.advance(chunk.end)
        return points

    assert benchmark.pedantic(read, rounds=5) == BATCHES * batch.points
    journal.close()
