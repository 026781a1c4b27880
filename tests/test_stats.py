"""Counters that must add up."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from hiq.stats import SinkStats, Stats

TERMS = ("accepted", "buffered", "filtered", "skipped", "duplicate", "rejected")


@given(st.lists(st.integers(0, 2**40), min_size=6, max_size=6))
def test_balance(counts):
    """The imbalance is zero when the terms make up what was received."""
    stats = Stats(received=sum(counts), **dict(zip(TERMS, counts, strict=True)))
    assert stats.imbalance() == 0


def test_each_term_counts_once():
    """One event more in any single term is one event too many."""
    for term in TERMS:
        stats = Stats(**{term: 1})
        assert stats.imbalance() == -1
    assert Stats(received=1).imbalance() == 1


def test_fresh_counters_are_not_shared():
    """Two runs never count into the same containers."""
    one, two = Stats(), Stats()
    one.errors["x"] += 1
    one.sinks["a"] = SinkStats("a", "stdout")
    one.ha.reconnects["y"] += 1
    one.sinks["a"].write_buckets[0] += 1
    assert two == Stats()
    assert SinkStats("a", "stdout").write_buckets[0] == 0
    assert {field.name for field in fields(Stats)} >= set(TERMS)
