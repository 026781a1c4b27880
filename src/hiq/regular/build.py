"""Puts snapshots into one running service, if its settings want them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hiq.discovery.discovery import Discovery
    from hiq.extra import ExtraPoints
    from hiq.houseview import Explaining
    from hiq.observe import Observers
    from hiq.roles import Watcher
    from hiq.settings.schema import Settings
    from hiq.stats import Stats

__all__ = ["options_of", "with_snapshots"]

REMEMBERED_BYTES: Final = 1024 * 1024
"""Each entity comes once in a round: remembering its state saves nothing."""


def with_snapshots(
    settings: Settings,
    stats: Stats,
    watcher: Watcher,
    *,
    start: Callable[[str, Callable[[], Awaitable[None]]], None],
    observers: Observers,
    pipeline: Explaining,
    discovery: Discovery,
    extra: ExtraPoints,
    clock: Callable[[], float],
) -> Watcher:
    """Return who stands in front of a watcher, and start what writes snapshots."""
    if not settings.snapshot.every:
        return watcher
    from hiq.regular.rounds import Regular  # noqa: PLC0415  only where it is wanted

    regular = Regular(
        settings.snapshot.every,
        options_of(settings),
        settings.schemas,
        accepting=pipeline,
        observers=observers,
        watcher=watcher,
        put=extra.put,
        stats=stats,
        clock=clock,
    )
    regular.changed(discovery.home)
    discovery.add_keeper(regular)
    start("snapshot", regular.run)
    return regular


def options_of(settings: Settings) -> dict[str, Any]:
    """Return the options of the pipeline of snapshots.

    Its filter is the one of snapshots; of the main one the lists of attributes stay,
    and limits are left out: a value that has not changed is what is wanted.
    """
    options = settings.point_options
    main = options.pop("filter", None) or {}
    options = {k: v for k, v in options.items() if k not in {"include", "exclude"}}
    snapshot = settings.snapshot
    rules: dict[str, Any] = {"mode": snapshot.mode}
    if snapshot.patterns:
        rules["patterns"] = list(snapshot.patterns)
    if snapshot.exceptions:
        rules["exceptions"] = list(snapshot.exceptions)
    if main.get("attributes"):
        rules["attributes"] = main["attributes"]
    return {**options, "filter": rules, "max_remembered_bytes": REMEMBERED_BYTES}
