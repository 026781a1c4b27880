"""Back-pressure as a gate with two marks: closed at the high one, open at the low one.

The distance between the marks keeps the gate from flapping. It does not know what is
counted (records, bytes) nor what pausing means: both are the owner's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Gate"]


def _nothing() -> None:
    """Do nothing: the gate is only read."""


class Gate:
    """Closes when a level reaches `high`, opens when it is down to `low` again.

    - `pause` and `resume` are called synchronously, strictly in turn, pause first.
    - `low` is `high // 4` unless given; it must be below `high`.
    - After an exception in `pause` or `resume` the gate has not changed: the next
      `update` tries again.
    """

    __slots__ = ("_pause", "_resume", "closed", "closings", "high", "level", "low")

    def __init__(
        self,
        high: int,
        low: int | None = None,
        pause: Callable[[], object] = _nothing,
        resume: Callable[[], object] = _nothing,
    ) -> None:
        self.high = high
        self.low = high // 4 if low is None else low
        if not 0 <= self.low < self.high:
            raise ValueError(f"0 <= low < high is needed, got {self.low} and {high}")
        self._pause = pause
        self._resume = resume
        self.level = 0
        self.closed = False
        self.closings = 0

    def update(self, level: int) -> None:
        """Tell the gate the present level; it closes or opens if a mark is reached."""
        self.level = level
        if self.closed:
            if level <= self.low:
                self._resume()
                self.closed = False
        elif level >= self.high:
            self._pause()
            self.closed = True
            self.closings += 1
