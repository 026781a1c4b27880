"""The table of alerts: what each kind means, how bad it is, and what to do about it.

Messages, documentation and tests read this one table. It judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hiq.assure.alerts import Severity

__all__ = ["KINDS", "PAGE", "Finding", "Kind", "finding"]

PAGE = "docs/howto/silent-failures.md"
"""Where it is said at length; each kind is a heading there."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alert.

    Attributes:
        severity: how bad it is, unless a rule says worse.
        meaning: what has happened, in a few words.
        advice: what to do first.
        group: where it belongs in the report: silent_failures, stale, latency_issues,
            rate_anomalies or discrepancies.
    """

    severity: Severity
    meaning: str
    advice: str
    group: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a check has found to be wrong now."""

    key: str
    severity: Severity
    message: str


KINDS: dict[str, Kind] = {
    "conservation": Kind(
        "critical",
        "The counters do not add up: an event is in none of them, or in two.",
        "Keep the log and `/health`, and report it: this is a fault of hiq",
        "silent_failures",
    ),
    "ha_silent": Kind(
        "critical",
        "Home Assistant is connected and answers, and sends no events.",
        "See whether Home Assistant itself still shows changes; if it does, restart it",
        "silent_failures",
    ),
    "ha_behind": Kind(
        "critical",
        "Home Assistant has newer states than those that came as events.",
        "Restart hiq, it then reads what is missing from the recorder, and report it",
        "silent_failures",
    ),
    "entity_silent": Kind(
        "warning",
        "An entity that used to report steadily has stopped.",
        "Look at the device: battery, range, its integration in Home Assistant",
        "stale",
    ),
    "sink_not_storing": Kind(
        "critical",
        "A database confirmed points that cannot be found in it.",
        "Look at its disk, retention and log, then run `hiq verify --repair`",
        "silent_failures",
    ),
    "stuck": Kind(
        "critical",
        "A part of hiq says that it is well, has work to do, and does not move.",
        "Restart hiq; nothing is lost by that. Report it with the log",
        "discrepancies",
    ),
    "task_down": Kind(
        "critical",
        "A part of hiq failed and waits for its restart.",
        "Look for its name in the log; if it does not come back, restart hiq",
        "silent_failures",
    ),
    "loop_late": Kind(
        "warning",
        "hiq did not get to work for a long time.",
        "Look for what else uses processor, memory or disk of this machine",
        "latency_issues",
    ),
    "client_not_acking": Kind(
        "warning",
        "A client takes events and does not confirm them.",
        "Look at the program that uses this token; it has to send `ack`",
        "stale",
    ),
    "outbox_full": Kind(
        "warning",
        "The queue of a client is nearly full; what overflows becomes a gap.",
        "Let the client confirm faster, want less, or raise `clients.outbox_events`",
        "stale",
    ),
    "rate_high": Kind(
        "warning",
        "Far more events come than usual.",
        "See `/api/v1/event-rate` for who sends them; the filter can limit an entity",
        "rate_anomalies",
    ),
    "rate_low": Kind(
        "warning",
        "Far fewer events come than usual.",
        "See whether an integration of Home Assistant has stopped",
        "rate_anomalies",
    ),
    "latency": Kind(
        "warning",
        "Events take long from Home Assistant to journal or database.",
        "Look at the load of this machine and of the database, and at the disk",
        "latency_issues",
    ),
    "clock_skew": Kind(
        "warning",
        "The clocks of Home Assistant and of this machine differ.",
        "Let both machines use a time server (NTP)",
        "latency_issues",
    ),
    "contract_broken": Kind(
        "warning",
        "A declared chain of events did not go as it should.",
        "See the log, or `/health` for the count of each code, and the contract",
        "silent_failures",
    ),
    "rejections": Kind(
        "warning",
        "More than one event in a hundred is rejected.",
        "See `/health` and the dead letters for the reason",
        "rate_anomalies",
    ),
    "reconnects": Kind(
        "warning",
        "The connection to Home Assistant breaks again and again.",
        "Look at the network and at the reasons in `/health`",
        "rate_anomalies",
    ),
    "check_failing": Kind(
        "warning",
        "A check of the monitor itself fails, so what it watches is not watched.",
        "Look for it in the log and report it",
        "discrepancies",
    ),
}


def finding(
    kind: str, what: str, text: str, severity: Severity | None = None
) -> Finding:
    """Return a finding in the words of the table.

    Args:
        kind: a key of `KINDS`.
        what: tells several of a kind apart; "" if there can be only one.
        text: what is so, without a full stop.
        severity: if it is not that of the table.
    """
    known = KINDS[kind]
    return Finding(
        f"{kind}:{what}" if what else kind,
        severity or known.severity,
        f"{text}. {known.advice} ({PAGE}#{kind})",
    )
