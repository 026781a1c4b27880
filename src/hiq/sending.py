"""Requests to one database: each when the breaker lets it through, and each counted.

What an answer says of the server goes to the breaker; what it says of the points is
for whoever asked. It does not know where a batch comes from, nor what follows.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hiq.sink.base import Done, Hold, Refused, Retry, TooBig

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.backoff import Wait
    from hiq.breaker import Breaker
    from hiq.flight import Flight
    from hiq.sink.base import Batch, Outcome, Sink
    from hiq.stats import SinkStats

__all__ = ["KINDS", "Sender"]

KINDS = {Done: "done", Retry: "retry", Hold: "hold", TooBig: "big", Refused: "refused"}
"""Names by which outcomes are counted in `SinkStats.requests`."""


class Sender:
    """Of one sink; several may send at the same time.

    - After `await send(...)`: the breaker and the counters know the outcome.
    - After calling `ask_again`: whoever waits for the breaker asks it anew.

    Args:
        sink: writes a batch.
        stats: where it is counted.
        breaker: says when a request may go.
        sent: called, synchronously, when a request begins.
        clock: Unix seconds.
        timer: monotonic seconds.
        wait: see `hiq.backoff`.
    """

    def __init__(
        self,
        sink: Sink,
        stats: SinkStats,
        breaker: Breaker,
        *,
        sent: Callable[[], object],
        clock: Callable[[], float],
        timer: Callable[[], float],
        wait: Wait,
    ) -> None:
        self._sink = sink
        self._stats = stats
        self._breaker = breaker
        self._sent = sent
        self._clock = clock
        self._timer = timer
        self._wait = wait
        self._turned = asyncio.Event()

    async def send(self, flight: Flight, batch: Batch) -> Outcome:
        """Send the present batch of a flight, and return what the outcome means."""
        await self._turn()
        outcome = flight.meant(await self._write(flight, batch))
        if isinstance(outcome, Retry):
            self._stats.retries += 1
            self._breaker.failed(outcome.after_s)
        elif isinstance(outcome, Hold):
            self._breaker.failed(at_once=True)
        else:
            self._breaker.succeeded()
        self._show_breaker()
        self._turned.set()
        if isinstance(outcome, Done):
            self._stats.last_write_at = self._clock()
        return outcome

    def ask_again(self) -> None:
        """Let whoever waits for the breaker ask it anew."""
        self._turned.set()

    async def _turn(self) -> None:
        """Wait until the breaker lets a request through."""
        while (pause := self._breaker.ask()) != 0.0:
            self._turned.clear()
            if pause is None:
                await self._turned.wait()
            else:
                await self._wait(self._turned, pause)
        self._show_breaker()

    async def _write(self, flight: Flight, batch: Batch) -> Outcome:
        """Let the sink write one batch, and count it."""
        if flight.maybe_stored:
            self._stats.resent += 1
        begin = self._timer()
        self._sent()
        try:
            outcome = await self._sink.write(batch)
        except BaseException:
            self._breaker.abandoned()
            self._turned.set()
            raise
        self._stats.observe_write(self._timer() - begin)
        self._stats.requests[KINDS[type(outcome)]] += 1
        return outcome

    def _show_breaker(self) -> None:
        """Bring its figures up to date."""
        self._stats.breaker = self._breaker.state
        self._stats.opened = self._breaker.opened
