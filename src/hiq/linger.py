"""Small news waits a while after the last request, so that many make one.

A home that changes all the time would otherwise cost its database a request per
commit, and hiq a good part of its processor time. The first news after a pause goes
at once: what waits is only what follows closely. It does not know what the news is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Linger"]


class Linger:
    """Of one sink.

    - After calling `news`: `ring` is called at once, or when the last request is so
      many seconds old; once for all that came until then.
    - After calling `sent`: the time begins again.
    - After calling `stop`: nothing is rung any more until there are more news.

    Args:
        seconds: shortest time between two requests for small news; 0: none.
        ring: called, synchronously, when it is time to look.
        timer: monotonic seconds.
    """

    def __init__(
        self, seconds: float, ring: Callable[[], object], timer: Callable[[], float]
    ) -> None:
        self._seconds = seconds
        self._ring = ring
        self._timer = timer
        self._sent_at = float("-inf")
        self._handle: asyncio.TimerHandle | None = None

    def sent(self) -> None:
        """Note that a request has just been made."""
        self._sent_at = self._timer()

    def news(self, *, urgent: bool) -> None:
        """Take note that there is something; `urgent`: it does not wait."""
        left_s = 0.0
        if self._seconds and not urgent:
            left_s = self._sent_at + self._seconds - self._timer()
        if left_s <= 0.0:
            self.stop()
            self._ring()
        elif self._handle is None:
            loop = asyncio.get_running_loop()
            self._handle = loop.call_later(left_s, self._due)

    def stop(self) -> None:
        """Forget the timer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _due(self) -> None:
        self._handle = None
        self._ring()
