"""Is hiq alive, ready, healthy? Pure functions of the counters and the time.

Ready means: subscribed to Home Assistant now and the journal can be written; never
anything about a database. Healthy is a judgement over everything, as checks of which
each says why. Nothing here knows HTTP, sockets or the clock: `now` is an argument,
in Unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hiq.stats import SinkStats, Stats
    from hiq.web.recent import Totals
    from hiq.web.types.health import Level

__all__ = ["Check", "checks", "readiness", "worst"]

LEVELS: tuple[Level, ...] = ("healthy", "degraded", "unhealthy")
HA_DEGRADED_AFTER_S = 10.0
HA_UNHEALTHY_AFTER_S = 60.0
HA_FAILURES_ALLOWED = 5
NEARLY_FULL = 0.8
NEARLY_LOST = 0.9
REJECTED_SHARE_ALLOWED = 0.01
GAP_TOLD_S = 900.0


@dataclass(frozen=True, slots=True)
class Check:
    """One judgement.

    `reason` may explain a healthy check too, for example while Home Assistant has
    been away for three seconds; `latency_ms` is the last measured round trip.
    """

    name: str
    status: Level
    reason: str = ""
    latency_ms: float | None = None


def readiness(stats: Stats) -> list[str]:
    """Return why hiq is not ready; an empty list means ready."""
    reasons = []
    if stats.ha.auth_failed:
        reasons.append(f"token refused: {stats.ha.last_error}")
    elif stats.ha.state == "DISABLED":
        reasons.append("Home Assistant is switched off (home_assistant.enabled)")
    elif stats.ha.state != "CONNECTED":
        reasons.append(_away(stats))
    elif not stats.ha.subscribed:
        reasons.append("connected to Home Assistant, not subscribed yet")
    if not stats.journal.writable:
        reasons.append(_unwritable(stats))
    return reasons


def checks(
    stats: Stats, now: float, recent: Totals, down: Mapping[str, str]
) -> list[Check]:
    """Return every judgement, in the order of the data's way.

    Args:
        stats: the counters of this run.
        now: Unix seconds.
        recent: what the counters gained in the last minutes.
        down: background tasks that have failed and wait for their restart, with
            the reason.
    """
    found = [_home_assistant(stats, now, recent), _journal(stats, recent)]
    found.append(_gaps(stats, now))
    found += [_sink(stats, sink, now, recent) for sink in stats.sinks.values()]
    found.append(_validation(recent))
    found.append(_conservation(stats))
    found += [
        Check(name, concern.level, concern.reason)
        for name, concern in sorted(stats.concerns.items())
    ]
    if down:
        text = "; ".join(f"{name}: {reason}" for name, reason in sorted(down.items()))
        found.append(Check("tasks", "unhealthy", f"failed, being restarted: {text}"))
    else:
        found.append(Check("tasks", "healthy"))
    return found


def worst(found: list[Check]) -> Level:
    """Return the worst level of some checks."""
    return max((check.status for check in found), key=LEVELS.index, default="healthy")


def _away(stats: Stats) -> str:
    cause = f": {stats.ha.last_error}" if stats.ha.last_error else ""
    return f"not connected to Home Assistant ({stats.ha.state.lower()}){cause}"


def _unwritable(stats: Stats) -> str:
    return f"the journal cannot be written: {stats.journal.last_error or 'not open'}"


def _home_assistant(stats: Stats, now: float, recent: Totals) -> Check:
    name = "home_assistant"
    ha = stats.ha
    latency = None if ha.ping_s is None else round(ha.ping_s * 1000, 3)
    if ha.auth_failed:
        return Check(name, "unhealthy", f"token refused: {ha.last_error}")
    if ha.state == "DISABLED":
        return Check(name, "degraded", "switched off (home_assistant.enabled)")
    if ha.state != "CONNECTED":
        since = ha.disconnected_at or stats.started_at
        age = max(0.0, now - since)
        level: Level = "healthy"
        if age >= HA_UNHEALTHY_AFTER_S:
            level = "unhealthy"
        elif age >= HA_DEGRADED_AFTER_S:
            level = "degraded"
        return Check(name, level, f"{_away(stats)}; since {age:.0f} s")
    if not ha.subscribed:
        # Between the log-in and the first event there is always a moment.
        age = max(0.0, now - (ha.connected_at or stats.started_at))
        late = age >= HA_DEGRADED_AFTER_S
        reason = f"connected, not subscribed yet; since {age:.0f} s"
        return Check(name, "degraded" if late else "healthy", reason, latency)
    if ha.paused:
        reason = "reading is paused: memory is full while the journal cannot take more"
        return Check(name, "degraded", reason, latency)
    if recent.ha_failures > HA_FAILURES_ALLOWED:
        reason = f"{recent.ha_failures} failed connections in the last 15 minutes"
        return Check(name, "degraded", reason, latency)
    return Check(name, "healthy", "", latency)


def _journal(stats: Stats, recent: Totals) -> Check:
    journal = stats.journal
    if not journal.writable:
        return Check("journal", "unhealthy", _unwritable(stats))
    if recent.lost_points:
        reason = (
            f"{recent.lost_points} points were lost: given up by a full journal, or "
            f"in {journal.corrupt_records} damaged records"
        )
        return Check("journal", "degraded", reason)
    if _fills(stats, NEARLY_FULL):
        reason = f"{journal.bytes} of {journal.max_bytes} bytes are used"
        return Check("journal", "degraded", reason)
    return Check("journal", "healthy")


def _fills(stats: Stats, share: float) -> bool:
    journal = stats.journal
    return 0 < journal.max_bytes * share <= journal.bytes


def _sink(stats: Stats, sink: SinkStats, now: float, recent: Totals) -> Check:
    name = f"sink:{sink.name}"
    if sink.state in {"retrying", "held"}:
        age = "" if sink.last_write_at is None else _ago(now - sink.last_write_at)
        what = "waits for you" if sink.state == "held" else "is being retried"
        reason = f"{what}: {sink.last_error}{age}; {sink.pending} points are pending"
        if sink.advice:
            reason += f"; {sink.advice}"
        # Unhealthy means: soon something may be lost, and no probe got through.
        full = sink.required and sink.breaker != "closed" and _fills(stats, NEARLY_LOST)
        return Check(name, "unhealthy" if full else "degraded", reason)
    dropped = recent.dropped.get(sink.name, 0)
    if dropped:
        reason = f"{dropped} points were lost in the journal (full, or damaged)"
        return Check(name, "degraded", f"{reason} in the last 15 minutes")
    refused = recent.dead_lettered.get(sink.name, 0)
    if refused:
        reason = f"{refused} points were refused by the database in the last 15 minutes"
        return Check(name, "degraded", f"{reason}: {sink.last_error}".rstrip(": "))
    return Check(name, "healthy")


def _gaps(stats: Stats, now: float) -> Check:
    """Judge the ledger: a loss counts for a while, an open gap is being repaired."""
    found = stats.gaps.gaps
    lost = [
        gap
        for gap in found
        if gap.state == "lost" and now - (gap.settled_s or 0.0) < GAP_TOLD_S
    ]
    if lost:
        last = lost[-1]
        reason = (
            f"something may be missing ({last.cause}): {last.outcome}; see hiq gaps"
        )
        return Check("gaps", "degraded", reason)
    waiting = [gap for gap in found if gap.state == "open"]
    if waiting:
        return Check("gaps", "healthy", f"{len(waiting)} being repaired")
    return Check("gaps", "healthy")


def _ago(age_s: float) -> str:
    return f"; last write {max(0.0, age_s):.0f} s ago"


def _validation(recent: Totals) -> Check:
    if recent.rejected > recent.received * REJECTED_SHARE_ALLOWED:
        reason = (
            f"{recent.rejected} of {recent.received} events were rejected "
            "in the last 15 minutes"
        )
        return Check("validation", "degraded", reason)
    return Check("validation", "healthy")


def _conservation(stats: Stats) -> Check:
    gaps = {"events": stats.imbalance()}
    for sink in stats.sinks.values():
        gaps[f"sink {sink.name}"] = stats.sink_imbalance(sink)
    wrong = [f"{name}: {gap:+d}" for name, gap in gaps.items() if gap]
    if wrong:
        text = f"the counters do not add up ({', '.join(wrong)})"
        return Check("conservation", "unhealthy", text)
    return Check("conservation", "healthy")
