"""Far more or far fewer events than usual: counts per minute against a moving mean.

One minute says little, so several in a row must agree, and what rarely happens is not
judged. A new level is accepted after a while: the mean follows it. Counts and the time
are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Anomaly", "Rates"]

WINDOW_S = 60.0
LEARN = 10
"""Windows before anything is judged."""
AGREE = 3
"""Windows in a row that have to agree."""
MEMORY = 60.0
"""Windows after which two thirds of the old level are forgotten."""
HIGH, LOW = 3.0, 0.1
"""Times the mean."""
LEAST = 60.0
"""Events in a window without which the mean is too small to be judged."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A rate that is not as usual; both are events per minute."""

    name: str
    direction: Literal["high", "low"]
    rate: float
    mean: float


@dataclass(slots=True)
class _Level:
    """What is known about one rate."""

    count: int
    mean: float = 0.0
    windows: int = 0
    high: int = 0
    low: int = 0
    rate: float = 0.0

    def close(self, count: int, share: float) -> None:
        """Take the end of a window that was `share` of a minute long."""
        self.rate = max(0, count - self.count) / share
        self.count = count
        judged = self.windows >= LEARN
        self.high = self.high + 1 if judged and self._is_high else 0
        self.low = self.low + 1 if judged and self._is_low else 0
        self.windows += 1
        self.mean += (self.rate - self.mean) / min(self.windows, MEMORY)

    @property
    def _is_high(self) -> bool:
        return self.rate > HIGH * self.mean and self.rate - self.mean >= LEAST

    @property
    def _is_low(self) -> bool:
        return self.mean >= LEAST and self.rate < LOW * self.mean


class Rates:
    """The rates of several things, at most `most`.

    - `see` takes the counts up to now and does something once per window.
    - After calling `pause`: the window that was open is not judged.
    """

    def __init__(self, *, most: int = 2000, window_s: float = WINDOW_S) -> None:
        self._most = most
        self._window_s = window_s
        self._began_s: float | None = None
        self._levels: dict[str, _Level] = {}

    def __len__(self) -> int:
        return len(self._levels)

    def see(self, counts: Mapping[str, int], now_s: float) -> None:
        """Take how often each thing has happened by now."""
        if self._began_s is None:
            self._began_s = now_s
            for name, count in counts.items():
                self._add(name, count)
            return
        passed_s = now_s - self._began_s
        if passed_s < self._window_s:
            return
        self._began_s = now_s
        share = passed_s / WINDOW_S
        for name in self._levels.keys() - counts.keys():
            del self._levels[name]
        for name, count in counts.items():
            level = self._levels.get(name)
            if level is None:
                self._add(name, count)
            else:
                level.close(count, share)

    def pause(self) -> None:
        """Forget the window that is open: something else explains it."""
        self._began_s = None

    def anomalies(self) -> list[Anomaly]:
        """Return what is not as usual now."""
        found = []
        for name, level in self._levels.items():
            if level.high >= AGREE:
                found.append(Anomaly(name, "high", level.rate, level.mean))
            elif level.low >= AGREE:
                found.append(Anomaly(name, "low", level.rate, level.mean))
        return found

    def _add(self, name: str, count: int) -> None:
        level = self._levels.get(name)
        if level is not None:
            level.count = count
        elif len(self._levels) < self._most:
            self._levels[name] = _Level(count)
