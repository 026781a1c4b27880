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

__all__ = ["Counts", "Delivered", "Fate", "FateOf"]

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


class Counts:
    """What became of events in numbers: of one session, or of all there were.

    `sent`: how many different events went out. `sampled`: seconds from sending to ack
    of the last thousand.
    """

    __slots__ = (
        *("confirmed", "dropped", "redelivered", "repeated_acks", "sampled", "sent"),
        "timeouts",
    )

    def __init__(self) -> None:
        self.sampled: deque[float] = deque(maxlen=SAMPLES)
        self.dropped: dict[str, int] = {}
        self.sent = 0
        self.confirmed = 0
        self.redelivered = 0
        self.repeated_acks = 0
        self.timeouts = 0

    def confirm(self, count: int, seconds: Sequence[float]) -> None:
        """Events were confirmed, some of them so long after they were sent."""
        self.confirmed += count
        self.sampled.extend(seconds)

    def drop(self, reason: str) -> None:
        """One event left without being confirmed."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    def figures(self) -> dict[str, Any]:
        """Return counts, and the times that confirmations took, in seconds."""
        rate = min(1.0, self.confirmed / self.sent) if self.sent else None
        found: dict[str, Any] = {
            "sent": self.sent,
            "confirmed": self.confirmed,
            "timeouts": self.timeouts,
            "redelivered": self.redelivered,
            "repeated_acks": self.repeated_acks,
            "confirmation_rate": None if rate is None else round(rate, 4),
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


class Delivered:
    """What became of the events of one session; counted in `totals` as well."""

    __slots__ = ("_most", "_runs", "_tracked", "counts", "totals")

    def __init__(self, most: int, totals: Counts) -> None:
        self._most = most
        self._runs: deque[_Run] = deque()
        self._tracked = 0
        self.counts = Counts()
        self.totals = totals

    def __len__(self) -> int:
        return self._tracked

    def sent(self, count: int, *, again: bool) -> None:
        """Events went out, for the first time or not."""
        for counts in (self.counts, self.totals):
            if again:
                counts.redelivered += count
            else:
                counts.sent += count

    def timed_out(self, count: int) -> None:
        """Nobody confirmed them, however often they were sent."""
        self.counts.timeouts += count
        self.totals.timeouts += count

    def acked_again(self) -> None:
        """An ack confirmed nothing new."""
        self.counts.repeated_acks += 1
        self.totals.repeated_acks += 1

    def dropped(self, reason: str) -> None:
        """An event left for a reason."""
        self.counts.drop(reason)
        self.totals.drop(reason)

    def left(
        self, fates: Sequence[FateOf], status: State, now_s: float | None = None
    ) -> None:
        """Events left together: confirmed (without a time if nobody knows), or not."""
        if not fates:
            return
        if status == "confirmed":
            seconds = [
                now_s - sent_s
                for *_, sent_s in fates
                if now_s is not None and sent_s is not None
            ]
            self.counts.confirm(len(fates), seconds)
            self.totals.confirm(len(fates), seconds)
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
