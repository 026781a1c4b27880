"""The stages of an event's way, how long it takes to each, and when that is too long.

A stage has an allowance: what gathering batches costs by the settings. If the clocks
of Home Assistant and of this machine differ, every latency is wrong by the same; then
that is told, and latencies are judged without it. The time is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hiq.assure.monitor_kinds import finding
from hiq.assure.monitor_latency import Latencies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hiq.assure.monitor_kinds import Finding

__all__ = ["CLIENTS", "JOURNAL", "Stages"]

JOURNAL = "journal"
CLIENTS = "clients"
"""Not judged: what waits for a client that was away is as old as it must be."""
LEAST = 20
"""Samples without which nothing is judged."""
SKEW_S = 5.0
"""No event is that much older, or younger, than its arrival."""
CALM = 0.8
"""What was too slow is well again below this share of the limit."""


@dataclass(slots=True)
class _Stage:
    """One stage; `slow` while it is told."""

    allowance_s: float
    latencies: Latencies
    slow: bool = False


class Stages:
    """All stages: the journal, each sink, the clients.

    Args:
        allowances_s: stages that are judged, with what batches may add.
        warning_s: 95 of 100 events must be faster.
        critical_s: the same, for worse.
    """

    def __init__(
        self, allowances_s: Mapping[str, float], warning_s: float, critical_s: float
    ) -> None:
        self._warning_s = warning_s
        self._critical_s = critical_s
        self._judged = {
            name: _Stage(allowance_s, Latencies())
            for name, allowance_s in allowances_s.items()
        }
        self.latencies: dict[str, Latencies] = {
            name: stage.latencies for name, stage in self._judged.items()
        }

    def add(self, name: str, seconds: float, now_s: float) -> None:
        """Take one latency."""
        found = self.latencies.get(name)
        if found is None:
            found = self.latencies[name] = Latencies()
        found.add(seconds, now_s)

    def look(self, now_s: float) -> Iterator[Finding]:
        """Find what is too slow now."""
        known = self.latencies.get(JOURNAL)
        journal = None if known is None else known.summary(now_s)
        skew_s = 0.0
        if journal is not None and abs(journal.least_s) > SKEW_S:
            skew_s = journal.least_s
            if journal.count >= LEAST:
                ahead = "ahead of" if skew_s < 0 else "behind"
                text = (
                    f"The clock of Home Assistant is more than {SKEW_S:.0f} s {ahead} "
                    "this machine's, or every event takes that long"
                )
                yield finding("clock_skew", "", text)
        for name, stage in self._judged.items():
            summary = stage.latencies.summary(now_s)
            if summary is None or summary.count < LEAST:
                stage.slow = False
                continue
            # Below zero everything was counted as zero, so only what is late shifts.
            late_s = summary.p95_s - stage.allowance_s - max(0.0, skew_s)
            limit_s = self._warning_s * (CALM if stage.slow else 1.0)
            stage.slow = late_s > limit_s
            if stage.slow:
                text = (
                    f"5 of 100 events take more than {limit_s + stage.allowance_s:.1f} "
                    f"s from Home Assistant to {name}"
                )
                bad = late_s > self._critical_s
                yield finding("latency", name, text, "critical" if bad else "warning")
