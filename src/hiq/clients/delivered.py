"""What became of the events of one session: states, counts, times of confirmation.

Bounded: beyond `tracked` events the oldest is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Delivered", "Fate"]

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


class Delivered:
    """The fates of events, and figures over them."""

    __slots__ = (
        "_fates",
        "_most",
        "_times",
        "confirmations",
        "redelivered",
        "timeouts",
    )

    def __init__(self, most: int) -> None:
        self._fates: OrderedDict[str, Fate] = OrderedDict()
        self._most = most
        self._times: deque[float] = deque(maxlen=SAMPLES)
        self.confirmations = 0
        self.redelivered = 0
        self.timeouts = 0

    def add(self, event_id: str, seq: int) -> None:
        """Track one."""
        self._fates[event_id] = Fate(seq)
        if len(self._fates) > self._most:
            self._fates.popitem(last=False)

    def get(self, event_id: str) -> Fate | None:
        """Return the fate of one, None if it is not tracked."""
        return self._fates.get(event_id)

    def sent(self, event_id: str, now_s: float) -> None:
        """It went out."""
        if fate := self._fates.get(event_id):
            fate.status, fate.sent_s = "sent", now_s
            fate.attempts += 1

    def confirmed(self, event_id: str, now_s: float | None) -> None:
        """It arrived; without a time if that is not known."""
        self.confirmations += 1
        fate = self._fates.get(event_id)
        if fate is None:
            return
        fate.status, fate.confirmed_s = "confirmed", now_s
        if now_s is not None and fate.sent_s is not None:
            self._times.append(now_s - fate.sent_s)

    def failed(self, event_id: str) -> None:
        """It left without being confirmed."""
        if fate := self._fates.get(event_id):
            fate.status = "failed"

    def timed_out(self, event_id: str) -> None:
        """Nobody confirmed it in time, although it was sent again."""
        self.timeouts += 1
        if fate := self._fates.get(event_id):
            fate.status = "timeout"

    def figures(self) -> dict[str, Any]:
        """Return counts, and the times that confirmations took, in seconds."""
        times = sorted(self._times)
        tracked = len(self._fates)
        sent = sum(1 for fate in self._fates.values() if fate.attempts)
        good = sum(1 for fate in self._fates.values() if fate.status == "confirmed")
        found: dict[str, Any] = {
            "tracked": tracked,
            "confirmed": self.confirmations,
            "timeouts": self.timeouts,
            "redelivered": self.redelivered,
            "confirmation_rate": round(good / sent, 4) if sent else None,
        }
        if times:
            found["confirmation_s"] = {
                "min": times[0],
                "avg": sum(times) / len(times),
                "max": times[-1],
                "p95": times[min(len(times) - 1, int(len(times) * 0.95))],
            }
        return found
