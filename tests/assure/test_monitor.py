"""The monitor: checks that find, fail, hang, and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import pytest

from hiq.assure.alerts import Alerts
from hiq.assure.monitor import Check, Monitor, Work
from hiq.assure.monitor_kinds import Finding, finding


class Bench:
    """A monitor with a clock by hand and a switch for each check."""

    def __init__(self, *names: str) -> None:
        self.now_s = 0.0
        self.wrong: set[str] = set()
        self.failing: set[str] = set()
        self.alerts = Alerts()
        self.heard: list[tuple[str, bool]] = []
        self.alerts.listeners.append(
            lambda one: self.heard.append((one.key, one.cleared_s is None))
        )
        self.monitor = Monitor(
            self.alerts,
            [Check(name, self.work(name), 0.05) for name in names],
            lambda: self.now_s,
            lambda: self.now_s,
            10.0,
            self.sleep,
        )
        self.naps: list[float] = []

    def work(self, name: str) -> Work:
        """Return a check."""

        def look() -> Iterable[Finding]:
            if name in self.failing:
                raise RuntimeError(f"a fault of {name}")
            return [finding("latency", name, "slow")] if name in self.wrong else []

        return look

    async def sleep(self, seconds: float) -> None:
        """Sleep as long as the plan says, then stop."""
        if not self.naps:
            raise asyncio.CancelledError
        self.now_s += self.naps.pop(0)

    @property
    def active(self) -> list[str]:
        """Keys of what is wrong."""
        return [one.key for one in self.alerts.active]


async def test_an_alert_is_raised_once_and_cleared_once() -> None:
    """Over many looks."""
    bench = Bench("a", "b")
    bench.wrong = {"a"}
    for _ in range(5):
        await bench.monitor.tick()
    bench.wrong = set()
    for _ in range(5):
        await bench.monitor.tick()
    assert bench.heard == [("latency:a", True), ("latency:a", False)]


@pytest.mark.filterwarnings("ignore")
async def test_half_of_the_checks_raising_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each failing check is an alert, raised and cleared once; the others find."""
    bench = Bench("a", "b", "c", "d")
    bench.failing = {"a", "b"}
    bench.wrong = {"c"}
    for _ in range(3):
        await bench.monitor.tick()
    assert bench.active == ["latency:c", "check_failing:a", "check_failing:b"]
    assert len([r for r in caplog.records if r.message == "a check failed"]) == 2
    bench.failing = set()
    for _ in range(3):
        await bench.monitor.tick()
    assert bench.active == ["latency:c"]
    assert len(bench.heard) == 5
    assert [check.failures for check in bench.monitor.checks] == [3, 3, 0, 0]


async def test_what_a_check_had_found_stays_while_it_fails() -> None:
    """Nobody knows better."""
    bench = Bench("a")
    bench.wrong = {"a"}
    await bench.monitor.tick()
    bench.failing = {"a"}
    await bench.monitor.tick()
    assert bench.active == ["latency:a", "check_failing:a"]


async def test_a_check_that_hangs_is_cut() -> None:
    """The others are not held up by it, and it is told."""
    bench = Bench("a")
    never = asyncio.Event()

    async def hang() -> Iterable[Finding]:
        await never.wait()
        return []

    bench.monitor.checks.append(Check("hangs", hang, 0.01))
    bench.wrong = {"a"}
    await bench.monitor.tick()
    assert bench.active == ["latency:a", "check_failing:hangs"]
    assert "not done after 0.01 s" in bench.alerts.active[1].message


async def test_a_thousand_failures_keep_nothing() -> None:
    """Only the last words of a check are kept, and one line of log."""
    bench = Bench("a")
    bench.failing = {"a"}
    for _ in range(1000):
        await bench.monitor.tick()
    assert bench.monitor.checks[0].failures == 1000
    assert len(bench.alerts.active) == 1
    assert bench.alerts.history == ()


async def test_being_late_is_told_until_it_is_in_time() -> None:
    """More than three intervals late; over at the next look."""
    bench = Bench()
    bench.naps = [10.0, 31.0, 10.0]
    with pytest.raises(asyncio.CancelledError):
        await bench.monitor.run()
    assert bench.heard == [("loop_late", True), ("loop_late", False)]
    assert bench.monitor.ticks == 3


async def test_a_listener_that_fails_stops_no_look() -> None:
    """It is counted."""
    bench = Bench("a")

    def fail(_alert: object) -> None:
        raise ValueError("a fault of the listener")

    listeners: list[Callable[..., object]] = bench.alerts.listeners
    listeners.insert(0, fail)
    bench.wrong = {"a"}
    await bench.monitor.tick()
    assert (bench.active, bench.alerts.failed) == (["latency:a"], 1)
