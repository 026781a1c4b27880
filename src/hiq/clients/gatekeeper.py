"""Whether a message is taken: its size, the allowance, in the order of the protocol.

The same for both dialects. The clock is an argument. It must not know what a message
means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hiq.clients.limits import Window

if TYPE_CHECKING:
    from hiq.clients.rules import Rules

__all__ = ["Gatekeeper", "Judged"]

SHORT = 512
"""An ack is short; what is longer is charged as a command."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Why a message is not taken."""

    why: Literal["size", "rate"]
    message: str
    retry_after_s: int | None = None


class Gatekeeper:
    """The allowance of one connection; `budget` is that of its user.

    After too many refusals within a minute that cost no allowance: `abused`.
    """

    def __init__(self, rules: Rules, budget: Window) -> None:
        self._rules = rules
        self._commands = Window(rules.messages_per_minute)
        self._acks = Window(rules.acks_per_minute)
        self._refusals = Window(rules.refusals_per_minute)
        self._budget = budget
        self.abused = False
        self.refused = 0

    def judge(self, size: int, now_s: float, *, ack: bool) -> Judged | None:
        """Count a message; return why it is not taken, None if it is."""
        rules = self._rules
        if size > rules.message_bytes:
            self._refuse(now_s)
            return Judged(
                "size",
                f"Message size ({size} bytes) exceeds maximum allowed size "
                f"({rules.message_bytes} bytes)",
            )
        if ack:
            windows: tuple[Window, ...] = (self._acks,)
        else:
            windows = (self._commands, self._budget)
        wait_s = max(window.wait_s(now_s) for window in windows)
        if wait_s:
            self._refuse(now_s)
            most = windows[0].most
            return Judged(
                "rate",
                f"Rate limit exceeded: {most} messages per 60 seconds",
                max(1, math.ceil(wait_s)),
            )
        for window in windows:
            window.take(now_s)
        return None

    def _refuse(self, now_s: float) -> None:
        self.refused += 1
        if self._refusals.wait_s(now_s):
            return
        self._refusals.take(now_s)
        self.abused = self._refusals.wait_s(now_s) > 0
