"""When to ping a peer, and when it is dead. The clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["Heartbeat"]

PING_LIMIT_S: Final = 5.0


@dataclass(slots=True)
class Heartbeat:
    """The life of one peer.

    - A ping is due every `interval_s`. With `max_missed` pings unanswered at the time
      of the next one, or no frame at all for `timeout_s`, the peer is dead.
    - Whatever is received is a sign of life.
    """

    interval_s: float
    timeout_s: float
    max_missed: int
    heard_s: float
    next_s: float = 0.0
    missed: int = 0
    pings: int = 0

    def __post_init__(self) -> None:
        self.next_s = self.heard_s + self.interval_s

    @property
    def ping_limit_s(self) -> float:
        """How long sending a ping may take."""
        return min(PING_LIMIT_S, self.interval_s / 2)

    @property
    def due_s(self) -> float:
        """When to look again."""
        return min(self.next_s, self.heard_s + self.timeout_s)

    def heard(self, now_s: float) -> None:
        """Note a sign of life."""
        self.heard_s = now_s
        self.missed = 0

    def look(self, now_s: float) -> Literal["ping", "dead"] | None:
        """Return what is due; a ping counts as unanswered until something comes."""
        if now_s >= self.heard_s + self.timeout_s:  # to the bit what `due_s` says
            return "dead"
        if now_s < self.next_s:
            return None
        if self.missed >= self.max_missed:
            return "dead"
        self.next_s = max(self.next_s + self.interval_s, now_s)
        self.missed += 1
        self.pings += 1
        return "ping"
