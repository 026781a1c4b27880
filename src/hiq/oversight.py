"""The monitor within the service: what it is told, what it checks, who hears of it.

It stands beside the way of the data and looks on: at what the journal took, at what a
database confirmed, at the counters. Nothing waits for it, and what fails in it stops
nothing. It must not know HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hiq.alarms import Alarms
from hiq.assure.alerts import Alerts
from hiq.assure.monitor import Check, Monitor, is_late
from hiq.assure.monitor_compare import Comparison
from hiq.assure.monitor_facts import Facts
from hiq.assure.monitor_rules import (
    Broken,
    Gained,
    HomeSilence,
    Progress,
    RateRule,
    Silences,
    clients,
    conservation,
    tasks,
)
from hiq.assure.monitor_stages import CLIENTS, JOURNAL, Stages
from hiq.clients.clocks import moment
from hiq.monitored import gather
from hiq.overlook import Looking, LookingAt
from hiq.readback import InThread, ReadBack
from hiq.sightings import Sightings
from hiq.stats import Concern

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from hiq import Pipeline
    from hiq.appending import Appending
    from hiq.assure.alerts import Alert
    from hiq.assure.monitor_kinds import Finding
    from hiq.guests import Guests
    from hiq.journal.journal import Entry
    from hiq.roles import Registrar
    from hiq.settings.schema import Settings, SinkSettings
    from hiq.sink.base import Batch, Sink
    from hiq.stats import Stats
    from hiq.web.parts import Parts

__all__ = ["Oversight"]

logger = logging.getLogger("hiq.monitor")

RECENT: Final = 4096
"""Batches that are known as live: how far a database may be behind and be measured."""
NOTE_S: Final = 0.05
"""Between two appends whose latency is taken; a look takes all since the last one."""
CHECK_S: Final = 60.0


class Oversight:
    """Looks after one service.

    - After `open`: it looks, under supervision, if anything is to be watched.
    - `sink` returns what stands for a sink, so that it can look on.
    - `alerts` is the book; parts of the service may write into it, too.

    Args:
        settings: of the service.
        stats: its counters; takes the section and the concern `alerts`.
        parts: gets what the routes ask.
        down: parts that failed, with the reason.
        guests: the clients, who are told and watched.
        clock: Unix seconds.
        steady: seconds that never go back.
    """

    def __init__(  # noqa: PLR0917  the service gives what it has
        self,
        settings: Settings,
        stats: Stats,
        parts: Parts,
        down: Mapping[str, str],
        guests: Guests,
        clock: Callable[[], float] = time.time,
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._stats = stats
        self._down = down
        self._guests = guests
        self._clock = clock
        self._steady = steady
        self._pipeline: Pipeline | None = None
        self._in_thread: InThread = asyncio.to_thread
        self._live: deque[int] = deque(maxlen=RECENT)
        self._noted: deque[tuple[str, float]] = deque(maxlen=RECENT)
        self._note_s = float("-inf")
        self._snapshots = 0
        self._facts = Facts(steady())
        self.readers: dict[str, ReadBack] = {}
        watched = settings.monitor
        kept = watched.history
        self.alerts = Alerts(most=kept, kept=kept)
        self._progress = Progress()
        self._silences = Silences(
            most=watched.entities,
            least_s=watched.entity_silent or float("inf"),
            learn_s=watched.learn,
            expected=watched.expect,
        )
        self.comparison = Comparison()
        self._silences.gone = self.comparison.gone
        self._sightings: Sightings | None = None
        self._asked_s = steady()
        self.stages = self._make_stages()
        checks = self._checks() if watched.enabled else []
        self._monitor = Monitor(self.alerts, checks, clock, steady, watched.interval)
        self.alerts.listeners.append(self._told)
        if watched.enabled:
            guests.on_sent = self._sent
        stats.sections["alerts"] = self._figures
        self.alarms = parts.alarms = Alarms(
            self.alerts,
            self._monitor.checks,
            self._progress.audit,
            self.stages,
            self.readers,
            steady,
        )

    # hooks of the service

    def open(
        self,
        journal: Appending,
        pipeline: Pipeline,
        in_thread: InThread,
        start: Callable[[str, Callable[[], Awaitable[None]]], object],
    ) -> Appending:
        """Begin to watch; return what appends to the journal, looked at.

        Args:
            journal: what appends to it.
            pipeline: who counts by entity.
            in_thread: runs what blocks.
            start: keeps a part of the service running.
        """
        self._pipeline = pipeline
        self._in_thread = in_thread
        if not self._settings.monitor.enabled:
            return journal
        start("monitor", self._monitor.run)
        return Looking(journal, self._appended)

    def sink(self, sink: Sink, settings: SinkSettings) -> Sink:
        """Return the sink, looked at."""
        watched = self._settings.monitor
        if not watched.enabled:
            return sink
        if watched.read_back and settings.type != "stdout":
            self.readers[sink.name] = reader = ReadBack(
                settings,
                self._settings.data_dir,
                watched.read_back,
                steady=self._steady,
                in_thread=self._in_thread,
            )
            self._monitor.checks.append(
                Check(f"read_back {sink.name}", reader.look, CHECK_S)
            )
        return LookingAt(sink, partial(self._wrote, sink.name))

    async def look(self) -> None:
        """Look once, now."""
        await self._monitor.tick()

    def registrar(self, registrar: Registrar) -> Registrar:
        """Return who keeps the registries, with questions of the monitor in front."""
        watched = self._settings.monitor
        if not (watched.enabled and watched.compare):
            return registrar
        self._sightings = Sightings(
            registrar, told=self._sighted, lost=self.comparison.forget
        )
        return self._sightings

    # what happens

    def _appended(self, entries: list[tuple[str, Entry]]) -> None:
        """Note what the journal took; runs in its thread.

        States at connect are old, so that their batches tell nothing of the way.
        """
        before, self._snapshots = self._snapshots, self._stats.snapshot_states
        if before != self._snapshots:
            return
        self._live += [entry.last_ns for _, entry in entries]
        steady_s = self._steady()
        if steady_s < self._note_s:
            return
        self._note_s = steady_s + NOTE_S
        now = self._clock()
        for _, entry in entries:
            for time_ns in (entry.first_ns, entry.last_ns):
                self._noted.append((JOURNAL, now - time_ns / 1e9))

    def _wrote(self, name: str, batch: Batch) -> None:
        """Note what a database has confirmed."""
        if batch.last_ns not in self._live:
            return
        late_s = self._clock() - batch.last_ns / 1e9
        self.stages.add(name, late_s, self._steady())
        reader = self.readers.get(name)
        if reader is not None:
            reader.wrote(batch)

    def _sent(self, time_ns: int) -> None:
        """Note when the oldest of some events goes to a client."""
        if time_ns:
            late_s = self._clock() - time_ns / 1e9
            self.stages.add(CLIENTS, late_s, self._steady())

    def _told(self, alert: Alert) -> None:
        """Tell everybody that an alert was raised or is over."""
        over = alert.cleared_s is not None
        extra: dict[str, Any] = {"key": alert.key, "severity": alert.severity}
        if alert.cleared_s is not None:
            extra["seconds"] = round(alert.cleared_s - alert.since_s, 3)
        level = logging.ERROR if alert.severity == "critical" else logging.WARNING
        words = "alert is over: %s" if over else "alert: %s"
        logger.log(
            logging.INFO if over else level,
            words,
            alert.message,
            extra=extra,
        )
        active = self.alerts.active
        if active:
            kinds = ", ".join(sorted({one.kind for one in active}))
            reason = f"{len(active)} active: {kinds}; see hiq alerts"
            self._stats.concerns["alerts"] = Concern("degraded", reason)
        else:
            self._stats.concerns.pop("alerts", None)
        self._guests.alert(
            key=alert.key,
            severity=alert.severity,
            state="cleared" if over else "raised",
            message=alert.message,
            since=moment(alert.since_s),
        )

    # checks

    def _checks(self) -> list[Check]:
        """Return what is looked at, the facts first: all rules judge the same ones."""
        watched = self._settings.monitor
        rules: dict[str, Callable[[Facts], Iterable[Finding]]] = {
            "conservation": conservation,
            "tasks": tasks,
            "clients": clients,
            "home_assistant": HomeSilence(watched.ha_silent),
            "rates": RateRule(watched.entities),
            "gained": Gained(),
            "contracts": Broken(),
            "progress": self._progress,
        }
        rules["entities"] = self._silences
        checks = [Check("facts", self._look)]
        checks += [
            Check(name, partial(self._judge, rule)) for name, rule in rules.items()
        ]
        checks.append(Check("latency", self._look_at_stages))
        if watched.compare:
            checks.append(Check("compare", self._compare))
        return checks

    def _judge(self, rule: Callable[[Facts], Iterable[Finding]]) -> Iterable[Finding]:
        return rule(self._facts)

    def _look(self) -> Iterable[Finding]:
        facts = self.facts()
        late_s = facts.now_s - self._facts.now_s
        if is_late(late_s, self._settings.monitor.interval):
            facts = replace(facts, late=True)
        self._facts = facts
        return ()

    def _compare(self) -> Iterable[Finding]:
        """Ask for states when it is time to; say what the last answer has shown."""
        now_s = self._steady()
        due = now_s - self._asked_s >= self._settings.monitor.compare
        if due and self._sightings is not None and self._sightings.ask():
            self._asked_s = now_s
        return self.comparison(self._facts)

    def _sighted(self, states: Mapping[str, str]) -> None:
        self.comparison.take(states, dict(self.facts().entities))

    def _look_at_stages(self) -> Iterable[Finding]:
        now_s = self._steady()
        while self._noted:
            self.stages.add(*self._noted.popleft(), now_s)
        return self.stages.look(now_s)

    def facts(self) -> Facts:
        """Return the figures of this moment."""
        counts = None if self._pipeline is None else self._pipeline.counts
        return gather(
            self._settings,
            self._stats,
            self._down,
            counts,
            self._guests.sessions(),
            self._steady(),
        )

    def _make_stages(self) -> Stages:
        settings = self._settings
        commit_s = settings.journal.commit
        allowances = {JOURNAL: commit_s}
        for sink in settings.sinks:
            allowances[sink.name] = commit_s + sink.linger
        watched = settings.monitor
        return Stages(allowances, watched.latency_warning, watched.latency_critical)

    def _figures(self) -> dict[str, Any]:
        """Return what /health shows, which everybody may see: no entity, no user."""
        kinds: dict[str, int] = {}
        for alert in self.alerts.active:
            kinds[alert.kind] = kinds.get(alert.kind, 0) + 1
        return {
            "active": len(self.alerts.active),
            "kinds": kinds,
            "raised": dict(self.alerts.raised),
            "suppressed": self.alerts.suppressed,
        }
