"""Histograms of latency, and the stages they belong to."""

from __future__ import annotations

from random import Random

import pytest

from hiq.assure.monitor_latency import BOUNDS_S, Latencies
from hiq.assure.monitor_stages import JOURNAL, Stages


def test_percentiles_are_close_to_the_sorted_list() -> None:
    """Within a seventh of the true value, at every level."""
    random = Random(3)
    values = [random.lognormvariate(-2, 1) for _ in range(5000)]
    found = Latencies()
    for value in values:
        found.add(value, 0.0)
    summary = found.summary(1.0)
    assert summary is not None
    values.sort()
    for share, got in (
        (0.5, summary.p50_s),
        (0.95, summary.p95_s),
        (0.99, summary.p99_s),
    ):
        assert got == pytest.approx(values[int(share * len(values))], rel=0.15)
    assert summary.count == 5000
    assert summary.least_s == values[0]
    assert found.total_s == pytest.approx(sum(values))


def test_what_is_old_is_forgotten() -> None:
    """After five minutes nothing of it is left but the totals."""
    found = Latencies()
    found.add(9.0, 0.0)
    found.add(0.1, 160.0)
    summary = found.summary(170.0)
    assert summary is not None
    assert (summary.count, summary.p99_s > 5) == (2, True)
    found.add(0.1, 320.0)
    summary = found.summary(330.0)
    assert summary is not None
    assert summary.p99_s < 0.2
    assert found.summary(10_000.0) is None
    assert sum(found.totals) == 3


def test_ends_of_the_scale() -> None:
    """Below zero counts as zero, and hours go into the last bucket."""
    found = Latencies()
    found.add(-3.0, 0.0)
    found.add(36_000.0, 0.0)
    assert (found.totals[0], found.totals[-1]) == (1, 1)
    summary = found.summary(0.0)
    assert summary is not None
    assert (summary.least_s, summary.p99_s) == (-3.0, BOUNDS_S[-1])


def stages() -> Stages:
    """Return the stages of a service with one database."""
    return Stages({JOURNAL: 0.25, "db": 1.25}, 1.0, 5.0)


def test_slow_stages_are_told_and_over() -> None:
    """Beside what batches may add: a second is a warning, five are critical."""
    found = stages()
    for _ in range(50):
        found.add(JOURNAL, 0.2, 0.0)
        found.add("db", 2.0, 0.0)
    assert list(found.look(1.0)) == []
    for _ in range(50):
        found.add("db", 3.0, 2.0)
    (one,) = found.look(3.0)
    assert (one.key, one.severity) == ("latency:db", "warning")
    for _ in range(50):
        found.add("db", 9.0, 4.0)
    (one,) = found.look(5.0)
    assert (one.key, one.severity) == ("latency:db", "critical")
    for _ in range(50):
        found.add("db", 0.1, 400.0)
    assert list(found.look(401.0)) == []


def test_few_samples_are_not_judged() -> None:
    """One slow batch after a quiet night is no alert."""
    found = stages()
    for _ in range(19):
        found.add(JOURNAL, 60.0, 0.0)
    assert [one.key for one in found.look(1.0)] == []


@pytest.mark.parametrize(("skew_s", "word"), [(-60.0, "ahead of"), (60.0, "behind")])
def test_clocks_that_differ_are_told_once(skew_s: float, word: str) -> None:
    """Not as the latency of every stage, which is wrong by the same."""
    found = stages()
    for _ in range(50):
        found.add(JOURNAL, skew_s + 0.2, 0.0)
        found.add("db", skew_s + 1.0, 0.0)
    (one,) = found.look(1.0)
    assert one.key == "clock_skew"
    assert word in one.message


def test_a_stage_that_nobody_judges_is_kept_too() -> None:
    """Clients have a histogram, and no limit."""
    found = stages()
    for _ in range(50):
        found.add("clients", 100.0, 0.0)
    assert list(found.look(1.0)) == []
    assert found.latencies["clients"].summary(1.0) is not None
