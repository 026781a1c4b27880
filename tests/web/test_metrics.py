"""The Prometheus text, read by Prometheus' own parser."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hiq.stats import WRITE_BOUNDS_S, SinkStats, Stats
from hiq.web.metrics import StatsCollector, exposition
from tests.web.serving import NOW, good_stats


def scraped(stats: Stats) -> dict[tuple[str, frozenset[Any]], float]:
    """Return every sample of one scrape by name and labels."""
    text = exposition(StatsCollector(stats, lambda: NOW, "1.2.3", lambda: 42)).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(stats: Stats, name: str, **labels: str) -> float:
    """Return one sample."""
    return scraped(stats)[name, frozenset(labels.items())]


def test_promised_names_are_there() -> None:
    """Each documented name is exposed once there is something to tell."""
    stats = good_stats()
    stats.ha.ping_s = 0.5
    stats.ha.last_event_at = NOW
    stats.ha.reconnects["ping"] = 2
    sink = stats.sinks["influxdb"]
    sink.requests["204"] = 3
    sink.last_write_at = NOW
    names = {name for name, _ in scraped(stats)}
    assert names >= {
        "hiq_build_info",
        "hiq_ha_connected",
        "hiq_ha_reconnects_total",
        "hiq_ha_ping_seconds",
        "hiq_events_received_total",
        "hiq_points_total",
        "hiq_journal_bytes",
        "hiq_journal_oldest_age_seconds",
        "hiq_write_duration_seconds_bucket",
        "hiq_write_duration_seconds_sum",
        "hiq_write_duration_seconds_count",
        "hiq_write_requests_total",
        "hiq_last_write_timestamp_seconds",
        "hiq_resident_memory_bytes",
    }
    assert value(stats, "hiq_build_info", version="1.2.3") == 1
    assert value(stats, "hiq_ha_reconnects_total", reason="ping") == 2


def test_what_is_not_known_is_not_shown() -> None:
    """No ping, no write, no memory: no sample, not a zero."""
    stats = good_stats()
    collector = StatsCollector(stats, lambda: NOW, "1", lambda: None)
    text = exposition(collector).decode()
    for name in ("hiq_ha_ping_seconds", "hiq_resident_memory_bytes"):
        assert name not in text
    assert "hiq_last_write_timestamp_seconds{" not in text


def test_points_add_up_for_each_target() -> None:
    """Results, pending and buffered are received plus carried."""
    stats = good_stats()
    stats.received, stats.accepted, stats.buffered = 100, 80, 1
    stats.filtered, stats.skipped, stats.duplicate, stats.rejected = 10, 5, 3, 1
    sink = stats.sinks["influxdb"]
    sink.carried, sink.written, sink.dead_lettered, sink.pending = 7, 74, 2, 15
    stats.own[sink.stream] = 4
    found = scraped(stats)
    results = sum(
        number
        for (name, labels), number in found.items()
        if name == "hiq_points_total" and ("target", "influxdb") in labels
    )
    pending = value(stats, "hiq_points_pending", target="influxdb")
    carried = value(stats, "hiq_points_carried_total", target="influxdb")
    received = value(stats, "hiq_events_received_total")
    buffered = value(stats, "hiq_events_buffered")
    own = value(stats, "hiq_points_own_total", target="influxdb")
    assert results + pending + buffered == received + carried + own == 111


@pytest.mark.parametrize(
    ("seconds", "first"), [(0.0, "0.005"), (0.005, "0.005"), (0.3, "0.5"), (99, "+Inf")]
)
def test_histogram_is_cumulative(seconds: float, first: str) -> None:
    """A write counts in its bucket and in all larger ones."""
    stats = good_stats()
    stats.sinks["influxdb"].observe_write(seconds)
    bounds = [*(str(bound) for bound in WRITE_BOUNDS_S), "+Inf"]
    name = "hiq_write_duration_seconds_bucket"
    counts = [value(stats, name, target="influxdb", le=bound) for bound in bounds]
    position = bounds.index(first)
    assert counts == [0] * position + [1] * (len(bounds) - position)
    assert value(stats, "hiq_write_duration_seconds_sum", target="influxdb") == seconds


def test_sink_state_is_one_of_four() -> None:
    """Exactly the present state of a sink is 1."""
    stats = good_stats()
    stats.sinks["influxdb"].state = "held"
    states = {
        dict(labels)["state"]: number
        for (name, labels), number in scraped(stats).items()
        if name == "hiq_sink_state"
    }
    assert states == {"idle": 0, "ok": 0, "retrying": 0, "held": 1}


def test_ages_need_something_that_waits() -> None:
    """The age of the oldest point is 0 while none waits."""
    stats = good_stats()
    name = "hiq_journal_oldest_age_seconds"
    assert value(stats, name, target="influxdb") == 0
    stats.sinks["influxdb"].oldest_pending_at = NOW - 12
    assert value(stats, name, target="influxdb") == 12


def test_names_of_sinks_are_escaped() -> None:
    """A strange name of a sink does not break the format."""
    stats = good_stats()
    stats.sinks = {'a"\n\\b': SinkStats('a"\n\\b', "sqlite", written=4)}
    found = value(stats, "hiq_points_total", target='a"\n\\b', result="written")
    assert found == 4
