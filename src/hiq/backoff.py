"""Delays between attempts, and a wait that can be cut short.

For everything that retries for ever. It does not know what is retried, nor when an
attempt counts as a success: the caller then simply starts a new generator. Random
numbers come as an argument.
"""

from __future__ import annotations

import asyncio
import random as _random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Wait", "delays", "rest", "wait"]

FLOOR_S = 0.1

Wait: TypeAlias = Callable[[asyncio.Event, float], Awaitable[bool]]
"""Waits for an event, at most so many seconds; see `wait` and `rest`."""


def delays(
    initial: float = 1.0,
    maximum: float = 60.0,
    factor: float = 2.0,
    jitter: float = 0.1,
    random: Callable[[], float] = _random.random,
) -> Iterator[float]:
    """Yield seconds to wait before each next attempt, endlessly.

    Args:
        initial: first delay in seconds.
        maximum: no delay is longer.
        factor: growth from one delay to the next.
        jitter: share by which a delay may differ to either side, so that many
            clients of one server do not come back together.
        random: returns a float in [0, 1).
    """
    delay = min(initial, maximum)
    while True:
        spread = delay * jitter * (2.0 * random() - 1.0)
        yield min(max(delay + spread, FLOOR_S), max(maximum, FLOOR_S))
        delay = min(delay * factor, maximum)


async def wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, at most so many seconds.

    Returns True if the event came, False if the time ran out.
    """
    if event.is_set():
        return True
    try:
        async with asyncio.timeout(max(seconds, 0.0)):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True


async def rest(event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, and set it when so many seconds are over.

    Half the work of `wait`, for whoever acts alike in both cases. Returns True.
    """
    if not event.is_set():
        handle = asyncio.get_running_loop().call_later(max(seconds, 0.0), event.set)
        try:
            await event.wait()
        finally:
            handle.cancel()
    return True
