"""The document of event rates and their metrics, from counters and windows.

The shape is that of the HomeIQ service; what it has and hiq has not (a pool of workers,
a limit that drops) is shown with the value that is true. It must not know HTTP, nor the
clock: seconds are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hiq.rates import WINDOWS_S
from hiq.web.exposition import Family
from hiq.web.report import iso, moment
from hiq.web.types.service import (
    AllRuns,
    ConnectionRates,
    EntityCount,
    EventRate,
    ProcessingRates,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hiq.rates import Gain, Rates
    from hiq.stats import Stats

__all__ = ["Sources", "event_rate", "families"]

TOP: Final = 10


@dataclass(frozen=True, slots=True)
class Sources:
    """What the document is made from, at one moment.

    Attributes:
        stats: the counters of this run.
        rates: their windows.
        busiest: entities with the most events in this run, most first.
        now: Unix seconds.
        now_s: seconds of the clock of the windows.
        cpu_s: CPU time of the process.
        listeners: who is told of accepted events.
        since: when counting began, Unix seconds.
        events: of all runs by type.
        points: of all runs by stream.
    """

    stats: Stats
    rates: Rates
    busiest: Iterable[tuple[str, int]]
    now: float
    now_s: float
    cpu_s: float
    listeners: int
    since: float
    events: Mapping[str, int]
    points: Mapping[str, int]


def event_rate(it: Sources) -> EventRate:
    """Return the document."""
    stats = it.stats
    session = sum(stats.events_by_type().values())
    age_s = max(0.0, it.now - stats.started_at)
    per_second = session / max(age_s, 1.0)
    gains = {name: it.rates.gain(name, it.now_s, TOP) for name in WINDOWS_S}
    last = iso(stats.ha.last_event_at)
    total = sum(it.events.values())
    good = max(0, stats.received - stats.rejected)
    return EventRate(
        service="hiq",
        events_per_second=round(per_second, 3),
        events_per_hour=round(per_second * 3600, 3),
        total_events_processed=session,
        uptime_seconds=round(age_s, 3),
        processing_stats=ProcessingRates(
            state="running",
            is_running=True,
            max_workers=1,
            active_workers=1,
            processing_rate_limit=0.0,
            processed_events=session,
            failed_events=stats.rejected,
            success_rate=round(100 * good / stats.received, 3)
            if stats.received
            else 100.0,
            processing_rate_per_second=round(gains["1m"].per_second, 3),
            average_processing_time_ms=round(it.cpu_s * 1000 / max(session, 1), 6),
            queue_size=stats.buffered,
            queue_maxsize=0,
            uptime_seconds=round(age_s, 3),
            last_processing_time=last,
            event_handlers_count=it.listeners,
        ),
        connection_stats=ConnectionRates(
            is_connected=stats.ha.state == "CONNECTED",
            is_subscribed=stats.ha.subscribed,
            total_events_received=total,
            events_by_type=dict(it.events),
            last_event_time=last,
        ),
        windows={name: _window(gain) for name, gain in gains.items()},
        by_domain=it.rates.domains(),
        top_entities=_entities(it.busiest),
        all_runs=AllRuns(
            since=moment(it.since),
            events=total,
            events_by_type=dict(it.events),
            points=dict(it.points),
        ),
        timestamp=moment(it.now),
    )


def families(
    stats: Stats, rates: Rates, now_s: float, events: Mapping[str, int]
) -> Iterator[Family]:
    """Yield the metrics; `events` are those of all runs by type."""
    family = Family("hiq_event_rate", "Events per second, lately.", labels=("window",))
    for name in WINDOWS_S:
        family.add(rates.gain(name, now_s).per_second, name)
    yield family
    for metric, text, label, counts in (
        (
            "hiq_events_by_type_total",
            "Events of this run, without states at connect.",
            "type",
            stats.events_by_type(),
        ),
        (
            "hiq_events_by_domain_total",
            "State changes of this run.",
            "domain",
            rates.domains(),
        ),
        (
            "hiq_events_all_runs_total",
            "Events since the journal was made.",
            "type",
            events,
        ),
    ):
        family = Family(metric, text, "counter", (label,))
        for key, count in counts.items():
            family.add(count, key)
        yield family


def _window(gain: Gain) -> Window:
    return Window(
        seconds=round(gain.seconds, 3),
        events=gain.events,
        events_per_second=round(gain.per_second, 3),
        by_type=dict(gain.by_type),
        by_domain=dict(gain.by_domain),
        top_entities=_entities(gain.top),
        top_seconds=round(gain.top_seconds, 3),
    )


def _entities(found: Iterable[tuple[str, int]]) -> list[EntityCount]:
    return [EntityCount(entity_id=name, events=events) for name, events in found]
