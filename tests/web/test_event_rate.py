"""The document of event rates and its metrics, from counters set by hand."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from hiq.rates import Rates
from hiq.stats import Stats
from hiq.web.event_rate import Sources, event_rate, families
from hiq.web.exposition import text_of
from tests.test_rates import Counted
from tests.web.serving import NOW


def sources(stats: Stats, counted: Counted, **changes: Any) -> Sources:
    """Return what a document is made from, 100 seconds after the start."""
    given: dict[str, Any] = {
        "stats": stats,
        "rates": Rates(counted, 0.0),
        "busiest": [],
        "now": NOW,
        "now_s": 100.0,
        "cpu_s": 0.0,
        "listeners": 0,
        "since": NOW - 100,
        "events": {},
        "points": {},
    }
    return Sources(**(given | changes))


def test_what_hiq_has_not_is_shown_as_it_is() -> None:
    """No workers, no limit; the queue is what waits for the journal."""
    stats = Stats(started_at=NOW - 100, received=50, changes=40, rejected=5, buffered=3)
    found = event_rate(sources(stats, Counted(), cpu_s=0.2, listeners=2))
    work = found.processing_stats
    assert (work.processed_events, work.failed_events) == (40, 5)
    assert work.success_rate == 90.0
    assert work.average_processing_time_ms == 5.0
    assert (work.queue_size, work.processing_rate_limit) == (3, 0.0)
    assert work.event_handlers_count == 2
    assert (found.events_per_second, found.events_per_hour) == (0.4, 1440.0)


def test_before_the_first_event_all_is_zero() -> None:
    """No division by nothing, and nothing has failed."""
    found = event_rate(sources(Stats(started_at=NOW), Counted(), now_s=0.0))
    assert found.processing_stats.success_rate == 100.0
    assert found.events_per_second == 0.0
    assert found.windows["1m"].events_per_second == 0.0


def test_metrics_name_types_and_domains_never_entities() -> None:
    """Four families, read by Prometheus' own parser."""
    counted = Counted()
    rates = Rates(counted, 0.0)
    for _ in range(30):
        counted.count("light.kitchen")
    stats = Stats(changes=30)
    stats.count_other("call_service")
    text = text_of(families(stats, rates, 10.0, {"state_changed": 99})).decode()
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found == {
        ("hiq_event_rate", "1m"): 3.0,
        ("hiq_event_rate", "5m"): 3.0,
        ("hiq_event_rate", "15m"): 3.0,
        ("hiq_events_by_type_total", "state_changed"): 30.0,
        ("hiq_events_by_type_total", "call_service"): 1.0,
        ("hiq_events_by_domain_total", "light"): 30.0,
        ("hiq_events_all_runs_total", "state_changed"): 99.0,
    }
    assert "kitchen" not in text
