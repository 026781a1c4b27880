"""Rates against their moving mean."""

from __future__ import annotations

from random import Random

from hiq.assure.monitor_rates import Rates


class Flow:
    """Counts that grow minute by minute."""

    def __init__(self, **rates: float) -> None:
        self.rates = Rates()
        self.now_s = 0.0
        self.counts = dict.fromkeys(rates, 0)
        self.rates.see(self.counts, 0.0)

    def minutes(self, minutes: int, **counts: int) -> list[str]:
        """Let minutes pass; returns the anomalies that were seen, each once."""
        seen: dict[str, None] = {}
        for _ in range(minutes):
            for _ in range(6):
                self.now_s += 10.0
                for name, count in counts.items():
                    self.counts[name] += count // 6
                self.rates.see(self.counts, self.now_s)
            for one in self.rates.anomalies():
                seen[f"{one.direction} {one.name}"] = None
        return list(seen)


def test_ten_times_as_much_is_told_and_over_again() -> None:
    """After three minutes in a row; over with the first usual minute."""
    flow = Flow(a=0, b=0)
    assert flow.minutes(30, a=600, b=60) == []
    assert flow.minutes(2, a=6000, b=60) == []
    assert flow.minutes(1, a=6000, b=60) == ["high a"]
    assert flow.minutes(1, a=600, b=60) == []
    assert flow.rates.anomalies() == []


def test_hardly_anything_is_told_where_much_is_usual() -> None:
    """A tenth of what is usual, if that is enough to be judged."""
    flow = Flow(a=0, b=0)
    flow.minutes(30, a=600, b=12)
    assert flow.minutes(4, a=18, b=0) == ["low a"]


def test_a_new_level_is_accepted() -> None:
    """What lasts becomes usual: the alert does not stay for ever."""
    flow = Flow(a=0)
    flow.minutes(30, a=600)
    assert flow.minutes(4, a=6000) == ["high a"]
    flow.minutes(120, a=6000)
    assert flow.rates.anomalies() == []


def test_few_events_are_not_judged() -> None:
    """Thirty times as much of nearly nothing is no anomaly."""
    flow = Flow(a=0)
    flow.minutes(30, a=1)
    assert flow.minutes(5, a=48) == []


def test_a_pause_is_not_judged() -> None:
    """The window in which the connection was lost says nothing."""
    flow = Flow(a=0)
    flow.minutes(30, a=600)
    for _ in range(5):
        flow.rates.pause()
        assert flow.minutes(1, a=0) == []


def test_chance_raises_nothing() -> None:
    """A day of random counts around one level, at four levels: none."""
    random = Random(1)
    rates = Rates()
    counts = dict.fromkeys((1, 10, 100, 1000), 0)
    for minute in range(1440):
        for level in counts:
            counts[level] += max(0, round(random.gauss(level, level**0.5)))
        rates.see({str(k): v for k, v in counts.items()}, minute * 60.0)
        assert rates.anomalies() == []


def test_the_table_is_bounded() -> None:
    """Beyond the bound nothing is followed; what is gone is forgotten."""
    rates = Rates(most=2)
    rates.see({"a": 0, "b": 0, "c": 0}, 0.0)
    assert len(rates) == 2
    rates.see({"c": 0}, 60.0)
    assert len(rates) == 1
