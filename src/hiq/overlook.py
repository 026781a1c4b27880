"""Stand-ins for a journal and a sink that pass everything on and tell what went well.

What they stand for is not changed by being looked at: who is told must be quick, and
what fails there is logged once and forgotten.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hiq.sink.base import Done

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.appending import Appending
    from hiq.journal.journal import Entry
    from hiq.sink.base import Batch, Check, Outcome, Sink

__all__ = ["Looking", "LookingAt"]

logger = logging.getLogger("hiq.monitor")


class Looking:
    """A journal that tells what it took."""

    def __init__(
        self,
        journal: Appending,
        tell: Callable[[list[tuple[str, Entry]]], object],
    ) -> None:
        self._journal = journal
        self._tell = tell
        self._failed = False

    def append(self, entries: list[tuple[str, Entry]]) -> None:
        """Append, and tell afterwards."""
        self._journal.append(entries)
        try:
            self._tell(entries)
        except Exception:
            if not self._failed:
                logger.exception("what the journal took is not watched")
            self._failed = True


class LookingAt:
    """A sink that tells what it has confirmed."""

    def __init__(self, sink: Sink, tell: Callable[[Batch], object]) -> None:
        self._sink = sink
        self._tell = tell
        self._failed = False

    @property
    def name(self) -> str:
        """Name given in the settings."""
        return self._sink.name

    @property
    def joins_members(self) -> bool:
        """Whether one body may hold several gzip members."""
        return self._sink.joins_members

    async def start(self) -> None:
        """Prepare."""
        await self._sink.start()

    async def write(self, batch: Batch) -> Outcome:
        """Send one batch, and tell if it was confirmed."""
        outcome = await self._sink.write(batch)
        if isinstance(outcome, Done):
            try:
                self._tell(batch)
            except Exception:
                if not self._failed:
                    logger.exception("a sink is not watched", extra={"sink": self.name})
                self._failed = True
        return outcome

    async def check(self) -> list[Check]:
        """Write one test point and read it back."""
        return await self._sink.check()

    async def close(self) -> None:
        """Release everything."""
        await self._sink.close()
