"""How long events take: bounded histograms of a moving window, and percentiles.

Buckets grow by a fixed factor, so a percentile is known to within a seventh of itself
and the memory is the same for ten events and for ten million. The clock is an argument.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

__all__ = ["BOUNDS_S", "Latencies", "Summary"]

BOUNDS_S = tuple(0.001 * 1.3**step for step in range(52))
"""Upper bounds of the buckets in seconds, from a millisecond to eleven minutes."""
HALF_S = 150.0
"""Half of the window: it covers the last 150 to 300 seconds."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a window says, in seconds; `least_s` may be negative if clocks differ."""

    count: int
    least_s: float
    p50_s: float
    p95_s: float
    p99_s: float


class _Half:
    """One half of a window."""

    __slots__ = ("buckets", "least_s")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS_S) + 1)
        self.least_s = float("inf")


class Latencies:
    """The latencies up to one stage of the way.

    - `total_s` and `totals` (by bucket) are of the whole run.
    - After calling `add`: it is in the window; below zero it counts as zero.
    """

    def __init__(self, *, half_s: float = HALF_S) -> None:
        self.total_s = 0.0
        self.totals = [0] * (len(BOUNDS_S) + 1)
        self._half_s = half_s
        self._began_s: float | None = None
        self._halves = (_Half(), _Half())

    def add(self, seconds: float, now_s: float) -> None:
        """Take one."""
        self._turn(now_s)
        half = self._halves[1]
        half.least_s = min(half.least_s, seconds)
        seconds = max(0.0, seconds)
        bucket = bisect_left(BOUNDS_S, seconds)
        half.buckets[bucket] += 1
        self.totals[bucket] += 1
        self.total_s += seconds

    def summary(self, now_s: float) -> Summary | None:
        """Return what the window says; None if it is empty."""
        self._turn(now_s)
        old, new = self._halves
        buckets = [a + b for a, b in zip(old.buckets, new.buckets, strict=True)]
        count = sum(buckets)
        if not count:
            return None
        p50_s, p95_s, p99_s = (
            _percentile(buckets, share * count) for share in (0.5, 0.95, 0.99)
        )
        least_s = min(old.least_s, new.least_s)
        return Summary(count, least_s, p50_s, p95_s, p99_s)

    def _turn(self, now_s: float) -> None:
        if self._began_s is None:
            self._began_s = now_s
        passed_s = now_s - self._began_s
        if passed_s < self._half_s:
            return
        fresh = _Half()
        lately = passed_s < 2 * self._half_s
        self._halves = (self._halves[1] if lately else _Half(), fresh)
        self._began_s = now_s


def _percentile(buckets: list[int], rank: float) -> float:
    """Return the value at a rank, evenly spread within its bucket."""
    seen = 0
    for number, count in enumerate(buckets):
        if seen + count >= rank and count:
            low = BOUNDS_S[number - 1] if number else 0.0
            high = BOUNDS_S[min(number, len(BOUNDS_S) - 1)]
            return low + (max(low, high) - low) * (rank - seen) / count
        seen += count
    return BOUNDS_S[-1]
