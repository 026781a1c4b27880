"""Keep hiq connected to Home Assistant and feed what it sends to the pipeline.

Connect, log in, subscribe, read; on any end decide what it means, wait, and begin
again, for ever and one connection at a time. A refused token is final until it
changes. Databases, journal and HTTP are not known here: `on_data` is called when there
are lines to take, and the counters in `Stats` tell the rest.
"""

from __future__ import annotations

import asyncio
import os
import random as _random
import time
from typing import TYPE_CHECKING

from hiq import backoff, log
from hiq.errors import AuthError
from hiq.ha.feed import Feed
from hiq.ha.locate import candidates
from hiq.ha.reading import next_read
from hiq.ha.session import STATE_CHANGED, Timing
from hiq.ha.states import ConnectionState
from hiq.ha.token import read_token
from hiq.homelink import HomeLink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hiq.ha.feed import FeedPipeline, Observed
    from hiq.ha.gathering import Gathering
    from hiq.ha.locate import Candidate
    from hiq.ha.states import Change
    from hiq.roles import Registrar, Watcher
    from hiq.settings.schema import HomeAssistantSettings
    from hiq.stats import Stats

__all__ = ["Ingest"]

STABLE_S = 60.0
TOKEN_POLL_S = 5.0
STOP_S = 3.0


class Ingest:
    """The way from Home Assistant into the pipeline.

    - `run` is for ever: it returns after `stop`, and raises nothing that concerns
      Home Assistant. `on_data` and `on_state` are called synchronously.
    - With `synchronise` the states at connect are read as well.
    - `registrar` asks and gets what concerns the registries.
    - `watcher` is told, synchronously, from when on every event comes.
    - Of several candidates the first that logs in is used; each new connection
      begins with the primary again.
    """

    def __init__(
        self,
        settings: HomeAssistantSettings,
        pipeline: FeedPipeline,
        stats: Stats,
        *,
        on_data: Callable[[], object],
        on_state: Callable[[ConnectionState], object] | None = None,
        env: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = _random.random,
        timing: Timing | None = None,
        event_types: tuple[str, ...] = (STATE_CHANGED,),
        synchronise: bool = True,
        watcher: Watcher | None = None,
        registrar: Registrar | None = None,
        observers: Observed | None = None,
        gathering: Gathering | None = None,
    ) -> None:
        self._settings = settings
        self._stats = stats
        self._feed = Feed(
            pipeline,
            stats,
            on_full=on_data,
            clock=clock,
            observers=observers,
            gathering=gathering,
        )
        self._link = HomeLink(
            self._feed,
            stats,
            on_data=on_data,
            on_state=on_state,
            clock=clock,
            monotonic=monotonic,
            timing=timing,
            event_types=event_types,
            synchronise=synchronise,
            watcher=watcher,
            registrar=registrar,
        )
        self._on_data = on_data
        self._env = os.environ if env is None else env
        self._random = random
        self._refused: dict[str, str] = {}
        self._running = False
        self._lasted_s = 0.0
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._finished = asyncio.Event()

    @property
    def state(self) -> ConnectionState:
        """The present state of the connection."""
        return self._link.states.current

    @property
    def history(self) -> tuple[Change, ...]:
        """The last changes of state, oldest first; at most 100."""
        return tuple(self._link.states.history)

    # for the service

    async def run(self) -> None:
        """Stay connected until `stop` is called."""
        self._running = True
        self._finished.clear()
        try:
            delays = self._delays()
            while not self._stopping.is_set():
                if not self._settings.enabled:
                    await self._hurry.wait()
                    self._hurry.clear()
                    continue
                self._lasted_s = 0.0
                refused = await self._round()
                if self._stopping.is_set():
                    break
                if self._lasted_s >= STABLE_S:
                    delays = self._delays()
                if refused:
                    await self._wait_for_token()
                    delays = self._delays()
                else:
                    await self._wait(next(delays))
        finally:
            self._running = False
            self._link.states.to(ConnectionState.DISCONNECTED, "stopped")
            self._finished.set()

    async def stop(self) -> None:
        """Feed nothing more and let `run` return; bounded by a few seconds.

        What has come by now is fed before.
        """
        if self._feed.gathering is not None:
            self._feed.gathering.flush()
            self._on_data()
            await next_read()
        self._stopping.set()
        self._hurry.set()
        self._link.stop()
        if self._running:
            await backoff.wait(self._finished, STOP_S)

    def reload(self, settings: HomeAssistantSettings | None = None) -> None:
        """Try again now, also with a token that was refused before.

        New settings hold from the next connection on.
        """
        if settings is not None:
            self._settings = settings
        self._refused.clear()
        self._hurry.set()

    def pause_reading(self) -> None:
        """Stop reading the socket: what is behind us is full."""
        self._link.pause()

    def resume_reading(self) -> None:
        """Read again."""
        self._link.resume()

    # rounds

    async def _round(self) -> bool:
        """Try each candidate until one was connected; True if all tokens are refused.

        Returns when the connection that was made is over, or none could be made.
        """
        refused = 0
        found = candidates(self._settings, self._env)
        for candidate in found:
            try:
                token = read_token(candidate)
            except AuthError as exc:
                self._link.fail(candidate, exc)
                refused += 1
                continue
            if self._refused.get(candidate.name) == token:
                refused += 1
                continue
            log.hide(token)
            end = await self._link.attempt(candidate, token)
            if end.connected or self._stopping.is_set():
                self._lasted_s = end.lasted_s
                self._refused.clear()  # after a log-in every token may be tried again
                return False
            if end.diagnosis.final:
                self._refused[candidate.name] = token
                refused += 1
        return refused == len(found)

    async def _wait_for_token(self) -> None:
        """Wait until a token differs from the one that was refused, or `reload`."""
        self._stats.ha.auth_failed = True
        self._link.tell()
        while not self._stopping.is_set():
            if await self._wait(TOKEN_POLL_S):
                break
            if any(map(self._is_new, candidates(self._settings, self._env))):
                break
        self._stats.ha.auth_failed = False

    def _is_new(self, candidate: Candidate) -> bool:
        """Whether the candidate has a usable token that was not refused."""
        try:
            return read_token(candidate) != self._refused.get(candidate.name)
        except AuthError:
            return False

    async def _wait(self, seconds: float) -> bool:
        """Wait; True if `stop` or `reload` cut it short."""
        hurried = await backoff.wait(self._hurry, seconds)
        self._hurry.clear()
        return hurried

    def _delays(self) -> Iterator[float]:
        """Return fresh delays between attempts."""
        return backoff.delays(
            maximum=self._settings.max_retry_delay, random=self._random
        )
