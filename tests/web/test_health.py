"""Every row of the health rules, as pure functions."""

from __future__ import annotations

from typing import Any

import pytest

from hiq.gaps import Ledger
from hiq.stats import Concern, SinkStats, Stats
from hiq.web.health import Check, checks, readiness, worst
from hiq.web.recent import Totals
from tests.web.serving import NOW, good_stats


def judged(stats: Stats, name: str, recent: Totals | None = None, **down: str) -> Check:
    """Return the check of one name."""
    found = checks(stats, NOW, recent or Totals(), down)
    (check,) = [check for check in found if check.name == name]
    return check


def test_all_is_well() -> None:
    """Nothing is wrong with a service that runs well."""
    found = checks(good_stats(), NOW, Totals(), {})
    assert worst(found) == "healthy"
    assert [check.reason for check in found] == [""] * len(found)
    assert readiness(good_stats()) == []


@pytest.mark.parametrize(
    ("age_s", "level"),
    [(0, "healthy"), (9.9, "healthy"), (10, "degraded"), (60, "unhealthy")],
)
def test_home_assistant_away(age_s: float, level: str) -> None:
    """Its absence is told at once, and becomes worse after 10 and 60 seconds."""
    stats = good_stats()
    stats.ha.state = "RECONNECTING"
    stats.ha.last_error = "refused"
    stats.ha.disconnected_at = NOW - age_s
    check = judged(stats, "home_assistant")
    assert check.status == level
    assert "refused" in check.reason


def test_never_connected_counts_from_the_start() -> None:
    """A Home Assistant that was never reached is away since the service started."""
    stats = good_stats()
    stats.ha.state = "CONNECTING"
    stats.started_at = NOW - 30
    assert judged(stats, "home_assistant").status == "degraded"


def test_time_that_goes_back_does_not_confuse() -> None:
    """A clock that was set back gives an age of zero, not a negative one."""
    stats = good_stats()
    stats.ha.state = "FAILED"
    stats.ha.disconnected_at = NOW + 3600
    assert judged(stats, "home_assistant").reason.endswith("since 0 s")


def test_refused_token() -> None:
    """A refused token is unhealthy at once, and not ready."""
    stats = good_stats()
    stats.ha.state = "FAILED"
    stats.ha.auth_failed = True
    stats.ha.last_error = "invalid password"
    assert judged(stats, "home_assistant").status == "unhealthy"
    assert readiness(stats) == ["token refused: invalid password"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"subscribed": False}, "not subscribed"),
        ({"paused": True}, "paused"),
        ({"state": "DISABLED"}, "switched off"),
    ],
)
def test_connected_but_not_well(change: dict[str, Any], reason: str) -> None:
    """What hinders events from coming degrades."""
    stats = good_stats()
    for name, value in change.items():
        setattr(stats.ha, name, value)
    check = judged(stats, "home_assistant")
    assert check.status == "degraded"
    assert reason in check.reason


@pytest.mark.parametrize(("age_s", "level"), [(0.0, "healthy"), (10.0, "degraded")])
def test_the_subscription_has_a_moment(age_s: float, level: str) -> None:
    """Right after the log-in nothing is wrong yet: no warning at each connect."""
    stats = good_stats()
    stats.ha.subscribed = False
    stats.ha.connected_at = NOW - age_s
    check = judged(stats, "home_assistant")
    assert (check.status, check.reason) == (
        level,
        f"connected, not subscribed yet; since {age_s:.0f} s",
    )


def test_failed_connections_count_in_the_window_only() -> None:
    """More than five failures in the window degrade; older ones do not."""
    stats = good_stats()
    stats.ha.failures = 1000
    assert judged(stats, "home_assistant").status == "healthy"
    recent = Totals(ha_failures=6)
    assert judged(stats, "home_assistant", recent).status == "degraded"


def test_latency_is_the_last_ping() -> None:
    """The round trip of the last ping is shown in milliseconds."""
    stats = good_stats()
    stats.ha.ping_s = 0.0123
    assert judged(stats, "home_assistant").latency_ms == 12.3


@pytest.mark.parametrize(
    ("state", "subscribed", "reason"),
    [
        ("CONNECTING", False, "not connected"),
        ("CONNECTED", False, "not subscribed"),
        ("DISABLED", False, "switched off"),
    ],
)
def test_readiness_says_why_not(state: str, subscribed: bool, reason: str) -> None:
    """Not ready without a subscription, with the reason."""
    stats = good_stats()
    stats.ha.state = state
    stats.ha.subscribed = subscribed
    (found,) = readiness(stats)
    assert reason in found


def test_readiness_needs_the_journal() -> None:
    """Not ready while the journal cannot be written."""
    stats = good_stats()
    stats.journal.writable = False
    stats.journal.last_error = "No space left on device"
    (found,) = readiness(stats)
    assert "No space left" in found
    assert judged(stats, "journal").status == "unhealthy"


def test_readiness_does_not_ask_for_the_database() -> None:
    """A database that is down does not make the service unready."""
    stats = good_stats()
    stats.sinks["influxdb"].state = "held"
    assert readiness(stats) == []


@pytest.mark.parametrize(("size", "level"), [(799, "healthy"), (800, "degraded")])
def test_journal_nearly_full(size: int, level: str) -> None:
    """The journal degrades at four fifths of its cap."""
    stats = good_stats()
    stats.journal.bytes = size
    assert judged(stats, "journal").status == level


def test_lost_points_degrade() -> None:
    """Points that the journal lost are told."""
    check = judged(good_stats(), "journal", Totals(lost_points=7))
    assert check.status == "degraded"
    assert check.reason.startswith("7 points")


@pytest.mark.parametrize("state", ["retrying", "held"])
@pytest.mark.parametrize(
    ("journal_bytes", "breaker", "required", "level"),
    [
        (0, "open", True, "degraded"),
        (899, "open", True, "degraded"),
        (900, "open", True, "unhealthy"),
        (900, "half-open", True, "unhealthy"),
        (900, "closed", True, "degraded"),
        (900, "open", False, "degraded"),
    ],
)
def test_failing_sink(
    state: str, journal_bytes: int, breaker: str, required: bool, level: str
) -> None:
    """A failing sink degrades; a required one that fills the journal is worse."""
    stats = good_stats()
    stats.journal.bytes = journal_bytes
    sink = stats.sinks["influxdb"]
    sink.state = state
    sink.required = required
    sink.breaker = breaker
    sink.last_error = "connection refused"
    sink.advice = "start the database"
    sink.last_write_at = NOW - 5
    check = judged(stats, "sink:influxdb")
    assert check.status == level
    for part in ("connection refused", "start the database", "5 s ago"):
        assert part in check.reason


def test_drops_and_refusals_degrade_their_sink_only() -> None:
    """What a sink lost in the window degrades it, not its neighbour."""
    stats = good_stats()
    stats.sinks["other"] = SinkStats("other", "sqlite", state="ok")
    recent = Totals(dropped={"influxdb": 3}, dead_lettered={"other": 2})
    assert (
        "3 points were lost in the journal"
        in judged(stats, "sink:influxdb", recent).reason
    )
    assert "2 points were refused" in judged(stats, "sink:other", recent).reason
    assert judged(stats, "sink:other", Totals()).status == "healthy"


@pytest.mark.parametrize(("rejected", "level"), [(10, "healthy"), (11, "degraded")])
def test_rejections_above_one_percent(rejected: int, level: str) -> None:
    """One per cent of rejected events is tolerated."""
    recent = Totals(received=1000, rejected=rejected)
    assert judged(good_stats(), "validation", recent).status == level


def test_counters_that_do_not_add_up() -> None:
    """A hole in the accounts is unhealthy and says where it is."""
    stats = good_stats()
    stats.received = 10
    stats.accepted = 9
    stats.sinks["influxdb"].written = 7
    assert stats.sink_imbalance(stats.sinks["influxdb"]) == 2
    check = judged(stats, "conservation")
    assert check.status == "unhealthy"
    assert "events: +1" in check.reason
    assert "sink influxdb: +2" in check.reason


def test_dead_task() -> None:
    """A part that failed is unhealthy until it is restarted."""
    check = judged(good_stats(), "tasks", None, pump="OSError: boom")
    assert check.status == "unhealthy"
    assert "pump: OSError: boom" in check.reason


def test_a_lost_gap_degrades_for_a_while() -> None:
    """What stays missing is told for a quarter of an hour; what is open is no fault."""
    stats = good_stats()
    now = [NOW]
    stats.gaps = Ledger(clock=lambda: now[0])
    number = stats.gaps.open("stopped", NOW - 9, source="home_assistant")
    check = judged(stats, "gaps")
    assert (check.status, check.reason) == ("healthy", "1 being repaired")
    stats.gaps.settle(number, "lost", "the recorder is off")
    assert judged(stats, "gaps").status == "degraded"
    assert "stopped" in judged(stats, "gaps").reason
    now[0] = NOW - 901
    stats.gaps = Ledger(clock=lambda: now[0])
    stats.gaps.record("stopped", 1, 2, source="home_assistant", outcome="x")
    assert judged(stats, "gaps").status == "healthy"


def test_a_part_may_have_something_to_say() -> None:
    """Its concern is a check of its own name, for as long as it has it."""
    stats = good_stats()
    stats.concerns["discovery"] = Concern("degraded", "the registry is 2 hours old")
    check = judged(stats, "discovery")
    assert (check.status, check.reason) == ("degraded", "the registry is 2 hours old")
    del stats.concerns["discovery"]
    assert worst(checks(stats, NOW, Totals(), {})) == "healthy"
