"""All sinks of a running service, each with its deliverer.

They are made, kept running, drained and closed together; no sink waits for another. It
must not know how a sink writes, nor how a deliverer decides what to send.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from hiq.delivery import make_deliverer
from hiq.sink import make
from hiq.stats import SinkStats
from hiq.supervise import bounded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Executor

    from hiq.deliver import Deliverer
    from hiq.journal.journal import Journal
    from hiq.settings.schema import Settings, SinkSettings
    from hiq.sink.base import Sink
    from hiq.stats import Stats

__all__ = ["Deliveries"]

T = TypeVar("T")

SLACK_S: Final = 0.2


class Deliveries:
    """The sinks of a service.

    - After construction: each sink has its counters.
    - After `await make(...)`: each has a cursor in the journal, so what is committed
      from then on is pending for it.
    - `wake` when something was journaled.
    """

    def __init__(
        self,
        settings: Settings,
        stats: Stats,
        *,
        looked_at: Callable[[Sink, SinkSettings], Sink] = lambda sink, _: sink,
        threads: Executor,
        journal_thread: Executor,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._stats = stats
        self._looked_at = looked_at
        self._threads = threads
        self._journal_thread = journal_thread
        self._clock = clock
        self._sinks: list[Sink] = []
        self._deliverers: list[Deliverer] = []
        self._at_work: set[Deliverer] = set()
        for sink in settings.sinks:
            stats.sinks[sink.name] = SinkStats(
                sink.name, sink.type, sink.schema, sink.required
            )

    async def make(self, journal: Journal) -> None:
        """Make all of them."""
        data_dir = self._settings.data_dir
        for settings in self._settings.sinks:
            making = partial(make, settings, data_dir=data_dir)
            made = await self._in(self._threads, making)
            sink = self._looked_at(made, settings)
            self._sinks.append(sink)
            cursor = await self._in(
                self._journal_thread,
                partial(
                    journal.cursor,
                    settings.name,
                    settings.schema,
                    settings.start,
                    required=settings.required,
                ),
            )
            deliverer = make_deliverer(
                settings,
                sink,
                cursor,
                self._stats.sinks[settings.name],
                data_dir=data_dir,
                executor=self._threads,
                clock=self._clock,
            )
            self._deliverers.append(deliverer)

    def start(
        self, start: Callable[[str, Callable[[], Awaitable[None]]], object]
    ) -> None:
        """Start each under its name."""
        for sink, deliverer in zip(self._sinks, self._deliverers, strict=True):
            start(f"sink {sink.name}", partial(self._deliver, sink, deliverer))

    def wake(self) -> None:
        """Tell all that something was journaled."""
        for deliverer in self._deliverers:
            deliverer.wake()

    async def drain(self, left_s: float) -> None:
        """Deliver what waits, as far as it gets in so many seconds.

        Who has not begun, or has failed, does not begin any more: the journal has it.
        """
        async with asyncio.TaskGroup() as group:
            for deliverer in self._at_work:
                group.create_task(
                    bounded(
                        f"sink {deliverer.stats.name}",
                        deliverer.drain(left_s),
                        left_s + SLACK_S,
                    )
                )

    async def close(self, limit_s: float) -> None:
        """Close all, each within so many seconds."""
        async with asyncio.TaskGroup() as group:
            for sink in self._sinks:
                closing = bounded(f"sink {sink.name}", sink.close(), limit_s)
                group.create_task(closing)

    async def _deliver(self, sink: Sink, deliverer: Deliverer) -> None:
        self._at_work.add(deliverer)
        try:
            await sink.start()
            await deliverer.run()
        finally:
            self._at_work.discard(deliverer)

    async def _in(self, executor: Executor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, work)
