"""Keeps rates and totals of one service: looks while events come, saves now and then.

It rests while nothing comes, so that an idle service is left alone. It must not know
how rates are worked out, nor what the totals' file looks like.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from hiq.backoff import wait
from hiq.rates import STEP_S, Rates
from hiq.supervise import bounded
from hiq.threads import hop
from hiq.totals import NAME, Totals
from hiq.web.event_rate import TOP, Sources, event_rate, families

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from concurrent.futures import Executor

    from hiq._core import Pipeline
    from hiq.journal.journal import Journal
    from hiq.observe import Observers
    from hiq.stats import Stats
    from hiq.web.exposition import Family
    from hiq.web.parts import Parts
    from hiq.web.types.service import EventRate

__all__ = ["Counting"]

SAVE_S = 10.0
"""How often totals are saved at most: each save makes the disk write an inode."""
CLOSE_S = 1.0


class Counting:
    """Rates and totals.

    - After `open`: the totals of earlier runs are known, and the parts of HTTP answer.
    - `run` never ends by itself; when it was cancelled the totals are on the disk. If
      it had no time for that, those of the last `SAVE_S` are missing.
    """

    def __init__(
        self,
        stats: Stats,
        pipeline: Pipeline,
        observers: Observers,
        *,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        wait: Callable[[asyncio.Event, float], Awaitable[bool]] = wait,
    ) -> None:
        self._stats = stats
        self._pipeline = pipeline
        self._observers = observers
        self._clock = clock
        self._timer = timer
        self._sleep = sleep
        self._wait = wait
        self._changed = asyncio.Event()
        self._saved_at = timer()
        self._executor: Executor | None = None
        self.rates = Rates(self, timer())

    async def open(self, journal: Journal, executor: Executor, parts: Parts) -> None:
        """Read the totals in the journal's thread, and give HTTP what it asks for."""
        self._journal = journal
        self._executor = executor
        read = partial(
            Totals, journal.path / NAME, self._stats.events_by_type, self._clock()
        )
        self.totals = await hop(executor, read)
        parts.rates = self._document
        parts.totals = self.totals.events
        parts.per_minute = self._per_minute
        parts.families = self._families

    # what is counted

    def by_type(self) -> Mapping[str, int]:
        """Return the events of each type."""
        return self._stats.events_by_type()

    def domains(self) -> list[str]:
        """Return the names of the domains by number; the first is "", all others."""
        return self._pipeline.counts.domains()

    def by_domain(self) -> list[int]:
        """Return the events of each domain, by number."""
        return self._pipeline.counts.by_domain()

    def top(self, most: int) -> list[tuple[str, int]]:
        """Return so many entities with the most events, with their events."""
        return self._pipeline.counts.top(most)

    # work

    async def run(self) -> None:
        """Look every second while events come, for ever."""
        try:
            while True:
                await self._sleep(STEP_S)
                if not self.rates.sample(self._timer()):
                    await self._rest()
                elif self._left_s() <= 0:
                    await self._save()
        finally:
            self._stats.on_change = None
            await bounded("counting", self._save(sync=True), CLOSE_S)

    async def _rest(self) -> None:
        """Wait for the next event; save once what is not saved yet."""
        self._changed.clear()
        self._stats.on_change = self._changed.set
        if not await self._wait(self._changed, max(0.0, self._left_s())):
            await self._save()
            await self._changed.wait()
        self.rates.stir(self._timer())

    def _left_s(self) -> float:
        """Return how long a save has to wait."""
        return self._saved_at + SAVE_S - self._timer()

    async def _save(self, *, sync: bool = False) -> None:
        self._saved_at = self._timer()
        await hop(self._executor, partial(self.totals.save, sync=sync))

    # for HTTP

    def _per_minute(self) -> float:
        return self.rates.gain("1m", self._timer()).per_second * 60

    def _document(self, now: float) -> EventRate:
        return event_rate(
            Sources(
                stats=self._stats,
                rates=self.rates,
                busiest=self.top(TOP),
                now=now,
                now_s=self._timer(),
                cpu_s=time.process_time(),
                listeners=len(self._observers),
                since=self.totals.since,
                events=self.totals.events(),
                points=self._journal.points(),
            )
        )

    def _families(self) -> Iterable[Family]:
        now_s, events = self._timer(), self.totals.events()
        return families(self._stats, self.rates, now_s, events)
