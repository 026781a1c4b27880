"""How a sink is doing, in its counters and in the log: one line per change.

It is told of every trouble and of every success, and keeps the words. It does not know
what follows from them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.stats import SinkStats

__all__ = ["Condition"]

logger = logging.getLogger("hiq.deliver")

REPEAT_S = 600.0


class Condition:
    """The state of one sink.

    Args:
        stats: where it is shown.
        clock: Unix seconds.
    """

    def __init__(self, stats: SinkStats, clock: Callable[[], float]) -> None:
        self._stats = stats
        self._clock = clock
        self._since = 0.0
        self._failures = 0
        self._told_at = -REPEAT_S

    def trouble(self, state: str, reason: str, advice: str = "") -> None:
        """Note why it does not go on."""
        stats = self._stats
        stats.last_error = reason
        stats.advice = advice
        self._failures += 1
        if stats.state == state:
            return
        if stats.state not in {"retrying", "held"}:
            self._since = self._clock()
        stats.state = state
        logger.warning(
            "sink is %s",
            state,
            extra={
                "sink": stats.name,
                "reason": reason,
                "pending": stats.pending,
                **({"advice": advice} if advice else {}),
            },
        )

    def dead(self, reason: str, advice: str) -> None:
        """Note a line that went to the dead letters; one log line in ten minutes."""
        now = self._clock()
        if now - self._told_at < REPEAT_S:
            return
        self._told_at = now
        logger.warning(
            "a line was refused and went to the dead letters",
            extra={
                "sink": self._stats.name,
                "reason": reason,
                **({"advice": advice} if advice else {}),
            },
        )

    def well(self) -> None:
        """Note that it goes on."""
        stats = self._stats
        if stats.state in {"retrying", "held"}:
            logger.info(
                "sink is ok",
                extra={
                    "sink": stats.name,
                    "seconds": round(self._clock() - self._since, 3),
                    "failures": self._failures,
                    "pending": stats.pending,
                },
            )
        elif stats.state == "idle" and stats.requests:
            logger.info("sink is ok", extra={"sink": stats.name})
        if stats.state != "idle" or stats.requests:
            stats.state = "ok"
        stats.advice = ""
        self._failures = 0
