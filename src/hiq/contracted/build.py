"""Puts the parts together that watch contracts, for one running service.

Without a declared contract nothing is made, and nothing is paid.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from hiq.deadletters import DeadLetters

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hiq import Pipeline
    from hiq.discovery.discovery import Discovery
    from hiq.extra import ExtraPoints
    from hiq.guests import Guests
    from hiq.observe import Observers
    from hiq.other_events import OtherEvents
    from hiq.roles import Registrar, Watcher
    from hiq.settings.schema import Settings
    from hiq.stats import Stats

__all__ = ["make_contracts"]


def make_contracts(
    settings: Settings,
    stats: Stats,
    *,
    events: OtherEvents,
    watcher: Watcher,
    start: Callable[[str, Callable[[], Awaitable[None]]], None],
    observers: Observers,
    guests: Guests,
    pipeline: Pipeline,
    discovery: Discovery,
    extra: ExtraPoints,
    clock: Callable[[], float],
) -> tuple[Registrar, Watcher]:
    """Return who takes the place of these two, and start what watches contracts."""
    if not settings.contracts.chains:
        return events, watcher
    from hiq.assure.chains import Engine  # noqa: PLC0415  only where it is declared
    from hiq.assure.contracts import contract_of  # noqa: PLC0415
    from hiq.assure.contracts_targets import Targets  # noqa: PLC0415
    from hiq.contracted.reports import Reports  # noqa: PLC0415
    from hiq.contracted.watch import ContractWatch  # noqa: PLC0415

    def follows(entity_id: str) -> bool:
        """Whether every change of an entity is seen: the filter lets it through."""
        decision = pipeline.explain(entity_id, discovery.home.tags(entity_id))
        return decision.accepted and not decision.by_class and not decision.limit

    targets = Targets(follows)
    engine = Engine(
        [contract_of(given) for given in settings.contracts.chains],
        most_open=settings.contracts.most_open,
        excuse=targets.excuse,
    )
    reports = Reports(
        settings.contracts,
        extra=extra,
        letters=DeadLetters(settings.data_dir / "dead" / "_contracts.ndjson"),
        in_thread=asyncio.to_thread,
        to_clients=guests.violation,
        clock=clock,
        monotonic=time.monotonic,
    )
    watch = ContractWatch(
        engine,
        targets,
        reports,
        stats,
        observers=observers,
        events=events,
        watcher=watcher,
    )
    start("contracts", watch.run)
    return watch, watch
