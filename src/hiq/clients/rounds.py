"""When to send again what nobody confirmed, and when to give up.

The clock is an argument: seconds that never go back. It must not know what was sent.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Rounds"]

REDELIVER_S: Final = (1.0, 2.0, 4.0)


class Rounds:
    """The rounds of one connection.

    - `due_s`: when to look, None while nothing waits for an ack.
    - An ack begins anew; after the last round without one: `over`.
    - `ignored`: the same, but it stays when the connection is gone, until whoever has
      this takes it away.
    """

    __slots__ = ("_round", "_timeout_s", "due_s", "ignored", "over")

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._round = 0
        self.due_s: float | None = None
        self.over = self.ignored = False

    @property
    def unconfirmed(self) -> bool:
        """Whether something is being sent again, or was given up."""
        return self._round > 0 or self.ignored

    def sent(self, now_s: float) -> None:
        """Something went out."""
        if self.due_s is None:
            self.due_s = now_s + self._timeout_s

    def begin(self, oldest_s: float | None) -> None:
        """Begin anew; the oldest that waits was sent then, None if nothing waits."""
        self._round = 0
        self.due_s = None if oldest_s is None else oldest_s + self._timeout_s

    def stop(self) -> None:
        """The connection is gone."""
        self.begin(None)
        self.over = False

    def overdue_s(self, now_s: float) -> float | None:
        """Return by when what is overdue was sent; None if it is too early to look."""
        if self.due_s is None or now_s < self.due_s:
            return None
        return now_s if self._round else now_s - self._timeout_s

    def next(self, now_s: float) -> bool:
        """Begin the next round; False if there is none left."""
        if self._round >= len(REDELIVER_S):
            self.over = self.ignored = True
            return False
        self.due_s = now_s + REDELIVER_S[self._round]
        self._round += 1
        return True
