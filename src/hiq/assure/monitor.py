"""The monitor: runs all checks every few seconds and keeps the book of alerts by them.

A check that fails or takes too long is itself an alert; the others go on, and what it
had found stays as it is, since nobody knows better. It does not know what is checked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from hiq.assure.monitor_kinds import finding

if TYPE_CHECKING:
    from hiq.assure.alerts import Alerts
    from hiq.assure.monitor_kinds import Finding

__all__ = ["Check", "Monitor", "Work", "is_late"]

logger = logging.getLogger("hiq.monitor")

Work: TypeAlias = Callable[[], Iterable["Finding"] | Awaitable[Iterable["Finding"]]]

LATE_TICKS = 3.0
LATE_S = 5.0
"""Shorter than this is no lateness that anybody would notice."""
LOOP = "loop"


def is_late(passed_s: float, interval_s: float) -> bool:
    """Return whether so much time between two looks means that nothing could run."""
    return passed_s > max(LATE_S, LATE_TICKS * interval_s)


@dataclass(slots=True)
class Check:
    """One check: what it does, how long it may take, and how it went."""

    name: str
    work: Work
    timeout_s: float = 10.0
    runs: int = 0
    failures: int = 0
    error: str = ""


@dataclass(slots=True)
class Monitor:
    """Looks after everything.

    - After `await tick()`: each check has run, was late or has failed, and the book
      says what they found: each alert was raised once, and cleared once.
    - `run` is for ever.

    Args:
        alerts: the book.
        checks: what is checked.
        clock: Unix seconds, for the book.
        steady: seconds that never go back.
        interval_s: time between two looks.
        sleep: waits so many seconds.
    """

    alerts: Alerts
    checks: list[Check]
    clock: Callable[[], float]
    steady: Callable[[], float]
    interval_s: float = 10.0
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ticks: int = field(default=0, init=False)
    _own: dict[str, frozenset[str]] = field(default_factory=dict, init=False)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            before_s = self.steady()
            await self.sleep(self.interval_s)
            self.woke(self.steady() - before_s)
            await self.tick()

    def woke(self, slept_s: float) -> None:
        """Judge how late it is."""
        late = []
        if is_late(slept_s, self.interval_s):
            text = f"hiq got no turn for {slept_s:.0f} s, {self.interval_s:g} were due"
            late.append(finding("loop_late", "", text))
        self._book(LOOP, late)

    async def tick(self) -> None:
        """Look once; what only computes is done at once, without a task."""
        self.ticks += 1
        async with asyncio.TaskGroup() as group:
            for check in self.checks:
                check.runs += 1
                try:
                    result = check.work()
                    if isinstance(result, Awaitable):
                        group.create_task(self._wait(check, result))
                    else:
                        self._done(check, result)
                except Exception as exc:  # noqa: BLE001  told as an alert
                    self._failed(check, exc)
        self._book(
            "monitor",
            [
                finding("check_failing", one.name, f"{one.name} fails: {one.error}")
                for one in self.checks
                if one.error
            ],
        )

    async def _wait(self, check: Check, result: Awaitable[Iterable[Finding]]) -> None:
        try:
            async with asyncio.timeout(check.timeout_s):
                found = await result
        except TimeoutError:
            self._failed(check, None)
        except Exception as exc:  # noqa: BLE001  told as an alert
            self._failed(check, exc)
        else:
            self._done(check, found)

    def _done(self, check: Check, found: Iterable[Finding]) -> None:
        self._book(check.name, found)
        check.error = ""

    def _failed(self, check: Check, error: Exception | None) -> None:
        check.failures += 1
        first = not check.error
        check.error = f"not done after {check.timeout_s:g} s"
        if error is not None:
            check.error = f"{type(error).__name__}: {error}"
        if first:
            extra = {"check": check.name, "reason": check.error}
            logger.error("a check failed", exc_info=error, extra=extra)

    def _book(self, name: str, found: Iterable[Finding]) -> None:
        """Make the book say what one check found, and nothing else of it."""
        now = self.clock()
        keys = set()
        for one in list(found):  # whole, before anything of it is told
            keys.add(one.key)
            self.alerts.raise_(one.key, one.severity, one.message, now)
        for key in self._own.get(name, frozenset()) - keys:
            self.alerts.clear(key, now)
        self._own[name] = frozenset(keys)
