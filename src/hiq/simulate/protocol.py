"""What Home Assistant answers on its WebSocket API: one session, no I/O.

The texts, codes and rules are those of Home Assistant 2024.3, against which the same
tests run. A session is told what came in and what happened at home, and returns the
messages that go out; it knows no sockets, queues or clocks.
"""

from __future__ import annotations

import hmac
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from hiq.simulate.history import MICROSECONDS, Query
from hiq.simulate.schema import COMMANDS, LOGIN, InvalidFormat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hiq.simulate.history import History
    from hiq.simulate.world import World

__all__ = ["VERSION", "Answer", "Log", "Session", "join", "render"]

VERSION = "2024.3.3"
LOG_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send, in order, and whether to close (code 1000) after it."""

    messages: Sequence[bytes] = ()
    close: bool = False


@dataclass(slots=True)
class Log:
    """What a client did; bounded, and without its token.

    Attributes:
        commands: the last commands, as they came.
        subscriptions: those alive, id -> event type ("*" is all).
        cut_reason: why the server cut it, "" if it did not.
    """

    authenticated: bool = False
    coalesce: bool = False
    cut_reason: str = ""
    commands: deque[Mapping[str, Any]] = field(
        default_factory=lambda: deque(maxlen=LOG_LIMIT)
    )
    subscriptions: dict[int, str] = field(default_factory=dict)


def join(messages: Sequence[bytes], coalesce: bool) -> list[bytes]:
    """Return the frames that carry the messages: one array, or one frame each."""
    if coalesce and len(messages) > 1:
        return [b"[%b]" % b",".join(messages)]
    return list(messages)


def render(document: Any) -> bytes:
    """Return JSON as Home Assistant writes it."""
    return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)


class Session:
    """One client, from `greeting` to its end.

    - `receive` takes one frame, an object or an array of objects.
    - `event` gives what the subscriptions of this client make of an event.
    - `hidden`: commands that it does not know, as without an integration.
    - `refuse`: answer any login with `auth_invalid`.
    """

    def __init__(self, world: World, history: History, token: str) -> None:
        self.log = Log()
        self.refuse = False
        self.hidden: frozenset[str] = frozenset()
        self._world = world
        self._history = history
        self._token = token
        self._last_id = 0

    def greeting(self) -> bytes:
        """Return what the server says first."""
        return render({"type": "auth_required", "ha_version": VERSION})

    def receive(self, frame: str | bytes, now_us: int) -> Answer:
        """Answer one text frame."""
        try:
            content = orjson.loads(frame)
        except orjson.JSONDecodeError:
            return Answer(close=True)
        if not self.log.authenticated:
            return self._login(content)
        commands = content if isinstance(content, list) else [content]
        return Answer([self._command(command, now_us) for command in commands])

    def event(self, event_type: str, event: bytes) -> list[bytes]:
        """Return one message for each subscription that wants the event."""
        return [
            b'{"type":"event","event":%b,"id":%d}' % (event, number)
            for number, wanted in self.log.subscriptions.items()
            if wanted in ("*", event_type)
        ]

    # the phases

    def _login(self, content: Any) -> Answer:
        try:
            login = LOGIN.check(content)
        except InvalidFormat as exc:
            text = f"Auth message incorrectly formatted: {exc}"
            return Answer([_auth_invalid(text)], close=True)
        given = login.get("access_token", "").encode()
        if self.refuse or not hmac.compare_digest(given, self._token.encode()):
            text = "Invalid access token or password"
            return Answer([_auth_invalid(text)], close=True)
        self.log.authenticated = True
        return Answer([render({"type": "auth_ok", "ha_version": VERSION})])

    def _command(self, command: Any, now_us: int) -> bytes:
        """Answer one command; a wrong one does not use up its id."""
        if not isinstance(command, dict):
            return _error(0, "invalid_format", "Message incorrectly formatted.")
        number, name = command.get("id"), command.get("type")
        if type(number) is not int or not number or type(name) is not str or not name:
            text = "Message incorrectly formatted."
            return _error(number, "invalid_format", text)
        if number <= self._last_id:
            return _error(number, "id_reuse", "Identifier values have to increase.")
        self.log.commands.append(command)
        if name not in COMMANDS or name in self.hidden:
            return _error(number, "unknown_command", "Unknown command.")
        self._last_id = number
        try:
            fields = COMMANDS[name].check(command)
        except InvalidFormat as exc:
            return _error(number, "invalid_format", str(exc))
        return self._answer(number, name, fields, now_us)

    def _answer(self, number: int, name: str, fields: Any, now_us: int) -> bytes:
        world = self._world
        home = world.home
        match name:
            case "ping":
                return render({"id": number, "type": "pong"})
            case "supported_features":
                self.log.coalesce = "coalesce_messages" in fields["features"]
                return _result(number, b"null")
            case "subscribe_events":
                self.log.subscriptions[number] = fields.get("event_type", "*")
                return _result(number, b"null")
            case "unsubscribe_events":
                if self.log.subscriptions.pop(fields["subscription"], None) is None:
                    return _error(number, "not_found", "Subscription not found.")
                return _result(number, b"null")
            case "get_states":
                states = b",".join([state.json for state in world.states.values()])
                return _result(number, b"[%b]" % states)
            case "history/history_during_period":
                return self._period(number, fields, now_us)
            case "get_config":
                result: Any = home.config(VERSION)
            case "get_services":
                result = home.services()
            case "auth/current_user":
                result = home.user()
            case "config_entries/get":
                result = home.config_entry_rows()
            case "config/area_registry/list":
                result = home.area_rows()
            case "config/device_registry/list":
                result = home.device_rows()
            case "config/entity_registry/list":
                result = home.entity_rows()
            case "config/entity_registry/get":
                wanted = fields["entity_id"]
                rows = [r for r in home.entity_rows() if r["entity_id"] == wanted]
                if not rows:
                    return _error(number, "not_found", "Entity not found")
                result = rows[0]
            case "config/floor_registry/list":
                result = home.floor_rows()
            case "config/label_registry/list":
                result = home.label_rows()
            case _:  # recorder/info: the table of commands has no other
                result = {
                    "backlog": 0,
                    "max_backlog": 65000,
                    "migration_in_progress": False,
                    "migration_is_live": False,
                    "recording": True,
                    "thread_running": True,
                    **self._history.flags,
                }
        return _result(number, render(result))

    def _period(self, number: int, fields: dict[str, Any], now_us: int) -> bytes:
        """Answer `history/history_during_period`."""
        start_us = _microseconds(fields.pop("start_time"))
        if start_us is None:
            return _error(number, "invalid_start_time", "Invalid start_time")
        end_us = None
        if "end_time" in fields:
            end_us = _microseconds(fields.pop("end_time"))
            if end_us is None:
                return _error(number, "invalid_end_time", "Invalid end_time")
        if start_us > now_us:
            return _result(number, b"{}")
        if not all(_is_entity_id(name) for name in fields["entity_ids"]):
            return _error(number, "invalid_entity_ids", "Invalid entity_ids")
        query = Query(start_us, end_us, **fields)
        return _result(number, render(self._history.answer(query)))


def _result(number: int, result: bytes) -> bytes:
    head = b'{"id":%d,"type":"result","success":true,"result":' % number
    return b"%b%b}" % (head, result)


def _error(number: Any, code: str, text: str) -> bytes:
    error = {"code": code, "message": text}
    return render({"id": number, "type": "result", "success": False, "error": error})


def _auth_invalid(text: str) -> bytes:
    return render({"type": "auth_invalid", "message": text})


def _microseconds(text: str) -> int | None:
    """Return microseconds since 1970; a time without a zone is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * MICROSECONDS)


def _is_entity_id(text: str) -> bool:
    domain, dot, name = text.partition(".")
    words = (domain, name)
    return bool(dot) and all(
        word.replace("_", "a").isalnum() and word == word.lower() for word in words
    )
