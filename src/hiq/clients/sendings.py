"""When the numbers of one session went out, and how often: by runs, not by number.

The clock is an argument. It must not know what was sent.
"""

from __future__ import annotations

from collections import deque

__all__ = ["Sendings"]


class Sendings:
    """What is remembered of numbers that were sent and are not confirmed.

    - Numbers go out in order; some may go out again, from the oldest on.
    - After `forget`: nothing below the number is remembered.
    """

    __slots__ = ("_repeats", "_runs")

    def __init__(self) -> None:
        self._runs: deque[tuple[int, float]] = deque()  # up to which number, when
        self._repeats: dict[int, int] = {}

    def note(self, first: int, last: int, now_s: float, *, again: bool) -> None:
        """Numbers went out."""
        if again:
            for seq in range(first, last + 1):
                self._repeats[seq] = self._repeats.get(seq, 0) + 1
        runs = self._runs
        if runs and runs[-1][0] >= last:
            while runs and runs[0][0] <= last:
                runs.popleft()
            runs.appendleft((last, now_s))
        else:
            runs.append((last, now_s))

    def first(self) -> tuple[int, float] | None:
        """Return up to which number the oldest run goes, and when it was sent."""
        return self._runs[0] if self._runs else None

    def up_to(self, moment_s: float) -> int:
        """Return the highest number that went out by then, 0 if there is none."""
        found = (last for last, sent_s in self._runs if sent_s <= moment_s)
        return max(found, default=0)

    def when(self, seq: int) -> float | None:
        """Return when a number went out last."""
        return next((sent_s for last, sent_s in self._runs if last >= seq), None)

    def repeats(self, seq: int) -> int:
        """Return how often a number went out beyond the first time."""
        return self._repeats.get(seq, 0)

    def take_repeats(self, seq: int) -> int:
        """Return it, and forget it."""
        return self._repeats.pop(seq, 0) if self._repeats else 0

    def forget(self, below: int) -> None:
        """Forget the runs below a number."""
        while self._runs and self._runs[0][0] < below:
            self._runs.popleft()
