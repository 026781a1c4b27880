"""One connection that speaks the dialect of HomeIQ, without its socket.

Channels instead of filters, no acks: an event is sent at most once, and what a full
queue dropped is announced by a `gap`. Limits are those of `hiq.v1`. It must not know
sockets or tasks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from hiq.clients import wire
from hiq.clients.clocks import moment
from hiq.clients.frames import Filter
from hiq.clients.gatekeeper import Gatekeeper
from hiq.clients.lifecycle import Lifecycle, State
from hiq.clients.reading import Fault, load
from hiq.clients.subscriptions import Event, Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.clients.clocks import Clocks
    from hiq.clients.hub import Hub
    from hiq.clients.principal import Principal

__all__ = ["HomeIq", "filter_of"]

EXPIRED: Final = 4401
TOO_SLOW: Final = 4408
ABUSE: Final = 4429
STATUS: Final = "status"
MOST_CHANNELS: Final = 100


@dataclass(slots=True)
class _Hole:
    count: int = 1


def filter_of(channel: Any) -> Filter | None:
    """Return what a channel means, None if there is none of this name."""
    if not isinstance(channel, str) or len(channel) > 255:
        return None
    kind, colon, name = channel.partition(":")
    if channel == "events":
        return Filter()
    if not colon or not name:
        return None
    match kind:
        case "domain":
            return Filter(domains=(name,))
        case "entity":
            return Filter(entities=(name,))
        case "area":
            return Filter(areas=(name,))
    return None


class HomeIq:
    """One connection.

    - `closing`: close code and reason, once the connection has to end.
    - `on_status`: called when house status deltas are wanted, or no longer.
    """

    def __init__(
        self,
        hub: Hub,
        principal: Principal,
        connection_id: str,
        clocks: Clocks,
        *,
        wake: Callable[[], object],
        leeway_s: float = 0.0,
        on_status: Callable[[HomeIq, bool], object] = lambda _it, _on: None,
    ) -> None:
        self.hub = hub
        self.principal = principal
        self.clocks = clocks
        self.closing: tuple[int, str] | None = None
        self.life = Lifecycle()
        self.life.to(State.AUTHENTICATED)
        self.user = hub.user(principal.sub)
        self.gatekeeper = Gatekeeper(hub.rules, self.user.budget)
        self.subscriptions = Subscriptions(principal.scopes, MOST_CHANNELS)
        self.correlation = f"req_{int(clocks.wall())}_{connection_id[-8:]}"
        self._channels: dict[str, str] = {}
        self._status = False
        self._wake = wake
        self._leeway_s = leeway_s
        self._on_status = on_status
        self._control: deque[bytes] = deque()
        self._events: deque[bytes | _Hole] = deque()

    # life

    def begin(self) -> None:
        """Be ready: say so."""
        self.life.to(State.READY)
        self.hub.streams.add(self)
        self._say(
            "connection",
            status="connected",
            message="Connected to HA Ingestor WebSocket",
        )

    def end(self, *, well: bool = True) -> None:
        """Leave nothing behind."""
        if self.life.over:
            return
        self.life.end(well=well)
        self.hub.streams.discard(self)
        self._watch_status(on=False)
        self.hub.forget()

    def close(self, code: int, reason: str) -> None:
        """Ask for the end; the first reason counts."""
        if self.closing is None:
            self.closing = (code, reason)
            self._wake()

    # in

    def receive(self, text: str | None, size: int) -> None:
        """Take a message: its text, None for a binary one, and its bytes."""
        judged = self.gatekeeper.judge(size, self.clocks.steady(), ack=False)
        if judged is not None:
            self._fail(judged.message)
            if self.gatekeeper.abused:
                self.close(ABUSE, "too many refused messages")
            return
        if text is None:
            self._fail("Binary messages are not supported")
            return
        found = load(text)
        if isinstance(found, Fault):
            not_object = found.code == "NOT_AN_OBJECT"
            cause = found.message.removeprefix("Invalid JSON: ")
            self._fail(
                "Message must be a JSON object"
                if not_object
                else f"Invalid JSON format: {cause}"
            )
            return
        match found.get("type"):
            case "ping":
                self._say("pong", timestamp=moment(self.clocks.wall()))
            case "subscribe":
                self._subscribe(found.get("channels"))
            case _:
                self._say("echo", original=found)

    def _subscribe(self, wanted: Any) -> None:
        if not isinstance(wanted, list):
            self._fail("Field 'channels' must be a list of channels")
            return
        taken, unknown = [], []
        for channel in wanted[:MOST_CHANNELS]:
            if channel == STATUS and "read" in self.principal.scopes.words:
                self._watch_status(on=True)
                taken.append(channel)
                continue
            meant = filter_of(channel)
            known = channel in self._channels.values()
            name = None if meant is None or known else self.subscriptions.add(meant)
            if name is not None:
                self._channels[name] = channel
            if name is not None or known:
                taken.append(channel)
            else:
                unknown.append(str(channel)[:50])
        self.hub.forget()
        self._say("subscription", status="subscribed", channels=taken)
        if unknown:
            self._fail(f"Unknown or too many channels: {', '.join(unknown)}")

    def _watch_status(self, *, on: bool) -> None:
        if on is not self._status:
            self._status = on
            self._on_status(self, on)

    # out

    def deliver(self, event: Event, subs: tuple[str, ...]) -> None:
        """Queue an event under the first channel that wants it."""
        channel = orjson.dumps(self._channels[subs[0]])
        self._queue(
            b'{"type":"event","channel":%b,"event":%b,"correlation_id":"%b"}'
            % (channel, event.json, self.correlation.encode())
        )

    def deliver_status(self, delta: bytes) -> None:
        """Queue a delta of the house status."""
        self._queue(
            b'{"type":"event","channel":"status","event":%b,"correlation_id":"%b"}'
            % (delta, self.correlation.encode())
        )

    def _queue(self, frame: bytes) -> None:
        rules = self.hub.rules
        if len(self._events) < rules.outbox_events and len(frame) <= rules.frame_bytes:
            self._events.append(frame)
        elif self._events and isinstance(self._events[-1], _Hole):
            self._events[-1].count += 1
        else:
            self._events.append(_Hole())
        self._wake()

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the events that wait."""
        return sum(len(one) for one in self._events if not isinstance(one, _Hole))

    def give_up(self, kept: int) -> int:
        """Let all but the newest events go, for want of memory; return how many."""
        gone = counted = 0
        while len(self._events) > kept:
            one = self._events.popleft()
            if isinstance(one, _Hole):
                counted += one.count
            else:
                gone += 1
        if gone + counted:
            self._events.appendleft(_Hole(gone + counted))
        return gone

    def data_to_send(self, most_bytes: int) -> bytes:
        """Return whole messages, about so many bytes, that count as sent; b"" for none.

        The first goes out however long it is.
        """
        found: list[bytes] = []
        size = 0
        while size < most_bytes and (self._control or self._events):
            one = (self._control or self._events).popleft()
            if isinstance(one, _Hole):
                one = self._frame("gap", count=one.count, reason="overflow")
            found.append(wire.text(one))
            size += len(one)
        return b"".join(found)

    def _say(self, kind: str, **fields: Any) -> None:
        if len(self._control) >= self.hub.rules.control_frames:
            self.close(TOO_SLOW, "does not read what it is answered")
            return
        self._control.append(self._frame(kind, **fields))
        self._wake()

    def _frame(self, kind: str, **fields: Any) -> bytes:
        whole = {"type": kind, **fields, "correlation_id": self.correlation}
        return orjson.dumps(whole)

    def _fail(self, message: str) -> None:
        self._say("error", message=message)

    # time

    def tick(self) -> None:
        """End with the token; this dialect has no way to renew it."""
        if self.due_s == 0.0:
            self.close(EXPIRED, "the token has expired")

    @property
    def due_s(self) -> float | None:
        """In how many seconds `tick` has something to do."""
        expires_s = self.principal.expires_s
        if expires_s is None:
            return None
        return max(0.0, expires_s + self._leeway_s - self.clocks.wall())
