"""The side of a running service that faces Home Assistant, put together.

The connection, the registries, other events, contracts, the status of the house and
who fills holes want the same connection, and stand in front of one another. Here is
said who is behind whom, and in which order they end. It must not know how any of them
does its work, nor what is done with the points.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hiq.contracted.build import make_contracts
from hiq.discovery.build import DiscoveryParts
from hiq.flow import Gate
from hiq.ha.gathering import Gathering
from hiq.houseview import with_house
from hiq.ingest import Ingest
from hiq.other_events import OtherEvents
from hiq.regular.build import with_snapshots
from hiq.repair.build import make_repairer
from hiq.validating import Validation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from concurrent.futures import Executor

    from hiq import Pipeline
    from hiq.extra import ExtraPoints
    from hiq.guests import Guests
    from hiq.journal.journal import Journal
    from hiq.observe import Observers
    from hiq.oversight import Oversight
    from hiq.pump import Pump
    from hiq.repair.repairer import Repairer
    from hiq.settings.schema import Settings
    from hiq.stats import Stats
    from hiq.web.parts import Parts

__all__ = ["HomeSide", "Shared"]

LONGEST_WAIT_S: Final = 0.25
MEMORY_HIGH_BYTES: Final = 8 * 1024 * 1024
"""Lines that wait for the journal: a flood, or a disk that fails (then compressed)."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the parts of a service have in common.

    Attributes:
        settings: all of them.
        stats: the counters.
        parts: what the routes ask beside them.
        observers: who sees accepted events.
        guests: the clients.
        oversight: the monitor.
        threads: where files are read.
        journal_thread: where the journal is written.
        environment: for tokens.
        clock: Unix seconds.
    """

    settings: Settings
    stats: Stats
    parts: Parts
    observers: Observers
    guests: Guests
    oversight: Oversight
    threads: Executor
    journal_thread: Executor
    environment: Mapping[str, str]
    clock: Callable[[], float]


class HomeSide:
    """What faces Home Assistant, made and opened.

    After `start`: it connects, and goes on until it is stopped.
    """

    def __init__(
        self,
        ingest: Ingest,
        repairer: Repairer,
        discovery: DiscoveryParts,
        validation: Validation,
    ) -> None:
        self.validation = validation
        self.ingest = ingest
        self.repairer = repairer
        self.discovery = discovery

    @classmethod
    async def make(  # noqa: PLR0917  what there is one of, in the order of the data
        cls,
        shared: Shared,
        pipeline: Pipeline,
        journal: Journal,
        pump: Pump,
        extra: ExtraPoints,
        start: Callable[[str, Callable[[], Awaitable[None]]], None],
    ) -> HomeSide:
        """Put the parts together; those that watch or write last values are started."""
        settings, stats, clock = shared.settings, shared.stats, shared.clock
        repairer = make_repairer(
            settings,
            journal,
            stats,
            journal_thread=shared.journal_thread,
            threads=shared.threads,
            committed=pump.notify,
            met=pipeline.counts.ids,
            clock=clock,
        )
        await repairer.open()
        discovery = DiscoveryParts(
            settings, pipeline, stats, shared.threads, clock, extra=extra
        )
        behind = shared.oversight.registrar(await discovery.open(shared.parts))
        watcher = with_house(
            settings, shared.parts, shared.observers, pipeline, discovery, repairer
        )
        events = OtherEvents(settings.events, behind, extra, stats)
        events.add(shared.guests.event)
        validation = Validation(
            pipeline, stats, settings.data_dir, settings.validation.level, clock=clock
        )
        events.accepts = validation.accepts
        start("validation", validation.run)
        registrar, watcher = make_contracts(
            settings,
            stats,
            events=events,
            watcher=with_snapshots(
                settings,
                stats,
                watcher,
                start=start,
                observers=shared.observers,
                pipeline=pipeline,
                discovery=discovery.discovery,
                extra=extra,
                clock=clock,
            ),
            start=start,
            observers=shared.observers,
            guests=shared.guests,
            pipeline=pipeline,
            discovery=discovery.discovery,
            extra=extra,
            clock=clock,
        )
        gathering = _gathering(shared, pump)
        ingest = Ingest(
            settings.home_assistant,
            pipeline,
            stats,
            on_data=pump.wake,
            env=shared.environment,
            clock=clock,
            watcher=watcher,
            registrar=shared.guests.desk.behind(registrar),
            observers=shared.observers,
            gathering=gathering,
        )
        pump.gate = Gate(
            MEMORY_HIGH_BYTES,
            pause=ingest.pause_reading,
            resume=ingest.resume_reading,
        )
        return cls(ingest, repairer, discovery, validation)

    def start(
        self, start: Callable[[str, Callable[[], Awaitable[None]]], object]
    ) -> None:
        """Start the connection, and what keeps the registries; holes come later."""
        start("ingest", self.ingest.run)
        start("discovery", self.discovery.run)


def _gathering(shared: Shared, pump: Pump) -> Gathering:
    """Let lone events wait for the next commit, or as long as one usually takes.

    Nobody waits for whom the events are shown live.
    """
    observers, commit_s = shared.observers, shared.settings.journal.commit
    loop = asyncio.get_running_loop()
    due: asyncio.TimerHandle | None = None

    def began() -> None:
        nonlocal due
        pump.expect()
        if commit_s > LONGEST_WAIT_S and due is None:
            due = loop.call_later(LONGEST_WAIT_S, flush)

    def flush() -> bool:
        nonlocal due
        if due is not None:
            due.cancel()
            due = None
        rested = gathering.flush()
        pump.wake()  # what was read has been counted as received
        return rested

    within_s = min(commit_s, LONGEST_WAIT_S)
    gathering = Gathering(lambda: observers.patient, began, within_s)
    pump.gathered = flush
    return gathering
