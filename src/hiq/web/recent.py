"""What the counters gained in the last minutes, from samples taken now and then.

A counter that only grows would keep a service degraded for ever because of one bad
minute. Samples are bounded in number; the clock is an argument, in Unix seconds.
It must not know what is healthy.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hiq.stats import Stats

__all__ = ["Recent", "Totals"]


@dataclass(frozen=True, slots=True)
class Totals:
    """Counters at one moment, or the difference of two moments."""

    at: float = 0.0
    received: int = 0
    rejected: int = 0
    ha_failures: int = 0
    lost_points: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    dead_lettered: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, stats: Stats, now: float) -> Totals:
        """Return the counters as they are now."""
        sinks = stats.sinks.values()
        return cls(
            at=now,
            received=stats.received,
            rejected=stats.rejected,
            ha_failures=stats.ha.failures,
            lost_points=stats.journal.lost_points,
            dropped={sink.name: sink.dropped for sink in sinks},
            dead_lettered={sink.name: sink.dead_lettered for sink in sinks},
        )

    def since(self, old: Totals) -> Totals:
        """Return what was gained since an older moment."""
        return Totals(
            at=self.at,
            received=self.received - old.received,
            rejected=self.rejected - old.rejected,
            ha_failures=self.ha_failures - old.ha_failures,
            lost_points=self.lost_points - old.lost_points,
            dropped={k: v - old.dropped.get(k, 0) for k, v in self.dropped.items()},
            dead_lettered={
                k: v - old.dead_lettered.get(k, 0)
                for k, v in self.dead_lettered.items()
            },
        )


class Recent:
    """A window that slides over the counters.

    After calling `sample` at least every `step_s`: `gained` covers the last
    `window_s` to `window_s + step_s` seconds, or the whole run if it is younger.
    """

    def __init__(
        self, now: float, *, window_s: float = 900.0, step_s: float = 15.0
    ) -> None:
        self._window_s = window_s
        self._step_s = step_s
        self._samples: deque[Totals] = deque([Totals(at=now)])

    def sample(self, stats: Stats, now: float) -> None:
        """Remember the counters, at most once per step; forget what is too old."""
        if 0.0 <= now - self._samples[-1].at < self._step_s:
            return
        self._samples.append(Totals.of(stats, now))
        while len(self._samples) > 1 and (
            self._samples[1].at <= now - self._window_s
            or len(self._samples) > self._window_s / self._step_s + 2
        ):
            self._samples.popleft()

    def gained(self, stats: Stats, now: float) -> Totals:
        """Return what was gained in the window."""
        return Totals.of(stats, now).since(self._samples[0])
