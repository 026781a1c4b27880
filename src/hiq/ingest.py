"""Keep hiq connected to Home Assistant and feed what it sends to the pipeline.

Connect, log in, subscribe, read; on any end decide what it means, wait, and begin
again, for ever and one connection at a time. A refused token is final until it
changes. Databases, journal and HTTP are not known here: `on_data` is called when there
are lines to take, and the counters in `Stats` tell the rest.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random as _random
import time
from typing import TYPE_CHECKING

from hiq import backoff, log
from hiq.errors import AuthError
from hiq.ha import events as ha
from hiq.ha.conversation import Conversation
from hiq.ha.diagnosis import Diagnosis, classify
from hiq.ha.feed import Feed
from hiq.ha.locate import candidates
from hiq.ha.messages import event_type_of
from hiq.ha.reading import next_read
from hiq.ha.session import STATE_CHANGED, Timing
from hiq.ha.states import Change, ConnectionState, States
from hiq.ha.token import read_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hiq.ha.feed import FeedPipeline, Observed
    from hiq.ha.gathering import Gathering
    from hiq.ha.locate import Candidate
    from hiq.roles import Registrar, Watcher
    from hiq.settings.schema import HomeAssistantSettings
    from hiq.stats import Stats

__all__ = ["Ingest", "classify"]

logger = logging.getLogger("hiq.ingest")

STABLE_S = 60.0
TOKEN_POLL_S = 5.0
STOP_S = 3.0
REPEAT_S = 600.0


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
        self._on_data = on_data
        self._on_state = on_state
        self._env = os.environ if env is None else env
        self._clock = clock
        self._monotonic = monotonic
        self._random = random
        self._timing = timing
        self._event_types = event_types
        self._synchronise = synchronise
        self._watcher = watcher
        self._registrar = registrar
        self._place: tuple[Candidate, str] | None = None
        self._conversation: Conversation | None = None
        self._states = States(clock, self._changed)
        self._throttle = log.Throttle(REPEAT_S, monotonic)
        self._refused: dict[str, str] = {}
        self._paused = False
        self._running = False
        self._logged_in_at = 0.0
        self._lasted_s = 0.0
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._finished = asyncio.Event()

    @property
    def state(self) -> ConnectionState:
        """The present state of the connection."""
        return self._states.current

    @property
    def history(self) -> tuple[Change, ...]:
        """The last changes of state, oldest first; at most 100."""
        return tuple(self._states.history)

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
            self._states.to(ConnectionState.DISCONNECTED, "stopped")
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
        if self._conversation is not None:
            self._conversation.stop()
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
        if not self._paused:
            self._paused = self._stats.ha.paused = True
            self._stats.ha.pauses += 1
            if self._conversation is not None:
                self._conversation.pause()

    def resume_reading(self) -> None:
        """Read again."""
        if self._paused:
            self._paused = self._stats.ha.paused = False
            if self._conversation is not None:
                self._conversation.resume()

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
                self._fail(candidate, exc)
                refused += 1
                continue
            if self._refused.get(candidate.name) == token:
                refused += 1
                continue
            log.hide(token)
            connected, diagnosis = await self._attempt(candidate, token)
            if connected or self._stopping.is_set():
                return False
            if diagnosis.final:
                self._refused[candidate.name] = token
                refused += 1
        return refused == len(found)

    async def _attempt(
        self, candidate: Candidate, token: str
    ) -> tuple[bool, Diagnosis]:
        """Make one connection; returns whether it logged in, and why it ended."""
        self._enter_connecting(candidate)
        self._place = (candidate, token)
        self._stats.ha.attempts += 1
        conversation = Conversation(
            self._feed,
            self._happened,
            self._on_data,
            clock=self._monotonic,
            timing=self._timing,
        )
        self._conversation = conversation
        if self._paused:
            conversation.pause()
        questions, hold_s = self._registrar.opening() if self._registrar else ((), 0.0)
        try:
            await conversation.run(
                candidate,
                token,
                event_types=self._event_types,
                synchronise=self._synchronise,
                questions=questions,
                hold_s=hold_s,
            )
        except Exception as exc:  # noqa: BLE001  classify decides, here is the edge
            return self._ended(exc)
        finally:
            self._conversation = None
            self._stats.ha.subscribed = False
            if self._registrar is not None:
                self._registrar.lost()
            self._on_data()
        return True, Diagnosis("stopped")

    def _enter_connecting(self, candidate: Candidate) -> None:
        """Go to CONNECTING on a legal way."""
        if self.state is ConnectionState.FAILED:
            self._states.to(ConnectionState.RECONNECTING)
        self._stats.ha.url = candidate.url
        self._states.to(ConnectionState.CONNECTING, candidate.url)

    def _ended(self, exc: Exception) -> tuple[bool, Diagnosis]:
        """Take note of the end of a connection that we did not end ourselves."""
        diagnosis = classify(exc)
        if self._stopping.is_set():
            return True, diagnosis
        if diagnosis.reason == "internal":
            logger.error("a fault of hiq ended the connection", exc_info=exc)
        self._stats.errors[f"ha_{diagnosis.reason}"] += 1
        self._stats.ha.last_error = str(exc)
        connected = self.state is ConnectionState.CONNECTED
        if connected:
            self._lasted_s = self._monotonic() - self._logged_in_at
            self._stats.ha.disconnected_at = self._clock()
            self._stats.ha.reconnects[diagnosis.reason] += 1
            self._states.to(ConnectionState.RECONNECTING, str(exc))
            if self._watcher is not None:
                self._watcher.lost(str(exc))
        else:
            self._stats.ha.failures += 1
            self._states.to(ConnectionState.FAILED, str(exc))
        return connected, diagnosis

    def _fail(self, candidate: Candidate, exc: AuthError) -> None:
        """Take note of a candidate that cannot even be tried."""
        if self._stats.ha.last_error == str(exc):
            return
        self._enter_connecting(candidate)
        self._ended(exc)

    async def _wait_for_token(self) -> None:
        """Wait until a token differs from the one that was refused, or `reload`."""
        self._stats.ha.auth_failed = True
        self._tell()
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

    # called by the conversation

    def _happened(self, event: ha.SessionEvent) -> None:
        """Act on what the session says."""
        stats = self._stats.ha
        match event:
            case ha.Greeted():
                self._states.to(ConnectionState.AUTHENTICATING)
            case ha.LoggedIn(version=version):
                stats.version = version
                stats.connects += 1
                stats.connected_at = self._clock()
                self._logged_in_at = self._monotonic()
                self._refused.clear()
                self._states.to(ConnectionState.CONNECTED, f"version {version}")
                if self._registrar is not None and self._conversation is not None:
                    self._registrar.connected(self._conversation)
            case ha.Subscribed():
                stats.subscribed = True
                if self._watcher is not None and self._place is not None:
                    self._watcher.subscribed(*self._place)
                logger.info("subscribed", extra={"url": stats.url})
            case ha.Configured(config=config) if not config.running:
                if self._throttle.allow("starting") is not None:
                    logger.info("Home Assistant is starting")
            case ha.StatesReceived(states=states) if self._watcher is not None:
                fresh = self._watcher.fresh(states)
                self._stats.received += len(states) - len(fresh)
                self._stats.duplicate += len(states) - len(fresh)
                states[:] = fresh
            case ha.Answered() | ha.HoldEnded() | ha.Event():
                if isinstance(event, ha.Event):
                    self._stats.count_other(event_type_of(event.message))
                if self._registrar is not None:
                    self._registrar.take(event)
            case ha.Ponged(seconds=seconds):
                stats.ping_s = seconds
            case ha.Refused(error=error):
                self._stats.errors["ha_command"] += 1
                logger.warning("%s", error)

    def _changed(self, change: Change) -> None:
        """Publish a change of state, with one line in the log.

        Connections and losses are always told; of the attempts between them each
        kind once, and again every ten minutes.
        """
        self._stats.ha.state = change.new.value
        lost = (
            change.old is ConnectionState.CONNECTED
            and change.new is ConnectionState.RECONNECTING
        )
        if lost or change.new is ConnectionState.CONNECTED:
            self._throttle = log.Throttle(REPEAT_S, self._monotonic)
        suppressed = self._throttle.allow((change.old, change.new, change.reason))
        if suppressed is not None:
            bad = lost or change.new is ConnectionState.FAILED
            logger.log(
                logging.WARNING if bad else logging.INFO,
                "Home Assistant %s",
                change.new.value,
                extra={"after": change.old.value}
                | ({"reason": change.reason} if change.reason else {})
                | ({"suppressed": suppressed} if suppressed else {}),
            )
        self._tell()

    def _tell(self) -> None:
        """Call the owner: the state, or what is known about it, has changed."""
        if self._on_state is not None:
            self._on_state(self.state)
