"""Puts together what delivers to one sink: breaker, coercion, dead letters."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hiq.breaker import Breaker
from hiq.deliver import DeadLetters, Deliverer
from hiq.sink.coerce import Coercer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Executor
    from pathlib import Path

    from hiq.journal.cursor import Cursor
    from hiq.settings.schema import SinkSettings
    from hiq.sink.base import Sink
    from hiq.stats import SinkStats

__all__ = ["delivery", "make_deliverer"]


def make_deliverer(
    settings: SinkSettings,
    sink: Sink,
    cursor: Cursor,
    stats: SinkStats,
    *,
    data_dir: Path,
    executor: Executor,
    clock: Callable[[], float],
) -> Deliverer:
    """Return what carries the points behind the cursor to the sink."""
    return Deliverer(
        sink,
        cursor,
        stats,
        in_flight=settings.in_flight,
        linger_s=settings.linger,
        drain_rate=settings.drain_rate,
        coercer=Coercer() if settings.types == "coerce" else None,
        breaker=Breaker(
            time.monotonic,
            failures=settings.breaker_failures,
            probe_s=settings.breaker_probe,
        ),
        executor=executor,
        dead_letters=DeadLetters(data_dir / "dead" / f"{settings.name}.ndjson"),
        clock=clock,
    )


def delivery(sink: Sink, deliverer: Deliverer) -> Callable[[], Awaitable[None]]:
    """Return what keeps a sink going, for the supervisor."""

    async def run() -> None:
        await sink.start()
        await deliverer.run()

    return run
