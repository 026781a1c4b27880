"""The book of alerts and the figures of the monitor, as document and as metrics.

Both are read at the moment they are asked for. Labels of metrics name kinds, sinks and
stages, never an entity or a user.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hiq.assure.monitor_kinds import KINDS
from hiq.assure.monitor_latency import BOUNDS_S
from hiq.web.exposition import Family, cumulated
from hiq.web.report import iso, moment
from hiq.web.types import alerts as types

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hiq.assure.alerts import Alert, Alerts
    from hiq.assure.monitor import Check
    from hiq.assure.monitor_claims import Audit
    from hiq.assure.monitor_stages import Stages
    from hiq.readback import ReadBack

__all__ = ["Alarms"]

EVERY: Final = 4
"""So many buckets of a histogram are one bucket of the metric."""
GROUPS: Final = (
    *("silent_failures", "stale", "latency_issues", "rate_anomalies"),
    "discrepancies",
)


@dataclass(frozen=True, slots=True)
class Alarms:
    """Implements `hiq.web.parts.Alarms`."""

    alerts: Alerts
    checks: Sequence[Check]
    audit: Audit
    stages: Stages
    readers: Mapping[str, ReadBack]
    steady: Callable[[], float]

    def document(self, now: float) -> types.AlertList:
        """Return the document of /api/v1/alerts."""
        active, now_s = self.alerts.active, self.steady()
        return types.AlertList(
            timestamp=moment(now),
            active=[_entry(alert, now) for alert in active],
            history=[_entry(alert, now) for alert in self.alerts.history],
            raised=dict(self.alerts.raised),
            suppressed=self.alerts.suppressed,
            untold=self.alerts.failed,
            report={
                group: [one.key for one in active if _group(one) == group]
                for group in GROUPS
            },
            latency=dict(self._latencies(now_s)),
            components={
                name: types.ComponentEntry(
                    status=part.verdict,
                    work=part.work,
                    failures=part.failures(now_s),
                )
                for name, part in self.audit.components.items()
            },
            checks={
                check.name: types.CheckEntry(
                    runs=check.runs, failures=check.failures, error=check.error
                )
                for check in self.checks
            },
            read_back={
                name: types.ReadBackEntry(
                    checked=reader.checked, unreadable=reader.unreadable
                )
                for name, reader in self.readers.items()
            },
        )

    def _latencies(self, now_s: float) -> Iterator[tuple[str, types.LatencyEntry]]:
        for name, latencies in self.stages.latencies.items():
            found = latencies.summary(now_s)
            if found is not None:
                yield (
                    name,
                    types.LatencyEntry(
                        count=found.count,
                        p50=round(found.p50_s, 4),
                        p95=round(found.p95_s, 4),
                        p99=round(found.p99_s, 4),
                    ),
                )

    def collect(self) -> Iterator[Family]:
        """Yield what is shown as metrics."""
        active: dict[tuple[str, str], int] = {}
        for alert in self.alerts.active:
            key = (alert.kind, alert.severity)
            active[key] = active.get(key, 0) + 1
        family = Family(
            "hiq_alerts_active", "Alerts that last.", labels=("kind", "severity")
        )
        for labels, count in active.items():
            family.add(count, *labels)
        yield family
        raised: Counter[str] = self.alerts.raised
        family = Family("hiq_alerts_raised_total", "Alerts.", "counter", ("kind",))
        for kind in {**KINDS, **raised}:
            family.add(raised[kind], kind)
        yield family
        yield Family(
            "hiq_alerts_suppressed_total", "Alerts without room.", "counter"
        ).add(self.alerts.suppressed)
        family = Family(
            "hiq_check_failures_total",
            "Checks of the monitor that failed.",
            "counter",
            ("check",),
        )
        for check in self.checks:
            family.add(check.failures, check.name)
        yield family
        family = Family(
            "hiq_latency_seconds",
            "Time of an event from Home Assistant to a stage.",
            "histogram",
            ("stage",),
        )
        for name, latencies in self.stages.latencies.items():
            buckets = _coarse(latencies.totals)
            family.add_histogram((name,), buckets, latencies.total_s)
        yield family


def _coarse(totals: list[int]) -> list[tuple[str, float]]:
    """Return cumulated counts at every fourth bound."""
    bounds = BOUNDS_S[EVERY - 1 :: EVERY]
    counts = [sum(totals[at : at + EVERY]) for at in range(0, len(BOUNDS_S), EVERY)]
    return cumulated([round(bound, 4) for bound in bounds], [*counts, totals[-1]])


def _entry(alert: Alert, now: float) -> types.AlertEntry:
    over = now if alert.cleared_s is None else alert.cleared_s
    return types.AlertEntry(
        key=alert.key,
        kind=alert.kind,
        severity=alert.severity,
        message=alert.message,
        since=moment(alert.since_s),
        cleared_at=iso(alert.cleared_s),
        seconds=round(max(0.0, over - alert.since_s), 3),
    )


def _group(alert: Alert) -> str:
    """Return where it belongs in the report; others' alerts are discrepancies."""
    known: Any = KINDS.get(alert.kind)
    return "discrepancies" if known is None else str(known.group)
