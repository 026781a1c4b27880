"""Sending to clients in short turns, so that ingestion is never far from its own.

The loop looks at sockets and timers only between its rounds; a hundred clients to send
to in one round would make everything else wait for all of them. It must not know what
is sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Turns"]

TURN_S: Final = 0.002


class Sending(Protocol):
    """Somebody who has something to send."""

    def send(self) -> None:
        """Send, a bounded amount."""
        ...


class Turns:
    """Who has something to send, in the order in which they said so.

    Args:
        loop: where turns are taken.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop() if loop is None else loop
        self._clock = self._loop.time if clock is None else clock
        self._waiting: deque[Sending] = deque()
        self._planned = False

    def plan(self, sending: Sending) -> None:
        """Let it send, once, soon."""
        self._waiting.append(sending)
        if not self._planned:
            self._planned = True
            self._loop.call_soon(self._take)

    def _take(self) -> None:
        """Let some send; at least one, and no more when the turn is over."""
        end_s = self._clock() + TURN_S
        waiting = self._waiting
        while waiting:
            waiting.popleft().send()
            if self._clock() >= end_s:
                break
        self._planned = bool(waiting)
        if waiting:
            self._loop.call_soon(self._take)
