"""Windows over growing counters, against every event with its time."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq import rates as module
from hiq.rates import STEP_S, WINDOWS_S, Rates


class Counted:
    """Counters that a test turns by hand, and a list of all that came."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.entities: Counter[str] = Counter()
        self.names = [""]
        self.came: list[tuple[float, str]] = []

    def count(self, entity_id: str, now: float = 0.0) -> None:
        """Count one change."""
        self.types["state_changed"] += 1
        self.entities[entity_id] += 1
        domain = entity_id.partition(".")[0]
        if domain not in self.names:
            self.names.append(domain)
        self.came.append((now, entity_id))

    def by_type(self) -> Counter[str]:
        """Return the events of each type."""
        return self.types

    def domains(self) -> list[str]:
        """Return the names of the domains."""
        return self.names

    def by_domain(self) -> list[int]:
        """Return the events of each domain."""
        found = Counter(name.partition(".")[0] for name in self.entities.elements())
        return [found[name] for name in self.names]

    def top(self, most: int) -> list[tuple[str, int]]:
        """Return the busiest entities."""
        return self.entities.most_common(most)

    def since(self, at: float) -> Counter[str]:
        """Return what came after a moment, by entity."""
        return Counter(name for when, name in self.came if when > at)


def most_first(found: Counter[str], most: int) -> tuple[tuple[str, int], ...]:
    """Return what `Gain.top` must be."""
    return tuple(sorted(found.items(), key=lambda it: (-it[1], it[0]))[:most])


def check(counted: Counted, rates: Rates, now: float) -> None:
    """Compare all windows with what came since they began."""
    for name, span in WINDOWS_S.items():
        gain = rates.gain(name, now, 10)
        came = counted.since(now - gain.seconds)
        assert gain.events == came.total()
        assert gain.by_type == ({"state_changed": came.total()} if came else {})
        domains = Counter(entity.partition(".")[0] for entity in came.elements())
        assert gain.by_domain == dict(domains)
        assert list(gain.by_domain.values()) == sorted(domains.values(), reverse=True)
        top = counted.since(now - gain.top_seconds)
        assert gain.top == most_first(top, 10)
        assert gain.seconds <= span + max(span / 60, STEP_S) + 1e-6
        assert gain.top_seconds <= span * 1.25 + STEP_S + 1e-6
        assert gain.seconds >= min(span, now) - 1e-6


pauses = st.one_of(
    st.floats(0.001, 2.0), st.floats(2.0, 100.0), st.floats(100.0, 2000.0)
)
changes = st.sampled_from(
    [f"{kind}.{n}" for kind in ("light", "sensor") for n in "abc"]
)


@given(st.lists(st.tuples(pauses, changes), max_size=60), st.floats(0.0, 2000.0))
def test_windows_hold_what_came(events: list[tuple[float, str]], rest: float) -> None:
    """Whatever the rhythm: each event is counted until its window has passed it."""
    counted = Counted()
    rates = Rates(counted, 0.0)
    now, look_at, is_resting = 0.0, STEP_S, False
    for pause, name in (*events, (rest, "")):
        due = now + pause
        while not is_resting and look_at <= due:
            now = look_at
            is_resting = not rates.sample(now)
            look_at += STEP_S
            check(counted, rates, now)
        now = max(due, now + 2e-9)  # not at the very moment of a look: behind it
        if not name:
            break
        if is_resting:
            rates.stir(now - 1e-9)
            is_resting, look_at = False, now + STEP_S
        counted.count(name, now)
        check(counted, rates, now)
    check(counted, rates, now)


def test_what_is_kept_has_a_bound() -> None:
    """A day of ever other rhythms leaves no more moments than the windows have."""
    counted = Counted()
    rates = Rates(counted, 0.0)
    random = Random(1)
    now, kept = 0.0, []
    while now < 86_400:
        counted.count("sensor.a", now)
        now += STEP_S
        if not rates.sample(now):
            now += random.choice((0.1, 3.0, 40.0, 700.0))
            rates.stir(now)
        if random.random() < 0.4:
            now += STEP_S
            rates.sample(now)
            now += random.choice((0.1, 3.0, 40.0, 700.0))
            rates.stir(now)
        kept.append(len(rates))
    assert max(kept) <= 3 * (2 * 60 + 2) + 3 * (2 * 4 + 2)
    for earlier, later in pairwise(kept[1000:]):
        assert later <= earlier + 12


def test_a_look_costs_the_same_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many events came before: the entities are read as often, no more."""
    counted = Counted()
    rates = Rates(counted, 0.0)
    asked: list[float] = []
    top = counted.top
    monkeypatch.setattr(counted, "top", lambda most: asked.append(now) or top(most))
    for second in range(1, 3601):
        now = float(second)
        counted.count("sensor.a", now)
        rates.sample(now)
    quarters = [sum(a <= at < a + 900 for at in asked) for a in range(1, 3601, 900)]
    assert max(quarters) - min(quarters) <= 2
    assert max(quarters) <= 900 / 14 + 900 / 68 + 900 / 203 + 3


def test_a_young_run_has_short_windows() -> None:
    """The rate of the first seconds is that of these seconds."""
    counted = Counted()
    rates = Rates(counted, 100.0)
    assert rates.gain("1m", 100.0).per_second == 0.0
    for _ in range(30):
        counted.count("sensor.a", 105.0)
    gain = rates.gain("15m", 110.0)
    assert (gain.seconds, gain.events, gain.per_second) == (10.0, 30, 3.0)


def test_all_other_domains_have_a_name() -> None:
    """What is counted together is shown as one, with a domain of that name."""
    counted = Counted()
    counted.count("other.a")
    counted.count(".b")
    counted.count("sensor.c")
    rates = Rates(counted, 0.0)
    assert rates.domains() == {"other": 2, "sensor": 1}
    counted.count(".b")
    assert rates.gain("1m", 1.0).by_domain == {"other": 1}


def test_beyond_the_followed_the_least_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entity that was not among them had at most what the last of them had."""
    monkeypatch.setattr(module, "FOLLOWED", 2)
    counted = Counted()
    for name, count in (("sensor.a", 9), ("sensor.b", 5), ("sensor.c", 4)):
        for _ in range(count):
            counted.count(name)
    rates = Rates(counted, 0.0)
    for _ in range(7):
        counted.count("sensor.c", 1.0)
    assert rates.gain("1m", 2.0, 10).top == (("sensor.c", 6),)
