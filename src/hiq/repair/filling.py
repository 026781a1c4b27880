"""Filling of one hole: read, leave out what was delivered, write, remember how far.

It can be interrupted anywhere. What is journaled and not yet noted as done is found
in the journal at the next start, so no row is handed over twice.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from hiq.errors import ProtocolError
from hiq.ha.history_rows import MICROSECONDS, iso
from hiq.repair.fetch import TOO_BIG, fetch
from hiq.repair.state import MARGIN_US

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from hiq.ha.history import History
    from hiq.ha.history_rows import Row
    from hiq.repair.convert import Converter
    from hiq.repair.keys import Keys
    from hiq.repair.memory import Parts
    from hiq.repair.state import Hole
    from hiq.stats import Stats

__all__ = ["Filling"]

PROBE_US: Final = (600 * MICROSECONDS, 86_400 * MICROSECONDS)
"""How far before a hole the recorder is asked whether it reaches back so far."""
GROUP: Final = 100


class Filling:
    """One hole under repair.

    After `await run(...)`: everything the recorder has of the hole was delivered.
    """

    def __init__(
        self,
        parts: Parts,
        stats: Stats,
        hole: Hole,
        known: Keys,
        *,
        partial: Keys,
        tick: Callable[[], Awaitable[None]],
        progress: Callable[[int], Awaitable[None]],
        tick_s: float,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = parts
        self._stats = stats
        self._hole = hole
        self._known = known
        self._partial = partial
        self._tick = tick
        self._progress = progress
        self._tick_s = tick_s
        self._timer = timer

    async def run(
        self, history: History, converter: Converter, entity_ids: Sequence[str]
    ) -> None:
        """Fill it; raises what `History.rows` raises."""
        hole, settings = self._hole, self._parts.settings
        assert hole.until_us is not None
        begin_us = None if hole.probed else hole.done_us
        if begin_us is not None:
            await self._probe(history, entity_ids, begin_us)
        tail = self._parts.journal.scout(self._parts.schemas[0])
        ticked = self._timer()
        async for piece in fetch(
            history,
            entity_ids,
            hole.done_us,
            hole.until_us,
            window_s=settings.window,
            rate=settings.rate,
        ):
            self._stats.backfill.requests += 1
            self._stats.backfill.bytes += piece.size
            rows, known = self._unknown(piece.rows)
            converted = converter.convert(rows)
            hole.rows += converted.counts["events"] + known
            hole.known += known
            hole.points += await self._parts.writer.write(converted, known)
            # If the connection is lost now, the window is asked for again.
            self._partial.update(
                (name, row.updated_us)
                for name, several in rows.items()
                for row in several
            )
            if piece.done_us > hole.done_us:
                hole.done_us = piece.done_us
                self._partial.clear()
                await self._progress(tail.end)
            if self._timer() - ticked >= self._tick_s:
                await self._tick()
                ticked = self._timer()
            await asyncio.sleep(0)
        hole.done_us = hole.until_us
        if hole.missing and begin_us is not None:
            # A recorder that was behind may have written by now what it had not then.
            await self._probe(history, entity_ids, begin_us)

    def _unknown(self, rows: dict[str, list[Row]]) -> tuple[dict[str, list[Row]], int]:
        """Return the rows that were not delivered, and how many were."""
        if not len(self._known) and not len(self._partial):
            return rows, 0
        found = {}
        count = 0
        for entity_id, several in rows.items():
            kept = [
                row
                for row in several
                if (key := (entity_id, row.updated_us)) not in self._known
                and key not in self._partial
            ]
            count += len(several) - len(kept)
            if kept:
                found[entity_id] = kept
        return found, count

    async def _probe(
        self, history: History, entity_ids: Sequence[str], since_us: int
    ) -> None:
        """Ask whether the recorder reaches back to the begin of the hole.

        Something happened there: it was the last that hiq saw. If the recorder has
        nothing of it, it has been purged, or emptied, or did not run.
        """
        hole = self._hole
        hole.missing = ""
        begin_us = since_us + MARGIN_US
        if hole.cause != "past":
            for before_us in PROBE_US:
                if await self._any(history, entity_ids, begin_us - before_us, begin_us):
                    break
            else:
                hole.missing = (
                    f"the recorder does not reach back to {iso(begin_us)}: what it "
                    "has not got is lost"
                )
        hole.probed = True

    @staticmethod
    async def _any(
        history: History, entity_ids: Sequence[str], after_us: int, until_us: int
    ) -> bool:
        for at in range(0, len(entity_ids), GROUP):
            try:
                if await history.rows(entity_ids[at : at + GROUP], after_us, until_us):
                    return True
            except ProtocolError as exc:
                if exc.close_code != TOO_BIG:
                    raise
                await history.reopen()
                return True  # an answer that is too long has rows
        return False
