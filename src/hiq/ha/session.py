"""One conversation with Home Assistant, without any I/O.

Messages go in (`receive_message`), the time goes in (`receive_time`), and out come
texts to send (`data_to_send`) and what happened (`events_received`). Order: log in,
announce coalescing as id 1, subscribe, ask the owner's questions, and only when the
subscription is confirmed ask for configuration and states, so that no change falls
between. While it is held the questions come first, and it waits for their owner.
`state_changed` events do not come here, the pipeline reads them. Times are seconds of
a monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from hiq.errors import CommandError, ConnectionLost
from hiq.ha.commands import (
    Command,
    Question,
    auth,
    command,
    ping,
    subscribe_events,
    supported_features,
)
from hiq.ha.events import (
    Answered,
    Configured,
    Event,
    Greeted,
    HoldEnded,
    Ponged,
    Refused,
    StatesReceived,
    Subscribed,
)
from hiq.ha.login import Login
from hiq.ha.messages import (
    ResultError,
    decode_config,
    decode_message,
    decode_states,
)
from hiq.ha.unanswered import Unanswered

if TYPE_CHECKING:
    from msgspec import Raw

    from hiq.ha.events import SessionEvent
    from hiq.ha.messages import Config, Message
    from hiq.ha.unanswered import Pending

__all__ = ["STATE_CHANGED", "Session", "Timing"]

STATE_CHANGED: Final = "state_changed"


@dataclass(frozen=True, slots=True)
class Timing:
    """Deadlines and intervals, seconds.

    Half-open connections are found after `ping_interval_s + ping_timeout_s` at the
    latest. `poll_s` is how often a starting Home Assistant is asked whether it runs.
    """

    auth_s: float = 10.0
    command_s: float = 60.0
    ping_interval_s: float = 30.0
    ping_timeout_s: float = 10.0
    poll_s: float = 1.0


class Session:
    """The state of one connection; a new connection needs a new one.

    - Ids start at 1 and rise by one; each event type is subscribed exactly once.
    - `receive_message` and `receive_time` raise what must end the connection:
      AuthError, CommandError (subscription refused), ProtocolError, ConnectionLost
      (a deadline passed).
    - After `synchronise=False` neither configuration nor states are asked.
    - With `hold_s` the subscription waits for `release`, at most so long.
    """

    def __init__(
        self,
        token: str,
        now: float,
        *,
        event_types: tuple[str, ...] = (STATE_CHANGED,),
        synchronise: bool = True,
        timing: Timing | None = None,
        questions: tuple[Question, ...] = (),
        hold_s: float = 0.0,
    ) -> None:
        self._token = token
        self._questions = questions
        self._hold_s = hold_s
        self._held_until: float | None = None
        self._timing = Timing() if timing is None else timing
        self._event_types = tuple(dict.fromkeys(event_types))
        self._synchronise = synchronise
        self._login = Login(now, self._timing.auth_s)
        self._unanswered = Unanswered()
        self._unconfirmed: set[int] = set()
        self._out: list[bytes] = []
        self._events: list[SessionEvent] = []
        self._next_ping = 0.0
        self._next_poll: float | None = None
        self._starting = False
        self.strays = 0

    # what comes in

    def receive_message(self, message: bytes, now: float) -> None:
        """Take one message that is no `state_changed` event."""
        if not self._login.done:
            self._receive_login(message, now)
            return
        try:
            decoded = decode_message(message)
        except msgspec.DecodeError:
            self.strays += 1
        else:
            self._receive_open(decoded, message, now)

    def receive_time(self, now: float) -> None:
        """Let deadlines pass and send what is due."""
        if not self._login.done:
            self._login.receive_time(now)
            return
        for pending in self._unanswered.overdue(now):
            self._missed(pending)
        if self._held_until is not None and now >= self._held_until:
            self.release(now)
            self._events.append(HoldEnded())
        if self._next_poll is not None and now >= self._next_poll:
            self._next_poll = None
            self._command(Command.GET_CONFIG, now)
        if now >= self._next_ping and not self._unanswered:
            # Behind a big answer a pong would wait; that answer has its own deadline.
            self._command(Command.PING, now)

    def ask(self, question: Question, now: float) -> bool:
        """Ask something; Answered comes in any case, unless the connection ends.

        False if nothing can be asked, because the log-in is not done.
        """
        if not self._login.done:
            return False
        number = self._unanswered.add(question.name, now, question.timeout_s, question)
        text = command(number, question.name, **dict(question.arguments))
        self._out.append(text)
        return True

    def release(self, now: float) -> None:
        """Let the subscription go that was held; without effect if none is."""
        if self._held_until is not None:
            self._held_until = None
            self._subscribe(now)

    def postpone(self, seconds: float) -> None:
        """Move all deadlines: the socket was not read for so long, by our own will."""
        self._login.postpone(seconds)
        self._unanswered.postpone(seconds)
        self._next_ping += seconds
        if self._held_until is not None:
            self._held_until += seconds

    @property
    def expects_states(self) -> bool:
        """Whether an answer to `get_states` is still to come."""
        return self._unanswered.has(Command.GET_STATES)

    @property
    def expects_answer(self) -> bool:
        """Whether anything that was asked is not answered yet."""
        return bool(self._unanswered)

    # what goes out

    def data_to_send(self) -> list[bytes]:
        """Return the texts to send now, in order; each is returned once."""
        out, self._out = self._out, []
        return out

    def events_received(self) -> list[SessionEvent]:
        """Return what happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def next_deadline(self) -> float:
        """Return when `receive_time` must be called at the latest."""
        if not self._login.done:
            return self._login.deadline
        times = self._unanswered.deadlines()
        if self._next_poll is not None:
            times.append(self._next_poll)
        if self._held_until is not None:
            times.append(self._held_until)
        if not self._unanswered:
            times.append(self._next_ping)
        return min(times)

    # inside

    def _receive_login(self, message: bytes, now: float) -> None:
        """Take a message of the log-in."""
        event = self._login.receive_message(message, now)
        self._events.append(event)
        if isinstance(event, Greeted):
            self._out.append(auth(self._token))
        else:
            self._open(now)

    def _open(self, now: float) -> None:
        """Send all that can be sent now, in one go.

        Home Assistant answers in order: without a hold a big answer must not stand
        between us and the events.
        """
        self._next_ping = now + self._timing.ping_interval_s
        self._command(Command.FEATURES, now)
        if self._hold_s:
            self._held_until = now + self._hold_s
        else:
            self._subscribe(now)
        for question in self._questions:
            self.ask(question, now)

    def _subscribe(self, now: float) -> None:
        """Subscribe each event type once."""
        for event_type in self._event_types:
            self._unconfirmed.add(self._command(Command.SUBSCRIBE, now, event_type))

    def _missed(self, pending: Pending) -> None:
        """Act on an answer that did not come in time."""
        if pending.question is None:
            raise ConnectionLost(
                f"no answer to {pending.name} in {pending.timeout_s:g} s"
            )
        self._unanswered.take(pending.number)
        text = f"no answer in {pending.timeout_s:g} s"
        error = CommandError(pending.name, "timeout", text)
        self._events.append(Answered(pending.question, error=error))

    def _receive_open(self, decoded: Message, message: bytes, now: float) -> None:
        """Take a message after the log-in."""
        if decoded.type == "event":
            self._events.append(Event(bytes(message)))
            return
        settles = decoded.type in {"result", "pong"}
        pending = self._unanswered.take(decoded.number) if settles else None
        if pending is None:
            self.strays += 1
            return
        if decoded.type == "pong":
            self._next_ping = now + self._timing.ping_interval_s
            self._events.append(Ponged(now - pending.sent_at))
        elif decoded.success and pending.question is not None:
            self._events.append(Answered(pending.question, decoded.result))
        elif decoded.success:
            self._answered(pending, decoded.result, now)
        else:
            error = decoded.error or ResultError()
            refusal = CommandError(pending.name, error.code, error.message)
            if pending.question is not None:
                self._events.append(Answered(pending.question, error=refusal))
                return
            if pending.name == Command.SUBSCRIBE:
                raise refusal
            self._events.append(Refused(refusal))

    def _answered(self, pending: Pending, result: Raw, now: float) -> None:
        """Take the result of a command that succeeded."""
        try:
            match pending.name:
                case Command.SUBSCRIBE:
                    self._confirmed(pending.number, now)
                case Command.GET_STATES:
                    states = decode_states(result)
                    self._events.append(StatesReceived(states))
                case Command.GET_CONFIG:
                    self._configured(decode_config(result), now)
        except msgspec.DecodeError as exc:
            refusal = CommandError(pending.name, "unreadable_answer", str(exc))
            self._events.append(Refused(refusal))

    def _confirmed(self, number: int, now: float) -> None:
        """Take the confirmation of one subscription."""
        self._unconfirmed.discard(number)
        if self._unconfirmed:
            return
        self._events.append(Subscribed(self._event_types))
        if self._synchronise:
            self._command(Command.GET_CONFIG, now)
            self._command(Command.GET_STATES, now)

    def _configured(self, config: Config, now: float) -> None:
        """Take the configuration; wait for one that is still starting.

        `homeassistant_started` would need an admin, so the state is polled. States
        that were restored meanwhile are asked for again at the end.
        """
        self._events.append(Configured(config))
        if not config.running:
            self._starting = True
            self._next_poll = now + self._timing.poll_s
        elif self._starting:
            self._starting = False
            self._command(Command.GET_STATES, now)

    def _command(self, name: Command, now: float, event_type: str = "") -> int:
        """Send a command, which waits for its answer from now on; return its id."""
        timing = self._timing
        is_ping = name is Command.PING
        timeout_s = timing.ping_timeout_s if is_ping else timing.command_s
        number = self._unanswered.add(name, now, timeout_s)
        match name:
            case Command.FEATURES:
                text = supported_features(number)
            case Command.SUBSCRIBE:
                text = subscribe_events(number, event_type)
            case Command.PING:
                text = ping(number)
            case _:
                text = command(number, name)
        self._out.append(text)
        return number
