"""Saves a cursor's place now and then, in a thread, when it has moved.

A place that is not saved yet costs a repeat after a crash, never a point; saving at
each step would cost the disk as much as the journal itself. It does not know what a
cursor stands for.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from hiq.errors import JournalError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from hiq.stats import SinkStats

__all__ = ["SAVE_S", "Saver"]

logger = logging.getLogger("hiq.deliver")

SAVE_S = 5.0
"""A cursor's file is at most so far behind."""


class Saved(Protocol):
    """What is saved; `hiq.journal.cursor.Cursor` is."""

    @property
    def unsaved(self) -> bool:
        """Whether there is anything to save."""

    def save(self, *, sync: bool) -> None:
        """Save; JournalError if that does not work. Blocks."""


class Saver:
    """Of one cursor.

    - After calling `moved`: the place will be saved within `after_s`.
    - After calling `stop`: nothing begins any more until `moved` is called again.
    - A failure is shown in the counters, and told once until it is over; the next
      `moved` tries again.
    """

    def __init__(
        self,
        cursor: Saved,
        stats: SinkStats,
        executor: Executor | None,
        after_s: float = SAVE_S,
    ) -> None:
        self._cursor = cursor
        self._stats = stats
        self._executor = executor
        self._after_s = after_s
        self._timer: asyncio.TimerHandle | None = None
        self._failing = False

    def moved(self) -> None:
        """Take note that there may be something to save."""
        if self._timer is None and self._cursor.unsaved:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._after_s, self._begin)

    def stop(self) -> None:
        """Forget the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        saving = loop.run_in_executor(self._executor, self._try)
        saving.add_done_callback(self._note)

    def _try(self) -> str:
        """Return why it did not work, "" if it did; runs in the thread."""
        try:
            self._cursor.save(sync=False)
        except JournalError as exc:
            return str(exc)
        return ""

    def _note(self, saving: asyncio.Future[str]) -> None:
        if saving.cancelled():
            return
        problem = saving.result()
        if problem:
            self._stats.last_error = problem
        if problem and not self._failing:
            logger.warning(
                "a cursor cannot be saved; after a crash points would be sent again",
                extra={"sink": self._stats.name, "reason": problem},
            )
        self._failing = bool(problem)
