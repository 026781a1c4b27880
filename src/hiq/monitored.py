"""The figures that the monitor is told, gathered from counters that are there anyway.

All of one moment: nothing else runs meanwhile. It judges nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hiq.assure.contracts import WARNINGS
from hiq.assure.monitor_facts import ClientFacts, Facts, HaFacts, SinkFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hiq._core.counts import Counts
    from hiq.clients.sessions import Session
    from hiq.settings.schema import Settings
    from hiq.stats import Stats

__all__ = ["gather"]

MOST_COUNTED: Final = 20_000
"""Entities whose counts are looked at for those that are expected."""
STUCK_TICKS: Final = 3
"""Looks in a row without progress, beside what one step may take."""


def gather(  # noqa: PLR0917  one argument for each that is asked
    settings: Settings,
    stats: Stats,
    down: Mapping[str, str],
    counts: Counts | None,
    sessions: Iterable[Session],
    now_s: float,
) -> Facts:
    """Return the figures of this moment.

    Args:
        settings: how long things may take by them.
        stats: the counters.
        down: parts that failed, with the reason.
        counts: events by entity and domain; None before there are any.
        sessions: those of clients.
        now_s: seconds that never go back.
    """
    watched = settings.monitor
    patience_s = STUCK_TICKS * watched.interval
    most = max(watched.entities, MOST_COUNTED if watched.expect else 0)
    domains: dict[str, int] = {}
    entities: tuple[tuple[str, int], ...] = ()
    if counts is not None:
        domains = dict(zip(counts.domains(), counts.by_domain(), strict=True))
        entities = tuple(counts.top(most))
    return Facts(
        now_s=now_s,
        received=stats.received,
        rejected=stats.rejected,
        imbalance=stats.imbalance(),
        buffered=stats.buffered,
        journal_well=stats.journal.writable,
        commits=stats.journal.commits,
        patience_s=patience_s + settings.journal.commit,
        ha=_home(stats),
        sinks=tuple(_sinks(settings, stats, patience_s)),
        clients=tuple(_clients(sessions)),
        down=dict(down),
        violations=_violations(stats),
        domains=domains,
        entities=entities,
    )


def _home(stats: Stats) -> HaFacts:
    ha = stats.ha
    return HaFacts(
        subscribed=ha.state == "CONNECTED" and ha.subscribed,
        connects=ha.connects,
        events=stats.changes,
        reconnects=sum(ha.reconnects.values()),
    )


def _sinks(settings: Settings, stats: Stats, patience_s: float) -> Iterator[SinkFacts]:
    for one in settings.sinks:
        sink = stats.sinks.get(one.name)
        if sink is None:
            continue
        yield SinkFacts(
            sink.name,
            well=sink.state in {"ok", "idle"},
            pending=sink.pending,
            done=sink.written + sink.dead_lettered + sink.dropped,
            tried=sum(sink.requests.values()),
            imbalance=stats.sink_imbalance(sink),
            patience_s=patience_s + one.timeout + one.linger,
        )


def _clients(sessions: Iterable[Session]) -> Iterator[ClientFacts]:
    for session in sessions:
        outbox = session.outbox
        yield ClientFacts(
            f"{session.sub} {session.id[:8]}",
            outbox.filling if session.peer is not None else 0.0,
            outbox.unconfirmed,
        )


def _violations(stats: Stats) -> dict[str, int]:
    """Return how often each contract was broken; what is only odd does not count."""
    known = {} if stats.contracts is None else stats.contracts()
    return {
        name: sum(n for code, n in one["violations"].items() if code not in WARNINGS)
        for name, one in known.items()
    }
