"""The counters as Prometheus text: a collector that reads them at every scrape.

No counter is held twice; how samples are written is known to `hiq.web.exposition`.
Labels name sinks, results and reasons, never entities: a label per entity would make
thousands of series. Names and units: docs/reference/metrics.md.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Protocol

from hiq.stats import WRITE_BOUNDS_S
from hiq.web.contract_metrics import contract_families
from hiq.web.exposition import CONTENT_TYPE, Family, cumulated, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hiq.gaps import State
    from hiq.stats import Stats

__all__ = ["CONTENT_TYPE", "StatsCollector", "exposition"]

GAP_STATES: tuple[State, ...] = ("open", "repaired", "lost")
SINK_STATES = ("idle", "ok", "retrying", "held")
BREAKER_STATES = ("closed", "open", "half-open")


def exposition(*collectors: Collector) -> bytes:
    """Return the text of one scrape, UTF-8."""
    return text_of(chain.from_iterable(found.collect() for found in collectors))


class Collector(Protocol):
    """Who has families to show."""

    def collect(self) -> Iterable[Family]:
        """Yield every family, read at this moment."""


class StatsCollector:
    """Reads the counters of one run.

    Args:
        stats: the counters.
        clock: Unix seconds.
        version: of hiq, for `hiq_build_info`.
        resident_bytes: memory of the process; None where it cannot be known.
    """

    def __init__(
        self,
        stats: Stats,
        clock: Callable[[], float],
        version: str,
        resident_bytes: Callable[[], int | None],
    ) -> None:
        self._stats = stats
        self._clock = clock
        self._version = version
        self._resident_bytes = resident_bytes

    def collect(self) -> Iterator[Family]:
        """Yield every family, read at this moment."""
        build = Family("hiq_build_info", "Version of hiq.", labels=("version",))
        yield build.add(1, self._version)
        yield _gauge(
            "hiq_start_time_seconds",
            "When this run started, Unix time.",
            self._stats.started_at,
        )
        resident = self._resident_bytes()
        if resident is not None:
            yield _gauge(
                "hiq_resident_memory_bytes", "Memory in RAM of the process.", resident
            )
        yield from self._home_assistant()
        yield from self._events()
        yield from self._journal()
        yield from self._repair()
        yield from self._sinks()
        if self._stats.contracts is not None:
            yield from contract_families(self._stats.contracts())

    def _home_assistant(self) -> Iterator[Family]:
        ha = self._stats.ha
        yield _gauge(
            "hiq_ha_connected", "1 while logged in.", float(ha.state == "CONNECTED")
        )
        yield _gauge("hiq_ha_subscribed", "1 while subscribed.", float(ha.subscribed))
        yield _counter("hiq_ha_connects", "Successful log-ins.", ha.connects)
        yield _counter("hiq_ha_failures", "Failed attempts to connect.", ha.failures)
        yield _labelled(
            "hiq_ha_reconnects",
            "Reconnects by reason.",
            "reason",
            dict(ha.reconnects),
        )
        if ha.ping_s is not None:
            yield _gauge("hiq_ha_ping_seconds", "Last round trip.", ha.ping_s)
        if ha.last_event_at is not None:
            yield _gauge(
                "hiq_ha_last_event_timestamp_seconds",
                "When the last event came, Unix time.",
                ha.last_event_at,
            )
        yield _counter("hiq_ha_frames", "WebSocket messages received.", ha.frames)
        yield _counter("hiq_ha_received_bytes", "Bytes of those messages.", ha.bytes)
        yield _counter(
            "hiq_ha_pauses", "Times that reading was paused (memory full).", ha.pauses
        )

    def _events(self) -> Iterator[Family]:
        stats = self._stats
        yield _counter("hiq_events_received", "Events received.", stats.received)
        yield _labelled(
            "hiq_events",
            "What became of the received events, in front of the sinks.",
            "result",
            {
                "accepted": stats.accepted,
                "filtered": stats.filtered,
                "skipped": stats.skipped,
                "duplicate": stats.duplicate,
                "rejected": stats.rejected,
            },
        )
        yield _gauge(
            "hiq_events_buffered", "In memory, not in the journal yet.", stats.buffered
        )
        yield _gauge(
            "hiq_buffered_bytes", "Bytes of those in memory.", stats.buffered_bytes
        )
        yield _gauge(
            "hiq_events_imbalance",
            "Received minus the sum of its terms; anything but 0 is a fault.",
            stats.imbalance(),
        )
        yield _labelled(
            "hiq_extra_points",
            "Accepted points that are no state changes, by kind.",
            "kind",
            dict(stats.extra),
        )
        yield _labelled(
            "hiq_extra_points_dropped",
            "Such points for which there was no room.",
            "kind",
            dict(stats.extra_dropped),
        )
        yield _counter("hiq_bad_frames", "Messages that are no JSON.", stats.bad_frames)
        yield _labelled(
            "hiq_refused",
            "Events and messages that were refused, by reason.",
            "reason",
            dict(stats.reasons),
        )
        yield _counter(
            "hiq_snapshot_states",
            "States read at connect (get_states).",
            stats.snapshot_states,
        )
        yield _labelled(
            "hiq_errors", "Unexpected errors by part.", "part", dict(stats.errors)
        )

    def _journal(self) -> Iterator[Family]:
        journal = self._stats.journal
        yield _gauge(
            "hiq_journal_writable", "1 while it takes data.", float(journal.writable)
        )
        yield _gauge("hiq_journal_bytes", "Size of the journal.", journal.bytes)
        yield _gauge("hiq_journal_max_bytes", "Cap of the journal.", journal.max_bytes)
        yield _gauge("hiq_journal_segments", "Segment files.", journal.segments)
        yield _counter("hiq_journal_records", "Records appended.", journal.records)
        yield _counter("hiq_journal_commits", "Group commits.", journal.commits)
        yield _counter("hiq_journal_fsyncs", "Calls of fdatasync.", journal.fsyncs)
        yield _counter(
            "hiq_journal_written_bytes", "Bytes appended.", journal.written_bytes
        )
        yield _counter(
            "hiq_journal_corrupt_records", "Damaged records.", journal.corrupt_records
        )
        yield _counter(
            "hiq_journal_lost_points", "Points in those.", journal.lost_points
        )

    def _repair(self) -> Iterator[Family]:
        backfill, gaps = self._stats.backfill, self._stats.gaps
        yield _gauge(
            "hiq_backfill_left_seconds",
            "History that is still to be read from the recorder.",
            backfill.left_s,
        )
        yield _counter("hiq_backfill_rows", "Rows read from it.", backfill.rows)
        yield _counter("hiq_backfill_points", "Points restored.", backfill.points)
        yield _counter(
            "hiq_backfill_requests", "Questions asked of it.", backfill.requests
        )
        states = Family("hiq_gaps", "Gaps in the ledger, by state.", labels=("state",))
        for state in GAP_STATES:
            states.add(gaps.count(state), state)
        yield states

    def _sinks(self) -> Iterator[Family]:
        stats, now = self._stats, self._clock()
        sinks = tuple(stats.sinks.values())
        points = Family(
            "hiq_points_total",
            "What became of the events for each target; with pending and buffered "
            "they add up to received plus carried plus own.",
            "counter",
            ("target", "result"),
        )
        for sink in sinks:
            for result, value in {
                "written": sink.written,
                "filtered": stats.filtered,
                "skipped": stats.skipped,
                "duplicate": stats.duplicate,
                "rejected": stats.rejected,
                "dead_lettered": sink.dead_lettered,
                "dropped": sink.dropped,
            }.items():
                points.add(value, sink.name, result)
        yield points
        yield _counters(
            "hiq_points_carried",
            "Points left over by earlier runs.",
            {sink.name: sink.carried for sink in sinks},
        )
        yield _counters(
            "hiq_points_own",
            "Points that hiq made itself, without an event.",
            {sink.name: stats.own[sink.stream] for sink in sinks},
        )
        yield _gauges(
            "hiq_points_pending",
            "In the journal, not written yet.",
            {sink.name: sink.pending for sink in sinks},
        )
        yield _gauges(
            "hiq_pending_bytes",
            "Bytes of those, compressed.",
            {sink.name: sink.pending_bytes for sink in sinks},
        )
        yield _gauges(
            "hiq_backlog_points",
            "Those of an outage, which new points pass.",
            {sink.name: sink.backlog for sink in sinks},
        )
        yield _gauges(
            "hiq_journal_oldest_age_seconds",
            "Age of the oldest point that waits; 0 if none waits.",
            {
                sink.name: max(0.0, now - (sink.oldest_pending_at or now))
                for sink in sinks
            },
        )
        yield _gauges(
            "hiq_last_write_timestamp_seconds",
            "Last confirmed write, Unix time.",
            {s.name: s.last_write_at for s in sinks if s.last_write_at is not None},
        )
        yield _counters(
            "hiq_write_retries",
            "Writes that were repeated.",
            {sink.name: sink.retries for sink in sinks},
        )
        yield _counters(
            "hiq_coerced_fields",
            "Fields that were stored under another name because of their type.",
            {sink.name: sink.coerced for sink in sinks},
        )
        yield _counters(
            "hiq_sink_breaker_opened",
            "How often the circuit breaker opened.",
            {sink.name: sink.opened for sink in sinks},
        )
        requests = Family(
            "hiq_write_requests_total",
            "Answers of the target.",
            "counter",
            ("target", "code"),
        )
        states = Family(
            "hiq_sink_state", "1 for the state it is in.", labels=("target", "state")
        )
        breakers = Family(
            "hiq_sink_breaker",
            "1 for the state of its circuit breaker.",
            labels=("target", "state"),
        )
        durations = Family(
            "hiq_write_duration_seconds", "Time of one write.", "histogram", ("target",)
        )
        for sink in sinks:
            for code, value in sink.requests.items():
                requests.add(value, sink.name, code)
            for state in SINK_STATES:
                states.add(sink.state == state, sink.name, state)
            for state in BREAKER_STATES:
                breakers.add(sink.breaker == state, sink.name, state)
            buckets = cumulated(WRITE_BOUNDS_S, sink.write_buckets)
            durations.add_histogram((sink.name,), buckets, sink.write_seconds)
        yield from (requests, states, breakers, durations)


def _gauge(name: str, text: str, value: float) -> Family:
    return Family(name, text).add(value)


def _counter(name: str, text: str, value: float) -> Family:
    return Family(f"{name}_total", text, "counter").add(value)


def _labelled(name: str, text: str, label: str, values: dict[str, int]) -> Family:
    family = Family(f"{name}_total", text, "counter", (label,))
    for key, value in values.items():
        family.add(value, key)
    return family


def _counters(name: str, text: str, values: dict[str, int]) -> Family:
    return _labelled(name, text, "target", values)


def _gauges(name: str, text: str, values: dict[str, int] | dict[str, float]) -> Family:
    family = Family(name, text, labels=("target",))
    for target, value in values.items():
        family.add(value, target)
    return family
