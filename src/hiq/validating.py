"""The level of validation in force, and the originals of what it refuses.

The core judges state changes; at the strict level it asks here about what is only odd.
Other events are judged here before they become points. What is refused is kept with
its reason in the dead letters, file `_rejected.ndjson`, bounded like those of sinks.
It must not know the connection, nor what a level means.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, Final

import orjson

from hiq import log
from hiq.assure.levels import judge
from hiq.backoff import wait
from hiq.deadletters import DeadLetter, DeadLetters

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hiq import Pipeline
    from hiq.assure.levels import Level
    from hiq.stats import Stats

__all__ = ["FILE", "Validation", "put_in_force", "verdict_of"]

logger = logging.getLogger("hiq.validation")

FILE: Final = "_rejected.ndjson"
"""No sink can have this name."""
WHO: Final = "validation"
NUMBERS: Final[dict[Level, int]] = {"permissive": 1, "moderate": 2, "strict": 3}
TICK_S: Final = 1.0
CALM_S: Final = 3600.0
REPEAT_S: Final = 600.0
MOST_WAITING: Final = 1000
VALID: Final = b'{"result":"valid","codes":[]}'


class Validation:
    """The validation of one running service.

    - After `set_level`: the next event is judged by it.
    - `accepts`: whether an event that is no state change may be a point.
    - `run` is for ever: it writes what was refused. `refused` counts it by reason.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        stats: Stats,
        folder: Path,
        level: Level,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.level: Level = level
        self.refused = stats.reasons
        self.lost = 0
        self._pipeline = pipeline
        self._stats = stats
        self._letters = DeadLetters(folder / "dead" / FILE)
        self._clock = clock
        self._wake = asyncio.Event()
        self._waiting: list[tuple[str, bytes]] = []
        self._throttle = log.Throttle(REPEAT_S, time.monotonic)
        pipeline.refusal.keeps = True
        stats.on_refused = self._wake.set
        stats.sections["validation"] = self.figures
        self.set_level(level)

    def set_level(self, level: Level) -> None:
        """Judge by another level from now on."""
        self.level = level
        self._tell_core()
        self._wake.set()

    def accepts(self, event: bytes) -> bool:
        """Judge an event that is no state change; a refused one is kept and counted."""
        found = judge(event, self._clock())
        outcome = found.outcome(self.level)
        if outcome == "mark":
            self._stats.marked.update(found.codes)
        if outcome != "reject":
            return True
        self._stats.received += 1
        self._stats.rejected += 1
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append((found.codes[0], event))
        else:
            self.lost += 1
        self._wake.set()
        return False

    async def run(self) -> None:
        """Write what was refused, for ever."""
        while True:
            permissive = self.level == "permissive"
            await wait(self._wake, TICK_S if permissive else CALM_S)
            self._wake.clear()
            if permissive:
                self._tell_core()
            await self.flush()

    async def flush(self) -> None:
        """Write what waits; what the disk does not take is lost, and counted."""
        found = [*self._pipeline.refusal.taken(), *self._waiting]
        self._waiting = []
        if not found:
            return
        now_s = self._clock()
        self.refused.update(reason for reason, _ in found)
        letters = [DeadLetter(event, reason, now_s, WHO) for reason, event in found]
        try:
            await asyncio.to_thread(self._letters.append, letters)
        except OSError as exc:
            self.lost += len(letters)
            if self._throttle.allow("disk") is not None:
                logger.warning("refused events cannot be kept: %s", exc)
        for reason in {reason for reason, _ in found}:
            suppressed = self._throttle.allow(reason)
            if suppressed is not None:
                logger.warning(
                    "events are refused: %s",
                    reason,
                    extra={"level": self.level, "file": str(self._letters.path)}
                    | ({"suppressed": suppressed} if suppressed else {}),
                )

    def figures(self) -> dict[str, Any]:
        """Return level and counts, for /health."""
        return {
            "level": self.level,
            "refused": dict(self.refused),
            "flaws": self._pipeline.flaws,
            "marked": dict(self._stats.marked),
            "not_kept": self.lost + self._pipeline.refusal.dropped,
        }

    # inside

    def _tell_core(self) -> None:
        put_in_force(self._pipeline, self.level, self._clock)


def put_in_force(
    pipeline: Pipeline, level: Level, clock: Callable[[], float] | None = None
) -> None:
    """Let a pipeline judge by a level; with a clock its events are live ones."""

    def inspect(event: bytes) -> str | None:
        codes = judge(event, None if clock is None else clock()).codes
        return codes[0] if codes else None

    live = clock is not None and level == "permissive"
    now_ns = int(clock() * 1e6) * 1000 if clock is not None and live else 0
    pipeline.set_level(NUMBERS[level], now_ns)
    pipeline.refusal.inspect = inspect if level == "strict" else None


def verdict_of(stats: Stats, clock: Callable[[], float]) -> Callable[[bytes], bytes]:
    """Return what says in JSON how valid an accepted event is, for its clients."""

    def verdict(event: bytes) -> bytes:
        found = judge(event, clock())
        if not found.codes:
            return VALID
        stats.marked.update(found.codes)
        return orjson.dumps({"result": found.result, "codes": found.codes})

    return verdict
