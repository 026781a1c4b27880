"""Rhythms that are learned, and silence that is too long for them."""

from __future__ import annotations

from random import Random

import pytest

from hiq.assure.monitor_rhythm import MANY, Rhythm, Rhythms

TICK_S = 10.0


def learned(every_s: float, hours: float, least_s: float = 600.0) -> Rhythms:
    """Return what is known after some hours of a thing that happens so often."""
    rhythms = Rhythms(most=10, least_s=least_s, learn_s=3600.0)
    for tick in range(int(hours * 3600 / TICK_S) + 1):
        now_s = tick * TICK_S
        rhythms.see([("a", int(now_s / every_s))], now_s)
    return rhythms


@pytest.mark.parametrize(
    ("every_s", "limit_s"), [(1.0, 600.0), (60.0, 1200.0), (300.0, 6000.0)]
)
def test_silence_is_judged_by_its_own_rhythm(every_s: float, limit_s: float) -> None:
    """Twenty mean intervals, at least the shortest that counts."""
    rhythms = learned(every_s, 12)
    end_s = 12 * 3600.0
    count = int(end_s / every_s)
    assert rhythms.silent(end_s + limit_s * 0.95) == []
    rhythms.see([("a", count)], end_s + limit_s)
    ((name, quiet_s, mean_s),) = rhythms.silent(end_s + limit_s * 1.02 + 20)
    assert name == "a"
    assert quiet_s > limit_s
    assert mean_s == pytest.approx(every_s, rel=0.05)


def test_it_is_over_with_the_next_event() -> None:
    """Whatever comes ends the silence."""
    rhythms = learned(60.0, 12)
    end_s = 12 * 3600.0
    assert rhythms.silent(end_s + 7200)
    rhythms.see([("a", 721)], end_s + 7200)
    assert rhythms.silent(end_s + 7200) == []


def test_what_is_not_known_for_long_is_not_judged() -> None:
    """A washing machine that reports for an hour, and then rests, is no alert."""
    rhythms = learned(10.0, 0.9)
    assert rhythms.silent(1e6) == []


def test_what_is_not_steady_is_not_judged() -> None:
    """Bursts by day and nothing at night: its silence says nothing."""
    rhythms = Rhythms(most=10, least_s=600.0, learn_s=3600.0)
    count = 0
    for tick in range(8640 * 3):
        now_s = tick * TICK_S
        if now_s % 86_400 > 50_000 and tick % 12 == 0:
            count += 1
        rhythms.see([("binary_sensor.motion", count)], now_s)
    assert rhythms.silent(3 * 86_400 + 20_000.0) == []


def test_chance_alone_raises_nothing() -> None:
    """A thousand entities at random, each at its own rate, for a day: none is silent.

    The intervals are exponential, as where nothing but chance decides.
    """
    random = Random(6)
    rates = [1 / random.uniform(20, 900) for _ in range(1000)]
    rhythms = Rhythms(most=1000, least_s=600.0, learn_s=3600.0)
    counts = [0] * 1000
    step_s = 120.0
    for tick in range(int(86_400 / step_s)):
        for number, rate in enumerate(rates):
            at = random.expovariate(rate)
            while at < step_s:
                counts[number] += 1
                at += random.expovariate(rate)
        now_s = tick * step_s
        rhythms.see(((str(n), c) for n, c in enumerate(counts)), now_s)
        assert rhythms.silent(now_s) == []


def test_the_table_is_bounded() -> None:
    """Beyond the bound nobody is followed; who is gone is forgotten and counted."""
    rhythms = Rhythms(most=3, least_s=600.0, learn_s=0.0)
    rhythms.see(((str(n), n) for n in range(10)), 0.0)
    assert len(rhythms) == 3
    rhythms.see([("x", 1)], 1.0)
    assert (len(rhythms), rhythms.forgotten) == (1, 3)
    assert (rhythms.last_s("x"), rhythms.last_s("0")) == (None, None)


def test_a_pause_does_not_count() -> None:
    """While nothing can be seen no time passes, and nothing is learned from it."""
    rhythms = learned(60.0, 12)
    end_s = 12 * 3600.0
    rhythms.pause(end_s + 50_000)
    assert rhythms.silent(end_s + 50_500) == []
    assert rhythms.silent(end_s + 55_000)


def test_old_events_are_forgotten() -> None:
    """The mean follows a new rhythm, and the numbers stay small."""
    rhythm = Rhythm(0, 0.0, 0.0)
    now_s = 0.0
    for count in range(1, 10_000):
        now_s += 1.0
        rhythm.see(count, now_s)
    assert rhythm.events <= MANY
    for count in range(10_000, 12_000):
        now_s += 50.0
        rhythm.see(count, now_s)
    assert rhythm.mean_s == pytest.approx(50.0, rel=0.1)


def test_a_count_that_begins_again_is_no_event() -> None:
    """A smaller count is a new beginning."""
    rhythm = Rhythm(100, 0.0, 0.0)
    assert not rhythm.see(3, 10.0)
    assert rhythm.see(4, 20.0)


def test_forget_learns_anew() -> None:
    """What came back as another thing is not judged by the old rhythm."""
    rhythms = learned(60.0, 12)
    rhythms.forget("a")
    rhythms.forget("unknown")
    assert rhythms.silent(1e6) == []
