"""So many in any minute, and no more: a window that moves with the clock.

The clock is an argument: seconds that never go back.
"""

from __future__ import annotations

from collections import deque

__all__ = ["Window"]


class Window:
    """At most `most` within any `seconds`."""

    __slots__ = ("_seconds", "_taken", "most")

    def __init__(self, most: int, seconds: float = 60.0) -> None:
        self.most = most
        self._seconds = seconds
        self._taken: deque[float] = deque()

    def wait_s(self, now_s: float) -> float:
        """Return how long it takes until another one fits; 0 if one fits now."""
        taken = self._taken
        while taken and taken[0] <= now_s - self._seconds:
            taken.popleft()
        if len(taken) < self.most:
            return 0.0
        return taken[0] + self._seconds - now_s if taken else self._seconds

    def take(self, now_s: float) -> None:
        """Take one that fits."""
        self._taken.append(now_s)

    @property
    def empty(self) -> bool:
        """Whether nothing is remembered."""
        return not self._taken
