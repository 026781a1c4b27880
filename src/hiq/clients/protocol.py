"""One connection that speaks `hiq.v1`, without its socket.

`receive` takes what came, `data_to_send` gives what goes out: first what answers a
command, then events in their order. Checked in the order of the protocol: size, rate,
kind, JSON, object, type, ready, schema, permission. Except by `closing` it never ends
a connection. Clocks come as an argument; it must not know sockets or tasks.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hiq.clients import answers, wire
from hiq.clients.clocks import moment
from hiq.clients.commands import Commands
from hiq.clients.gatekeeper import SHORT, Gatekeeper
from hiq.clients.lifecycle import Lifecycle, State
from hiq.clients.owed import Gap
from hiq.clients.reading import Fault, load, to_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hiq.clients.clocks import Clocks
    from hiq.clients.denied import Denied
    from hiq.clients.hub import Hub
    from hiq.clients.principal import Principal
    from hiq.clients.sessions import Session

__all__ = ["NAME", "Conversation"]

NAME: Final = "hiq.v1"
EXPIRED: Final = 4401
TOO_SLOW: Final = 4408
TAKEN_OVER: Final = 4409
ABUSE: Final = 4429


class _Snapshot(NamedTuple):
    """A snapshot that is owed.

    Attributes:
        informed: whether all states that it shows were known when it was asked for.
    """

    session: Session
    informed: bool
    document: tuple[int, Mapping[str, Any]]


class Conversation:
    """One connection of one user.

    After `begin`: the welcome and the first snapshot are to be sent.
    After `end`: the session waits alone; calling it twice does nothing.

    - `closing`: close code and reason, once the connection has to end.
    - `wake`: called when there may be something to send.
    """

    def __init__(
        self,
        hub: Hub,
        principal: Principal,
        connection_id: str,
        clocks: Clocks,
        *,
        wake: Callable[[], object],
        verify: Callable[[str], Principal | Denied],
        leeway_s: float = 0.0,
    ) -> None:
        self.hub = hub
        self.principal = principal
        self.id = connection_id
        self.clocks = clocks
        self.verify = verify
        self.life = Lifecycle()
        self.life.to(State.AUTHENTICATED)
        self.closing: tuple[int, str] | None = None
        self.user = hub.user(principal.sub)
        self.gatekeeper = Gatekeeper(hub.rules, self.user.budget)
        self.began_s = clocks.steady()
        self.session: Session = hub.sessions.open(
            principal.sub, principal.scopes, self.began_s
        )
        self.sent_frames = 0
        self.received = 0
        self._wake = wake
        self._leeway_s = leeway_s
        self._warned = False
        self.told = 0
        self._control: deque[bytes | _Snapshot] = deque()
        self._parts: deque[bytes] = deque()  # of the snapshot whose turn it is
        self._commands = Commands(self)

    # life

    def begin(self) -> None:
        """Be ready: say welcome."""
        self.life.to(State.READY)
        self.session.peer = self
        self.user.connections.add(self)
        self.hub.changed(self.session)
        rules, session = self.hub.rules, self.session
        expires_s = self.principal.expires_s
        self.say(
            "welcome",
            protocol=NAME,
            connection_id=self.id,
            user=self.principal.sub,
            session=session.id,
            resumed=False,
            last_seq=session.outbox.last_seq,
            limits={
                "message_bytes": rules.message_bytes,
                "hard_bytes": rules.hard_bytes,
                "messages_per_minute": rules.messages_per_minute,
                "acks_per_minute": rules.acks_per_minute,
                "connections_per_user": rules.connections_per_user,
                "subscriptions": rules.subscriptions,
                "outbox_events": rules.outbox_events,
                "outbox_seconds": rules.outbox_seconds,
            },
            heartbeat={
                "interval": rules.heartbeat_interval,
                "timeout": rules.heartbeat_timeout,
                "max_missed": rules.heartbeat_missed,
            },
            expires_at=None if expires_s is None else moment(expires_s),
        )
        self.say_snapshot()

    def end(self, *, well: bool = True) -> None:
        """Leave the session to whoever comes back for it."""
        if self.life.over:
            return
        self.life.end(well=well)
        self.user.connections.discard(self)
        self.hub.informing.gone(self)
        session = self.session
        if session.peer is self:
            self.hub.left(session, self.clocks.steady())

    def close(self, code: int, reason: str) -> None:
        """Ask for the end; the first reason counts."""
        if self.closing is None:
            self.closing = (code, reason)
            self._wake()

    def taken_over(self) -> None:
        """Another connection goes on with the session."""
        self.close(TAKEN_OVER, "another connection goes on with the session")

    def wake(self) -> None:
        """There may be something to send."""
        self._wake()

    # in

    def receive(self, text: str | None, size: int) -> None:
        """Take a message: its text, None for a binary one, and its bytes."""
        self.received += 1
        now_s = self.clocks.steady()
        found: Any = None
        ack = False
        if text is not None and size <= SHORT and '"ack"' in text:
            found = load(text)
            ack = isinstance(found, dict) and found.get("type") == "ack"
        judged = self.gatekeeper.judge(size, now_s, ack=ack)
        if judged is not None:
            code = "MESSAGE_TOO_LARGE" if judged.why == "size" else "RATE_LIMITED"
            self.fail(Fault(code, judged.message), judged.retry_after_s)
            if self.gatekeeper.abused:
                self.close(ABUSE, "too many refused messages")
            return
        if text is None:
            self.fail(
                Fault("BINARY_NOT_SUPPORTED", "Binary messages are not supported here")
            )
            return
        found = load(text) if found is None else found
        if not isinstance(found, Fault):
            found = self._frame(found)
        if isinstance(found, Fault):
            self.fail(found)
            return
        foreign = self._foreign(found)
        fault = foreign or self._commands.execute(found)
        if fault is not None:
            self.fail(fault)

    def _frame(self, found: dict[str, Any]) -> Any:
        frame = to_frame(found)
        if not self.life.open and not (
            isinstance(frame, Fault) and frame.code in {"MISSING_TYPE", "UNKNOWN_TYPE"}
        ):
            return Fault("NOT_READY", "The connection is not ready for commands yet")
        return frame

    def _foreign(self, frame: Any) -> Fault | None:
        for name in (frame.user, frame.user_id):
            if name is not None and name != self.principal.sub:
                return Fault(
                    "FORBIDDEN",
                    "The message names another user than the token",
                    None,
                    frame.id,
                )
        return None

    # out

    def say(self, kind: str, **fields: Any) -> None:
        """Queue a frame that goes before events."""
        self.push(answers.frame(kind, self.clocks.wall(), **fields))

    def done(self, frame_id: Any, data: Mapping[str, Any]) -> None:
        """Queue that a command was done."""
        self.push(answers.result(self.clocks.wall(), frame_id, data))

    def fail(self, fault: Fault, retry_after_s: int | None = None) -> None:
        """Queue what is wrong."""
        self.push(answers.error(self.clocks.wall(), fault, retry_after_s))

    def push(self, frame: bytes | _Snapshot) -> None:
        """Queue a frame; who does not read so many of them is too slow."""
        if len(self._control) >= self.hub.rules.control_frames:
            self.close(TOO_SLOW, "does not read what it is answered")
            return
        self._control.append(frame)
        self._wake()

    def say_snapshot(self) -> None:
        """Queue the document as it is, and last states of what is subscribed to."""
        document = (self.user.document.version, self.user.document.state)
        self.push(_Snapshot(self.session, self.session.informed, document))

    def _parts_of(self, owed: _Snapshot) -> list[bytes]:
        """Make a snapshot when its turn has come: only one at a time is in memory."""
        session, facts = owed.session, self.hub.facts
        if owed.informed and not session.informed:  # states were given up meanwhile
            self.hub.informing.inform(session, self, shown=True)
        states: list[tuple[str, bytes]] = []
        if len(session.subscriptions):
            wants = session.subscriptions.wants
            states += (
                (entity_id, state)
                for entity_id, number, state in self.hub.last.states()
                if wants(number, entity_id, facts)
            )
        as_of = session.outbox.last_seq
        now_s = self.clocks.wall()
        return answers.snapshot_parts(now_s, owed.document, states, as_of)

    def state_updated(self, version: int, patch: Any, by: str) -> None:
        """Tell that the document has a new version."""
        self.say("state_updated", version=version, patch=patch, by=by)

    def data_to_send(self, most_bytes: int) -> bytes:
        """Return whole messages, about so many bytes, that count as sent; b"" for none.

        The first goes out however long it is. What is shorter than that is all.
        """
        found: list[bytes] = []
        size = 0
        while size < most_bytes:
            one = self._next_data(most_bytes - size)
            if not one:
                break
            found.append(one)
            size += len(one)
        return found[0] if len(found) == 1 else b"".join(found)

    def _next_data(self, most_bytes: int) -> bytes:
        """Return one message that answers, a gap, or as many events as there are."""
        if not self._parts and self._control:
            one = self._control.popleft()
            self._parts.extend([one] if isinstance(one, bytes) else self._parts_of(one))
        if self._parts:
            self.sent_frames += 1
            return wire.text(self._parts.popleft())
        session = self.session
        if session.peer is not self:
            return b""
        now_s = self.clocks.steady()
        found = session.outbox.take(session.durable, now_s, most_bytes)
        if found is None:
            if session.written <= self.told:
                return b""
            self.told = session.written
            self.say("written", up_to_seq=session.written)
            return self._next_data(most_bytes)
        wall_s = self.clocks.wall()
        if isinstance(found, Gap):
            self.sent_frames += 1
            return wire.text(answers.gap(wall_s, found))
        self.sent_frames += len(found.owed)
        if not found.redelivered:
            self.hub.on_sent(found.owed[0].event.time_ns)
        return wire.events(self.hub.stamp(wall_s), found)

    # time

    def tick(self) -> None:
        """Look at what only time brings: the end of the token, acks that never came."""
        outbox = self.session.outbox
        if self.session.peer is self:
            outbox.tick(self.clocks.steady())
            if outbox.unresponsive:
                self.close(TOO_SLOW, "events were not acknowledged")
            elif outbox.overflowed:
                self.close(TOO_SLOW, "the outbox is full")
        expires_s = self.principal.expires_s
        if expires_s is None or self.closing is not None:
            return
        left_s = expires_s - self.clocks.wall()
        if left_s + self._leeway_s <= 0:
            self.fail(Fault("TOKEN_EXPIRED", "The token has expired, get a new one"))
            self.close(EXPIRED, "the token has expired")
        elif left_s <= self.hub.rules.expiry_notice and not self._warned:
            self._warned = True
            self.say(
                "auth_expiring",
                at=moment(expires_s),
                seconds_left=max(0, round(left_s)),
            )

    @property
    def due_s(self) -> float | None:
        """In how many seconds `tick` has something to do; None if nothing is known."""
        found = []
        round_s = self.session.outbox.due_s
        if round_s is not None:
            found.append(round_s - self.clocks.steady())
        expires_s = self.principal.expires_s
        if expires_s is not None:
            left_s = expires_s - self.clocks.wall()
            notice_s = self.hub.rules.expiry_notice
            found.append(left_s + self._leeway_s if self._warned else left_s - notice_s)
        return max(0.0, min(found)) if found else None

    def refreshed(self, principal: Principal) -> None:
        """Go on with a newer token."""
        self.principal = principal
        self._warned = False
        self._wake()
