"""The book of alerts: each is raised once, cleared once and then remembered a while.

Whoever finds something names it by a key, `kind` or `kind:what`. The same key raised
again is the same alert, with newer words. The book is bounded, and says how much it
did not take. It does not know who looks, nor who is told; the time is an argument.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Alert", "Alerts", "Severity"]

Severity: TypeAlias = Literal["warning", "critical"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Attributes:
        key: `kind`, or `kind:what` if several of a kind can be at once.
        severity: critical: something is being lost, or may be soon.
        message: what is so, and what to do about it.
        since_s: when it was raised, Unix seconds.
        cleared_s: when it was over; None while it lasts.
    """

    key: str
    severity: Severity
    message: str
    since_s: float
    cleared_s: float | None = None

    @property
    def kind(self) -> str:
        """What sort of alert it is: the key up to the first colon."""
        return self.key.partition(":")[0]


class Alerts:
    """What is wrong now, and what was wrong lately.

    - After `raise_`: the alert is active, or counted as suppressed if too many are.
      The first time the listeners are told; later only its words and weight change.
    - After `clear`: it is not active, and the listeners of an active one were told.
    - `raised` counts by kind; `suppressed` those that found no room; `failed` calls
      of listeners that raised something: the others were told all the same.
    """

    def __init__(self, *, most: int = 200, kept: int = 200) -> None:
        self.listeners: list[Callable[[Alert], object]] = []
        self.raised: Counter[str] = Counter()
        self.suppressed = 0
        self.failed = 0
        self._most = most
        self._active: dict[str, Alert] = {}
        self._history: deque[Alert] = deque(maxlen=kept)

    @property
    def active(self) -> tuple[Alert, ...]:
        """What is wrong now, oldest first."""
        return tuple(self._active.values())

    @property
    def history(self) -> tuple[Alert, ...]:
        """What is over, in the order in which it ended."""
        return tuple(self._history)

    def __contains__(self, key: str) -> bool:
        return key in self._active

    def raise_(self, key: str, severity: Severity, message: str, now: float) -> bool:
        """Note that something is wrong; True if that is new."""
        found = self._active.get(key)
        if found is not None:
            if (found.severity, found.message) != (severity, message):
                self._active[key] = replace(found, severity=severity, message=message)
            return False
        if len(self._active) >= self._most:
            self.suppressed += 1
            return False
        alert = Alert(key, severity, message, now)
        self._active[key] = alert
        self.raised[alert.kind] += 1
        self._tell(alert)
        return True

    def clear(self, key: str, now: float) -> bool:
        """Note that it is over; True if it was active."""
        found = self._active.pop(key, None)
        if found is None:
            return False
        alert = replace(found, cleared_s=max(now, found.since_s))
        self._history.append(alert)
        self._tell(alert)
        return True

    def _tell(self, alert: Alert) -> None:
        for listener in tuple(self.listeners):
            try:
                listener(alert)
            except Exception:  # noqa: BLE001  a listener's fault is not the book's
                self.failed += 1
