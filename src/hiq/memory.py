"""When memory runs short: what is given up, and in which order.

Pure: told how much is used, it says what to do now. Live clients come before anything
else; the journal is never touched, and neither are points that are not in it yet:
those are written to the disk sooner. It does not know how a step is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

__all__ = ["CALM", "SHORT", "STEPS", "Level", "Pressure", "Step"]

SHORT: Final = 0.8
"""Share of the limit from which on memory is short."""
CALM: Final = 0.7
"""Share below which it is not short any more."""
EASED: Final = 0.9
"""Share below which it is not critical any more."""


class Level(IntEnum):
    """How much is left."""

    CALM = 0
    SHORT = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that can be given up.

    Attributes:
        name: in metrics and the log.
        level: from which level on.
        text: what it means, for people.
    """

    name: str
    level: Level
    text: str


STEPS: Final = (
    Step("outboxes", Level.SHORT, "events that wait for clients; they become gaps"),
    Step("snapshots", Level.SHORT, "the last event of each entity, kept for clients"),
    Step("clients", Level.SHORT, "the connections of clients, until memory is calm"),
    Step("buffers", Level.CRITICAL, "lines in memory: written to the journal at once"),
)
"""In their order."""


class Pressure:
    """The judgement over one process.

    - `look` is told how many bytes are used, and returns what to do now: at each look
      while memory is short one step more than the time before, each again at every
      look; all of them while it is critical.
    - `level` is that of the last look. It falls later than it rises, so that nothing
      flaps: below 90 % it is not critical any more, below 70 % calm.
    """

    def __init__(self, limit_bytes: int) -> None:
        if limit_bytes < 1:
            raise ValueError(f"limit_bytes: expected 1 or more, got {limit_bytes}")
        self.limit_bytes = limit_bytes
        self.level = Level.CALM
        self.reached = 0

    def look(self, used_bytes: int) -> tuple[Step, ...]:
        """Return the steps to take now, in their order."""
        self.level = self._judged(used_bytes / self.limit_bytes)
        allowed = tuple(step for step in STEPS if step.level <= self.level)
        if self.level is Level.CALM:
            self.reached = 0
        elif self.level is Level.CRITICAL:
            self.reached = len(allowed)
        elif used_bytes >= SHORT * self.limit_bytes or not self.reached:
            self.reached = min(self.reached + 1, len(allowed))
        return allowed[: self.reached]

    def _judged(self, share: float) -> Level:
        if share >= 1 or (self.level is Level.CRITICAL and share >= EASED):
            return Level.CRITICAL
        if share >= SHORT or (self.level is not Level.CALM and share >= CALM):
            return Level.SHORT
        return Level.CALM
