"""Puts the parts of discovery together for one running service."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hiq.discovery.cache import Cache
from hiq.discovery.discovery import Discovery
from hiq.discovery.history import RegistryHistory
from hiq.discovery.pointlog import PointLog
from hiq.discovery.publisher import Publisher
from hiq.discovery.saving import CacheKeeper
from hiq.discovery.views import devices_of, entities_of, renames_of
from hiq.ha.registries import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from hiq.discovery.keepers import Keeper
    from hiq.discovery.slices import TagTarget
    from hiq.extra import ExtraPoints
    from hiq.settings.schema import Settings
    from hiq.stats import Stats
    from hiq.web.parts import Parts

__all__ = ["DiscoveryParts", "needs_registries"]

PLAIN: Final = {"ha"}
"""Schemas that take nothing from the registries but the platform."""
KEYS: Final = ("area", "floor", "label", "integration", "platform", "entity_category")


def needs_registries(settings: Settings) -> bool:
    """Return whether tags of points, or the filter, come from the registries."""
    return bool(set(settings.schemas) - PLAIN) or _names(settings.filter or {})


def _names(node: Any) -> bool:
    """Whether a filter asks for what only the registries know."""
    if isinstance(node, dict):
        return any(
            any(str(key).startswith(name) for name in KEYS) or _names(value)
            for key, value in node.items()
        )
    return isinstance(node, list | tuple) and any(map(_names, node))


class DiscoveryParts:
    """Discovery with all that it is kept in, for one service.

    After `await open()`: what was known before is known again, the pipeline was told,
    and the routes can ask. `run` is for ever; `close` writes what is not on the disk.
    """

    def __init__(
        self,
        settings: Settings,
        target: TagTarget,
        stats: Stats,
        executor: Executor | None,
        clock: Callable[[], float],
        *,
        extra: ExtraPoints,
    ) -> None:
        self._url = settings.home_assistant.url
        self._executor = executor
        self._cache = Cache(settings.data_dir)
        self._keeper = CacheKeeper(
            self._cache, self._url, executor=executor, clock=clock
        )
        keepers: list[Keeper] = [self._keeper]
        self._publisher: Publisher | None = None
        if settings.data_api.url is not None:
            self._publisher = Publisher(settings.data_api, stats)
            keepers.append(self._publisher)
        self._history: RegistryHistory | None = None
        if settings.discovery.store_history:
            self._history = RegistryHistory(
                PointLog(settings.data_dir),
                extra.put,
                stats.discovery,
                executor=executor,
                clock=clock,
            )
        hold = Registry if needs_registries(settings) else (Registry.ENTITIES,)
        self.discovery = Discovery(
            target,
            stats,
            settings.discovery,
            keepers=tuple(keepers),
            hold=frozenset(hold),
            with_services=self._publisher is not None,
            clock=clock,
        )

    async def open(self, parts: Parts) -> Discovery:
        """Read what is on the disk, and let the routes ask."""
        loop = asyncio.get_running_loop()
        discovery = self.discovery
        renames = await loop.run_in_executor(self._executor, self._cache.load_renames)
        discovery.remember(renames)
        load = partial(self._cache.load, self._url)
        cached = await loop.run_in_executor(self._executor, load)
        if cached is not None:
            self._keeper.restored(cached.home)
            await discovery.restore(cached.home, cached.read_at_s)
        if self._history is not None:  # the cache may be older than what was said
            await self._history.open()
            discovery.add_keeper(self._history)
        parts.discover = discovery.trigger
        parts.entities = lambda: entities_of(discovery.home)
        parts.devices = lambda: devices_of(discovery.home)
        parts.renames = lambda: renames_of(discovery.renames)
        return discovery

    async def run(self) -> None:
        """Keep the registries up to date, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.discovery.run())
            group.create_task(self._keeper.run())
            if self._publisher is not None:
                group.create_task(self._publisher.run())
            if self._history is not None:
                group.create_task(self._history.run())

    async def close(self) -> None:
        """Write what is not on the disk."""
        if self._history is not None:
            await self._history.close()
        await self._keeper.flush()
