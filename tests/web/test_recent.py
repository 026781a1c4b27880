"""The window over the counters."""

from __future__ import annotations

from hiq.stats import SinkStats, Stats
from hiq.web.recent import Recent


def test_a_young_run_is_covered_whole() -> None:
    """Before the window is full, everything since the start counts."""
    stats = Stats()
    recent = Recent(0.0)
    stats.received = 5
    stats.ha.failures = 2
    gained = recent.gained(stats, 1.0)
    assert (gained.received, gained.ha_failures, gained.at) == (5, 2, 1.0)


def test_old_gains_are_forgotten() -> None:
    """What happened before the window no longer counts."""
    stats = Stats()
    stats.sinks["a"] = SinkStats("a", "sqlite")
    recent = Recent(0.0, window_s=900, step_s=15)
    stats.sinks["a"].dropped = 4
    stats.journal.lost_points = 1
    recent.sample(stats, 20.0)
    assert recent.gained(stats, 900.0).dropped == {"a": 4}
    for at in range(40, 1000, 20):
        recent.sample(stats, float(at))
    gained = recent.gained(stats, 1000.0)
    assert gained.dropped == {"a": 0}
    assert gained.lost_points == 0


def test_samples_are_bounded() -> None:
    """A sample per call of a fast caller is not kept, and never too many."""
    stats = Stats()
    recent = Recent(0.0, window_s=100, step_s=10)
    for at in range(100_000):
        recent.sample(stats, at / 10)
    assert len(recent._samples) <= 13


def test_a_clock_set_back_does_not_fill_memory() -> None:
    """Samples stay bounded if the clock jumps back."""
    stats = Stats()
    recent = Recent(1e9, window_s=100, step_s=10)
    for at in range(1000, 0, -1):
        recent.sample(stats, at * 20.0)
    assert len(recent._samples) <= 13


def test_a_new_sink_counts_from_zero() -> None:
    """A sink that the oldest sample did not know has gained all it has."""
    stats = Stats()
    recent = Recent(0.0)
    stats.sinks["late"] = SinkStats("late", "sqlite", dead_lettered=3)
    assert recent.gained(stats, 5.0).dead_lettered == {"late": 3}
