"""The connection to Home Assistant, one attempt at a time, and how each one went.

An attempt connects, logs in, subscribes and lasts until the connection ends. What the
session says meanwhile goes to who has a say in it; states, counters and log follow.
Which place is tried, when, and what a refused token leads to are not known here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hiq import log
from hiq.ha import events as ha
from hiq.ha.conversation import Conversation
from hiq.ha.diagnosis import Diagnosis, classify
from hiq.ha.messages import event_type_of
from hiq.ha.states import Change, ConnectionState, States

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.errors import AuthError
    from hiq.ha.feed import Feed
    from hiq.ha.locate import Candidate
    from hiq.ha.session import Timing
    from hiq.roles import Registrar, Watcher
    from hiq.stats import Stats

__all__ = ["End", "HomeLink"]

logger = logging.getLogger("hiq.ingest")

REPEAT_S = 600.0


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended.

    Attributes:
        connected: whether it had logged in, or was stopped by us.
        diagnosis: why it ended.
        lasted_s: seconds from the log-in to the loss; 0 without both.
    """

    connected: bool
    diagnosis: Diagnosis
    lasted_s: float = 0.0


class HomeLink:
    """The connection to Home Assistant, over all attempts.

    - `attempt` makes one connection and returns when it is over.
    - `states`: where it stands; each change is counted, logged and told to `on_state`.
    - While paused the socket is not read, also that of the next attempt.
    - `on_data`, `on_state`, `watcher` and `registrar` are called synchronously.

    Args:
        feed: takes what comes.
        stats: the counters.
        on_data: called once per read of the socket, and when a connection is over.
        on_state: called after each change of state.
        clock: Unix seconds.
        monotonic: seconds that never go back.
        timing: of pings; None for the usual.
        event_types: what is subscribed.
        synchronise: whether the states at connect are read as well.
        watcher: told from when to when every event comes.
        registrar: asks and gets what concerns the registries.
    """

    def __init__(
        self,
        feed: Feed,
        stats: Stats,
        *,
        on_data: Callable[[], object],
        on_state: Callable[[ConnectionState], object] | None,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        timing: Timing | None,
        event_types: tuple[str, ...],
        synchronise: bool,
        watcher: Watcher | None,
        registrar: Registrar | None,
    ) -> None:
        self._feed = feed
        self._stats = stats
        self._on_data = on_data
        self._on_state = on_state
        self._clock = clock
        self._monotonic = monotonic
        self._timing = timing
        self._event_types = event_types
        self._synchronise = synchronise
        self._watcher = watcher
        self._registrar = registrar
        self.states = States(clock, self._changed)
        self._throttle = log.Throttle(REPEAT_S, monotonic)
        self._place: tuple[Candidate, str] | None = None
        self._conversation: Conversation | None = None
        self._logged_in_at = 0.0
        self._paused = False
        self._stopping = False

    async def attempt(self, candidate: Candidate, token: str) -> End:
        """Make one connection; returns when it is over, with why."""
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
        return End(connected=True, diagnosis=Diagnosis("stopped"))

    def fail(self, candidate: Candidate, exc: AuthError) -> None:
        """Take note of a candidate that cannot even be tried."""
        if self._stats.ha.last_error == str(exc):
            return
        self._enter_connecting(candidate)
        self._ended(exc)

    def stop(self) -> None:
        """Feed nothing more, and let `attempt` return soon."""
        self._stopping = True
        if self._conversation is not None:
            self._conversation.stop()

    def pause(self) -> None:
        """Stop reading the socket."""
        if not self._paused:
            self._paused = self._stats.ha.paused = True
            self._stats.ha.pauses += 1
            if self._conversation is not None:
                self._conversation.pause()

    def resume(self) -> None:
        """Read again."""
        if self._paused:
            self._paused = self._stats.ha.paused = False
            if self._conversation is not None:
                self._conversation.resume()

    def tell(self) -> None:
        """Call the owner: the state, or what is known about it, has changed."""
        if self._on_state is not None:
            self._on_state(self.states.current)

    # inside

    def _enter_connecting(self, candidate: Candidate) -> None:
        """Go to CONNECTING on a legal way."""
        if self.states.current is ConnectionState.FAILED:
            self.states.to(ConnectionState.RECONNECTING)
        self._stats.ha.url = candidate.url
        self.states.to(ConnectionState.CONNECTING, candidate.url)

    def _ended(self, exc: Exception) -> End:
        """Take note of the end of a connection that we did not end ourselves."""
        diagnosis = classify(exc)
        if self._stopping:
            return End(connected=True, diagnosis=diagnosis)
        if diagnosis.reason == "internal":
            logger.error("a fault of hiq ended the connection", exc_info=exc)
        self._stats.errors[f"ha_{diagnosis.reason}"] += 1
        self._stats.ha.last_error = str(exc)
        if self.states.current is not ConnectionState.CONNECTED:
            self._stats.ha.failures += 1
            self.states.to(ConnectionState.FAILED, str(exc))
            return End(connected=False, diagnosis=diagnosis)
        lasted_s = self._monotonic() - self._logged_in_at
        self._stats.ha.disconnected_at = self._clock()
        self._stats.ha.reconnects[diagnosis.reason] += 1
        self.states.to(ConnectionState.RECONNECTING, str(exc))
        if self._watcher is not None:
            self._watcher.lost(str(exc))
        return End(connected=True, diagnosis=diagnosis, lasted_s=lasted_s)

    def _happened(self, event: ha.SessionEvent) -> None:
        """Act on what the session says."""
        stats = self._stats.ha
        match event:
            case ha.Greeted():
                self.states.to(ConnectionState.AUTHENTICATING)
            case ha.LoggedIn(version=version):
                stats.version = version
                stats.connects += 1
                stats.connected_at = self._clock()
                self._logged_in_at = self._monotonic()
                self.states.to(ConnectionState.CONNECTED, f"version {version}")
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
        self.tell()
