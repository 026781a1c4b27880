"""What is told of repair: figures, what became of holes, points of settled gaps.

Every hole ends here, filled or given up: the log says so, its gaps in the ledger are
settled, and the memory forgets it. It reads no recorder and decides nothing.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, Literal

from hiq.ha.history_rows import MICROSECONDS
from hiq.repair.gap_points import gap_points
from hiq.repair.outcomes import Outcome, settle

if TYPE_CHECKING:
    from hiq.repair.memory import Memory, Parts
    from hiq.repair.state import Hole
    from hiq.stats import Stats

__all__ = ["Report"]

logger = logging.getLogger("hiq.repair")

NOT_RECORDING: Final = (
    "the recorder of Home Assistant does not record: what it has not got is lost"
)


class Report:
    """Of one repairer, from when its memory was read.

    - After calling `measure`: the figures are those of now.
    - After `await filled(...)` or `await give_up(...)`: the hole, or every hole, is
      settled and forgotten.
    """

    def __init__(self, parts: Parts, stats: Stats, memory: Memory) -> None:
        self._parts = parts
        self._stats = stats
        self._memory = memory

    def measure(self, state: str = "") -> None:
        """Bring the figures up to date."""
        memory, backfill = self._memory, self._stats.backfill
        if state:
            backfill.state = state if self._parts.settings.enabled else "off"
        backfill.holes = len(memory.state.holes)
        backfill.left_s = memory.left_s
        complete_us = memory.mark.complete_us
        if complete_us is not None:
            backfill.complete_at = complete_us / MICROSECONDS

    async def tell_gaps(self) -> None:
        """Write the gaps that were settled since the last time, if that is wanted.

        Raises:
            JournalError, OSError: they could not be journaled.
        """
        state = self._memory.state
        fresh = [
            gap
            for gap in self._stats.gaps.gaps
            if gap.settled_s is not None and gap.settled_s > state.told_s
        ]
        if not fresh or not self._parts.settings.gap_points:
            return
        await self._parts.writer.tell(gap_points(fresh, self._parts.schemas))
        state.told_s = max(gap.settled_s or 0.0 for gap in fresh)

    async def filled(self, hole: Hole) -> None:
        """Settle a hole that has been filled, as far as the recorder had it.

        Raises:
            OSError: what is remembered could not be saved.
        """
        missing = hole.missing or (NOT_RECORDING if hole.stopped else "")
        logger.log(
            logging.WARNING if missing else logging.INFO,
            "a hole is filled",
            extra={
                "cause": hole.cause,
                "rows": hole.rows,
                "points": hole.points,
                "delivered_before": hole.known,
                **({"missing": missing} if missing else {}),
            },
        )
        text = f"backfill: {hole.rows} rows read, {hole.known} had been delivered"
        if missing:
            await self._settle(hole, "lost", f"{missing}; {text}", hole.points)
        else:
            await self._settle(hole, "repaired", text, hole.points)

    async def give_up(self, reason: str) -> None:
        """Settle every hole as lost: nothing can fill it.

        Raises:
            OSError: what is remembered could not be saved.
        """
        self._stats.backfill.last_error = reason
        for hole in list(self._memory.state.holes):
            logger.warning(
                "a hole cannot be filled", extra={"cause": hole.cause, "reason": reason}
            )
            await self._settle(hole, "lost", reason)
        self.measure("idle")

    async def _settle(
        self,
        hole: Hole,
        state: Literal["repaired", "lost"],
        text: str,
        points: int | None = None,
    ) -> None:
        """Say what became of a hole, and forget it."""
        outcome = Outcome(gaps=tuple(hole.gaps), state=state, text=text, points=points)
        settle(self._stats.gaps, outcome)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(
            self._parts.executor, self._memory.forget, hole, outcome
        )
        self.measure()
