"""The part of the service that fills holes: when, and from where.

After every start and reconnect the span since the last complete instant is a hole, a
gap in the ledger. Its end is found, its rows are read from the recorder window by
window, and what had not been delivered goes into the journal. What cannot be filled
is settled as lost, with the reason. Live events flow meanwhile; they are known here
through the journal only.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from hiq.backoff import delays, wait
from hiq.errors import (
    AuthError,
    CommandError,
    ConnectionLost,
    JournalError,
    NotReadyError,
    ProtocolError,
)
from hiq.filtering import KEYS, filter_options
from hiq.gaps import HOME
from hiq.ha.history import connected
from hiq.ha.history_rows import MICROSECONDS
from hiq.repair.convert import Converter
from hiq.repair.edge import QUIET_S, find_edge
from hiq.repair.filling import Filling
from hiq.repair.keys import Keys
from hiq.repair.memory import Memory, Parts
from hiq.repair.outcomes import settle_orphans
from hiq.repair.report import Report
from hiq.repair.state import MARGIN_US

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from msgspec import Raw

    from hiq.ha.history import History
    from hiq.ha.history_rows import CurrentState
    from hiq.ha.locate import Candidate
    from hiq.repair.state import Hole
    from hiq.stats import Stats

__all__ = ["Repairer"]

logger = logging.getLogger("hiq.repair")

TICK_S: Final = 10.0
CLOCK_BACK_US: Final = 1_000_000
REFUSED: Final = {"unknown_command", "unauthorized"}
"""Codes of errors that asking again does not heal."""
ATTEMPTS: Final = 10
"""Other errors in a row, without any progress, before the holes are given up."""
MIGRATING: Final = "the recorder of Home Assistant migrates its database"


class Repairer:
    """Fills holes.

    - After `await open()`: it is known what was delivered; then `fresh`, `subscribed`
      and `lost` may be called, synchronously, by whoever keeps the live connection.
    - `run` never ends by itself and may be cancelled and started again.
    - After `await end()`: nothing more is restored. After `await close()`: how far
      all is complete is on the disk.
    """

    def __init__(
        self,
        parts: Parts,
        stats: Stats,
        *,
        clock: Callable[[], float] = time.time,
        tick_s: float | None = None,
        quiet_s: float | None = None,
    ) -> None:
        self._parts = parts
        self._stats = stats
        self._clock = clock
        self._tick_s = TICK_S if tick_s is None else tick_s
        self._quiet_s = QUIET_S if quiet_s is None else quiet_s
        self._opened: tuple[Memory, Report] | None = None
        self._place: tuple[Candidate, str] | None = None
        self._connections = 0
        self._why = ("stopped", "hiq was not running")
        self._since_s = 0.0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[object] | None = None

    # for the service

    async def open(self) -> None:
        """Read what is remembered. Call it before anything is journaled."""
        loop = asyncio.get_running_loop()
        memory = await loop.run_in_executor(
            self._parts.executor, Memory.open, self._parts, self._clock
        )
        report = Report(self._parts, self._stats, memory)
        self._opened = memory, report
        self._since_s = memory.since_s
        if memory.shortened:
            self._why = ("journal_damaged", "the end of the journal is gone")
        settle_orphans(self._stats.gaps, memory.state)
        report.measure("idle")

    async def run(self) -> None:
        """Look, and fill what is to be filled, for ever."""
        memory = self._remembered
        self._task = asyncio.current_task()
        pauses = delays()
        pause = 0.0
        attempts, done_us = 0, 0
        while True:
            await wait(self._wake, pause or self._tick_s)
            self._wake.clear()
            pause = 0.0
            await self._tick()
            if self._place is None or not memory.state.holes:
                continue
            try:
                await self._repair(*self._place)
                pauses = delays()
                attempts = 0
            except CommandError as exc:
                before_us, done_us = done_us, sum(h.done_us for h in memory.state.holes)
                attempts = attempts + 1 if done_us == before_us else 1
                if exc.code in REFUSED or attempts >= ATTEMPTS:
                    await self._report.give_up(str(exc))
                    attempts = 0
                else:
                    pause = self._wait(exc, pauses)
            except (AuthError, ConnectionLost, NotReadyError, ProtocolError) as exc:
                pause = self._wait(exc, pauses)

    async def end(self) -> None:
        """End `run`: nothing more is restored."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def close(self) -> None:
        """Look a last time and save; after `end`."""
        if self._opened is not None:
            await self._tick(sync=True)

    # for the live connection

    def subscribed(self, candidate: Candidate, token: str) -> None:
        """Note that from now on every event comes: what is missing is before."""
        memory = self._remembered
        self._place = (candidate, token)
        self._connections += 1
        self._wake.set()
        now = self._clock()
        cause, detail = self._why
        begin_us = memory.begin_us
        start_s = min(self._since_s or now, memory.since_s or now)
        if begin_us is None:
            memory.begin()
            first = self._parts.settings.first_start
            if not first:
                return
            cause, detail, start_s = "past", "the first start", now - first
        gap = self._stats.gaps.open(cause, start_s, source=HOME, detail=detail)
        self._stats.gaps.update(gap, end_s=now)
        memory.add(cause, gap, begin_us)
        self._report.measure("waiting")

    def lost(self, reason: str) -> None:
        """Note that from now on no event comes."""
        if self._place is None:
            return
        self._place = None
        self._since_s = self._clock()
        self._why = ("disconnected", reason)

    def set_filter(self, options: Mapping[str, Any]) -> None:
        """Restore with another filter, from the next hole on."""
        for key in KEYS:
            self._parts.options.pop(key, None)
        self._parts.options.update(filter_options(options))

    def fresh(self, states: list[Raw]) -> list[Raw]:
        """Return the states at connect that may not have been delivered."""
        return self._remembered.fresh(states)

    # inside

    @property
    def _remembered(self) -> Memory:
        assert self._opened is not None, "open it first"
        return self._opened[0]

    @property
    def _report(self) -> Report:
        assert self._opened is not None, "open it first"
        return self._opened[1]

    def _wait(self, exc: Exception, pauses: Iterator[float]) -> float:
        """Say why nothing is restored now; returns seconds until the next attempt."""
        self._stats.backfill.last_error = str(exc)
        self._report.measure("waiting")
        return next(pauses)

    async def _tick(self, *, sync: bool = False) -> None:
        """Let the mark move, and save."""
        loop = asyncio.get_running_loop()
        try:
            await self._report.tell_gaps()
            await loop.run_in_executor(
                self._parts.executor, lambda: self._remembered.look(sync=sync)
            )
        except (JournalError, OSError) as exc:
            self._stats.backfill.last_error = str(exc)
        self._report.measure()

    async def _repair(self, candidate: Candidate, token: str) -> None:
        """Find the end of the newest hole, then fill all of them, oldest first."""
        if not self._parts.settings.enabled:
            await self._report.give_up("backfill is switched off (backfill.enabled)")
            return
        memory = self._remembered
        self._report.measure("waiting")
        async with connected(candidate, token) as history:
            if not await history.running():
                raise NotReadyError("Home Assistant is still starting")
            recorder = await history.info()
            if recorder.migration_in_progress:  # after an update, maybe for hours
                raise NotReadyError(MIGRATING)
            connections = self._connections
            states, home = await history.states(), await history.home()
            parts = self._parts
            loop = asyncio.get_running_loop()
            first_ids = await loop.run_in_executor(parts.executor, parts.first_ids)
            converter = Converter(parts.options, parts.schemas, first_ids)
            await converter.learn(states, home)
            if memory.edge is not None:
                await self._find(
                    history,
                    memory.edge,
                    states,
                    connections,
                    growing=recorder.works,
                )
            names = memory.names | {state.entity_id for state in states}
            wanted = converter.wanted(names | home.entities.keys())
            self._report.measure("running")
            for hole in [h for h in memory.state.holes if h.until_us is not None]:
                await self._fill(history, hole, converter, wanted)
        self._report.measure("idle")

    async def _find(
        self,
        history: History,
        hole: Hole,
        states: Sequence[CurrentState],
        connections: int,
        *,
        growing: bool,
    ) -> None:
        """Find the end of a hole."""
        memory, parts = self._remembered, self._parts
        after_us = self._begin(hole, states)
        loop = asyncio.get_running_loop()
        tail = await loop.run_in_executor(
            parts.executor, parts.journal.scout, parts.schemas[0], memory.state.at
        )
        edge = await find_edge(
            history,
            states,
            tail,
            after_us,
            executor=parts.executor,
            growing=growing,
            quiet_s=self._quiet_s,
        )
        if connections != self._connections:
            # Lost and subscribed again meanwhile: the hole has grown behind it.
            raise ConnectionLost("the live connection was made anew")
        memory.closing = hole  # what is lost from now on is behind it
        try:
            await loop.run_in_executor(
                parts.executor, memory.found, hole, after_us, edge
            )
        finally:
            memory.closing = None
        self._report.measure()

    def _begin(self, hole: Hole, states: Sequence[CurrentState]) -> int:
        """Return where a hole begins, by the clock of Home Assistant."""
        newest_us = max((state.updated_us for state in states), default=0)
        if hole.after_us is None:
            return newest_us - int(self._parts.settings.first_start * MICROSECONDS)
        if hole.after_us > newest_us + CLOCK_BACK_US:
            logger.warning("the clock of Home Assistant was set back")
            away_us = int(max(0.0, self._clock() - self._since_s) * MICROSECONDS)
            return newest_us - away_us - MARGIN_US
        return hole.after_us

    async def _fill(
        self,
        history: History,
        hole: Hole,
        converter: Converter,
        entity_ids: Sequence[str],
    ) -> None:
        """Fill one hole and settle its gaps."""
        memory = self._remembered
        known = memory.known.setdefault(hole.number, Keys())
        filling = Filling(
            self._parts,
            self._stats,
            hole,
            known,
            partial=memory.partial.setdefault(hole.number, Keys()),
            tick=self._tick,
            progress=self._progress,
            tick_s=self._tick_s,
        )
        await filling.run(history, converter, entity_ids)
        await self._report.filled(hole)

    async def _progress(self, sequence: int) -> None:
        """Save how far a hole is filled."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(
            self._parts.executor, self._remembered.progress, sequence
        )
        self._report.measure()
