"""What became of the events of one session: counts, times of confirmation, last ids.

Events are noted by runs, because an ack confirms many. Bounded: beyond so many events
the oldest run is forgotten.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Delivered", "Fate", "FateOf"]

State = Literal["pending", "sent", "confirmed", "failed", "timeout"]
SAMPLES = 1000


@dataclass(slots=True)
class Fate:
    """What became of one event."""

    seq: int
    status: State = "pending"
    attempts: int = 0
    sent_s: float | None = None
    confirmed_s: float | None = None


FateOf: TypeAlias = tuple[str, int, int, float | None]
"""Event id, number, attempts, when it was sent last."""


class _Run(NamedTuple):
    """Events that left together."""

    fates: Sequence[FateOf]
    status: State
    confirmed_s: float | None


class Delivered:
    """The fates of events that have left, and figures over all.

    `sent`: how many different events went out. `sampled` are the seconds from sending
    to ack of the last thousand.
    """

    __slots__ = (
        "_most",
        "_runs",
        "_tracked",
        "confirmations",
        "redelivered",
        "sampled",
        "sent",
        "timeouts",
    )

    def __init__(self, most: int) -> None:
        self._most = most
        self._runs: deque[_Run] = deque()
        self._tracked = 0
        self.sampled: deque[float] = deque(maxlen=SAMPLES)
        self.sent = 0
        self.confirmations = 0
        self.redelivered = 0
        self.timeouts = 0

    def __len__(self) -> int:
        return self._tracked

    def left(
        self, fates: Sequence[FateOf], status: State, now_s: float | None = None
    ) -> None:
        """Events left together: confirmed (without a time if nobody knows), or not."""
        if not fates:
            return
        if status == "confirmed":
            self.confirmations += len(fates)
            if now_s is not None:
                self.sampled.extend(
                    [now_s - sent_s for *_, sent_s in fates if sent_s is not None]
                )
        self._runs.append(_Run(fates, status, now_s))
        self._tracked += len(fates)
        while self._tracked > self._most and len(self._runs) > 1:
            self._tracked -= len(self._runs.popleft().fates)

    def get(self, event_id: str) -> Fate | None:
        """Return the fate of one that left, None if it is not remembered."""
        for run in reversed(self._runs):
            for name, seq, attempts, sent_s in run.fates:
                if name == event_id:
                    return Fate(seq, run.status, attempts, sent_s, run.confirmed_s)
        return None

    def figures(self) -> dict[str, Any]:
        """Return counts, and the times that confirmations took, in seconds."""
        found: dict[str, Any] = {
            "confirmed": self.confirmations,
            "timeouts": self.timeouts,
            "redelivered": self.redelivered,
            "confirmation_rate": (
                round(min(1.0, self.confirmations / self.sent), 4)
                if self.sent
                else None
            ),
        }
        times = sorted(self.sampled)
        if times:
            found["confirmation_s"] = {
                "min": times[0],
                "avg": sum(times) / len(times),
                "max": times[-1],
                "p95": times[min(len(times) - 1, int(len(times) * 0.95))],
            }
        return found
