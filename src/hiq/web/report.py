"""The documents of /health, /health/detailed and /api/v1/status, from the counters.

Times are ISO 8601 in UTC, durations carry their unit in the name. No entity, no
token and no user part of a URL is shown: these documents are open to everyone who
reaches the port. It must not know HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit, urlunsplit

from msgspec import UNSET
from msgspec.structs import asdict

from hiq.web.health import checks, readiness, worst
from hiq.web.types import health as types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hiq.gaps import Gap
    from hiq.stats import SinkStats, Stats
    from hiq.web.health import Check
    from hiq.web.recent import Recent

__all__ = [
    "Build",
    "detailed",
    "gaps",
    "health",
    "iso",
    "moment",
    "status",
    "without_user",
]

RECENT_GAPS = 20


@dataclass(frozen=True, slots=True)
class Build:
    """What is running."""

    version: str
    git_sha: str = "unknown"
    build_time: str = "unknown"
    service: str = "hiq"


def iso(at: float | None) -> str | None:
    """Return Unix seconds as ISO 8601 in UTC; None stays None."""
    return None if at is None else moment(at)


def moment(at: float) -> str:
    """Return Unix seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def without_user(url: str) -> str:
    """Return a URL without user name, password and query; "" if it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def health(
    stats: Stats, now: float, recent: Recent, down: Mapping[str, str], build: Build
) -> types.Health:
    """Return the document of /health; its `status` decides the HTTP status."""
    found = checks(stats, now, recent.gained(stats, now), down)
    return types.Health(
        status=worst(found),
        reasons=[
            f"{check.name}: {check.reason}"
            for check in found
            if check.status != "healthy"
        ],
        ready=not readiness(stats),
        service=build.service,
        version=build.version,
        git_sha=build.git_sha,
        build_time=build.build_time,
        uptime_seconds=int(max(0.0, now - stats.started_at)),
        timestamp=moment(now),
        home_assistant=_home_assistant(stats),
        counters=_counters(stats),
        journal=_journal(stats),
        backfill=_backfill(stats),
        gaps=_gaps(stats, RECENT_GAPS),
        sinks={name: _sink(stats, sink, now) for name, sink in stats.sinks.items()},
        checks=[_check(check) for check in found],
        dependencies=_dependencies(stats),
        **{name: show() for name, show in stats.sections.items()},
    )


def status(
    stats: Stats, now: float, recent: Recent, down: Mapping[str, str], build: Build
) -> types.Health:
    """Return the document of /api/v1/status: /health, with the counters on top too."""
    found = health(stats, now, recent, down, build)
    whole: types.Health = types.Status(**asdict(found), **asdict(found.counters))
    return whole


def gaps(stats: Stats, now: float) -> types.GapList:
    """Return the document of /api/v1/gaps: the whole ledger, newest last."""
    return types.GapList(timestamp=moment(now), **asdict(_gaps(stats, None)))


def detailed(
    stats: Stats,
    now: float,
    recent: Recent,
    down: Mapping[str, str],
    build: Build,
    *,
    totals: Mapping[str, int] | None = None,
    per_minute: float | None = None,
) -> types.Detailed:
    """Return the document of /health/detailed, in the shape HomeIQ's users read.

    `totals`: events of all runs by type, this one included; None if only this one
    is known. `per_minute`: events of the last minute; None: the mean of this run.
    """
    of_session = stats.events_by_type()
    by_type = of_session if totals is None else totals
    session, total = sum(of_session.values()), sum(by_type.values())
    found = checks(stats, now, recent.gained(stats, now), down)
    age_s = max(0.0, now - stats.started_at)
    if per_minute is None:
        per_minute = session / max(age_s, 1.0) * 60
    ha = stats.ha
    return types.Detailed(
        status=worst(found),
        reason="; ".join(
            f"{c.name}: {c.reason}" for c in found if c.status != "healthy"
        ),
        service=build.service,
        uptime=str(timedelta(seconds=age_s)),
        timestamp=moment(now),
        connection=types.Connection(
            is_running=ha.state not in {"DISABLED", "DISCONNECTED"},
            connection_attempts=ha.attempts,
            successful_connections=ha.connects,
            failed_connections=ha.failures,
            state=ha.state,
            last_error=ha.last_error,
            candidate=without_user(ha.url),
        ),
        subscription=types.Subscription(
            is_subscribed=ha.subscribed,
            active_subscriptions=int(ha.subscribed),
            total_events_received=total,
            session_events_received=session,
            historical_events_received=total - session,
            events_by_type=dict(by_type),
            last_event_time=iso(ha.last_event_at),
            event_rate_per_minute=round(per_minute, 3),
        ),
    )


def _check(check: Check) -> types.CheckResult:
    return types.CheckResult(
        name=check.name,
        status=check.status,
        latency_ms=check.latency_ms,
        reason=check.reason or UNSET,
    )


def _home_assistant(stats: Stats) -> types.HomeAssistant:
    ha = stats.ha
    return types.HomeAssistant(
        state=ha.state,
        connected=ha.state == "CONNECTED",
        subscribed=ha.subscribed,
        url=without_user(ha.url),
        version=ha.version,
        auth_failed=ha.auth_failed,
        last_error=ha.last_error,
        attempts=ha.attempts,
        connects=ha.connects,
        failures=ha.failures,
        reconnects=dict(ha.reconnects),
        connected_at=iso(ha.connected_at),
        disconnected_at=iso(ha.disconnected_at),
        last_event_at=iso(ha.last_event_at),
        ping_ms=None if ha.ping_s is None else round(ha.ping_s * 1000, 3),
        frames=ha.frames,
        bytes=ha.bytes,
        paused=ha.paused,
        pauses=ha.pauses,
    )


def _counters(stats: Stats) -> types.Counters:
    return types.Counters(
        received=stats.received,
        accepted=stats.accepted,
        buffered=stats.buffered,
        buffered_bytes=stats.buffered_bytes,
        filtered=stats.filtered,
        skipped=stats.skipped,
        duplicate=stats.duplicate,
        rejected=stats.rejected,
        bad_frames=stats.bad_frames,
        snapshot_states=stats.snapshot_states,
        errors=dict(stats.errors),
        imbalance=stats.imbalance(),
    )


def _journal(stats: Stats) -> types.JournalState:
    journal = stats.journal
    return types.JournalState(
        writable=journal.writable,
        last_error=journal.last_error,
        bytes=journal.bytes,
        max_bytes=journal.max_bytes,
        segments=journal.segments,
        records=journal.records,
        commits=journal.commits,
        fsyncs=journal.fsyncs,
        written_bytes=journal.written_bytes,
        torn_tails=journal.torn_tails,
        corrupt_records=journal.corrupt_records,
        lost_points=journal.lost_points,
    )


def _backfill(stats: Stats) -> types.Backfill:
    backfill = stats.backfill
    return types.Backfill(
        state=backfill.state,
        holes=backfill.holes,
        left_seconds=round(backfill.left_s, 3),
        requests=backfill.requests,
        bytes=backfill.bytes,
        rows=backfill.rows,
        points=backfill.points,
        known=backfill.known,
        complete_at=iso(backfill.complete_at),
        last_error=backfill.last_error,
    )


def _gaps(stats: Stats, newest: int | None) -> types.Gaps:
    """Return the counts of the ledger and its newest gaps, all if None."""
    ledger = stats.gaps
    found = ledger.gaps
    shown = found if newest is None else found[-newest:]
    return types.Gaps(
        open=ledger.count("open"),
        repaired=ledger.count("repaired"),
        lost=ledger.count("lost"),
        forgotten=ledger.forgotten,
        gaps=[_gap(gap) for gap in shown],
    )


def _gap(gap: Gap) -> types.GapEntry:
    return types.GapEntry(
        number=gap.number,
        state=gap.state,
        cause=gap.cause,
        source=gap.source,
        start=iso(gap.start_s),
        end=iso(gap.end_s),
        detail=gap.detail,
        outcome=gap.outcome,
        points=gap.points,
        noted_at=iso(gap.noted_s),
        settled_at=iso(gap.settled_s),
    )


def _sink(stats: Stats, sink: SinkStats, now: float) -> types.Sink:
    oldest = sink.oldest_pending_at
    return types.Sink(
        name=sink.name,
        type=sink.type,
        stream=sink.stream,
        required=sink.required,
        state=sink.state,
        breaker=sink.breaker,
        breaker_opened=sink.opened,
        carried=sink.carried,
        own=stats.own[sink.stream],
        written=sink.written,
        dead_lettered=sink.dead_lettered,
        dropped=sink.dropped,
        coerced=sink.coerced,
        pending=sink.pending,
        pending_bytes=sink.pending_bytes,
        backlog=sink.backlog,
        lag_seconds=0.0 if oldest is None else round(max(0.0, now - oldest), 3),
        requests=dict(sink.requests),
        retries=sink.retries,
        resent=sink.resent,
        last_write_at=iso(sink.last_write_at),
        last_error=sink.last_error,
        advice=sink.advice,
    )


def _dependencies(stats: Stats) -> dict[str, Literal["ok", "down"]]:
    up = {"home_assistant": stats.ha.state == "CONNECTED"}
    for sink in stats.sinks.values():
        up[sink.name] = sink.state in {"ok", "idle"}
    return {name: "ok" if good else "down" for name, good in up.items()}
