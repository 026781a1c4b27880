"""Schemas of every message of Home Assistant but the hot one.

`state_changed` events never come here: the compiled core reads them. What is left is
rare, so it is decoded by msgspec: log-in, results, pongs, registry entries. Keys that
are not named are ignored, keys that Home Assistant may leave out have a default,
because 2024.3 and 2026.x differ. Not known here: ids that are pending, sockets, time.

Source: https://developers.home-assistant.io/docs/api/websocket
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

__all__ = [
    "Config",
    "Message",
    "ResultError",
    "decode_config",
    "decode_message",
    "decode_states",
    "event_type_of",
    "split",
]

RUNNING: Final = "RUNNING"
NULL: Final = Raw(b"null")


class ResultError(Struct, frozen=True):
    """Why a command was refused."""

    code: str = "unknown_error"
    message: str = ""


class Message(Struct, frozen=True):
    """Any message, its envelope decoded, its content left as bytes.

    `id` may be anything: Home Assistant repeats what it was sent, also null.
    """

    type: str
    id: Raw = NULL
    success: bool = False
    result: Raw = NULL
    error: ResultError | None = None
    message: str = ""
    ha_version: str = ""

    @property
    def number(self) -> int | None:
        """The id as an integer, None if it is none of ours."""
        try:
            return _NUMBER.decode(self.id)
        except msgspec.ValidationError:
            return None


class _Typed(Struct, frozen=True):
    event_type: str = ""


class _Event(Struct, frozen=True):
    event: _Typed


class Config(Struct, frozen=True):
    """What is used of `get_config`; versions before 0.117 have no `state`."""

    state: str = RUNNING
    version: str = ""

    @property
    def running(self) -> bool:
        """Whether Home Assistant has finished starting."""
        return self.state == RUNNING


_NUMBER = msgspec.json.Decoder(int)
_MESSAGE = msgspec.json.Decoder(Message)
_MESSAGES = msgspec.json.Decoder(list[Raw])
_CONFIG = msgspec.json.Decoder(Config)
_EVENT = msgspec.json.Decoder(_Event)


def decode_message(message: bytes) -> Message:
    """Decode the envelope of one message.

    Raises:
        msgspec.DecodeError: it is not JSON, or no object with a `type`.
    """
    return _MESSAGE.decode(message)


def event_type_of(message: bytes) -> str:
    """Return the type of an event; "" if it has none."""
    try:
        return _EVENT.decode(message).event.event_type
    except msgspec.DecodeError:
        return ""


def decode_states(result: Raw) -> list[Raw]:
    """Cut the result of `get_states` into its states, each left as bytes.

    The pieces share the memory of the message.

    Raises:
        msgspec.DecodeError: it is not an array.
    """
    return _MESSAGES.decode(result)


def decode_config(result: Raw) -> Config:
    """Decode the result of `get_config`; raises msgspec.DecodeError."""
    return _CONFIG.decode(result)


def split(frame: bytes | memoryview) -> list[Raw]:
    """Cut one WebSocket text message into the messages it carries.

    With `coalesce_messages` a frame is an array of messages or a single one. The
    pieces share the memory of the frame: copy what must outlive it.

    Raises:
        msgspec.DecodeError: the frame is not JSON.
    """
    if bytes(frame[:64]).lstrip()[:1] == b"[":
        return _MESSAGES.decode(frame)
    return [msgspec.json.decode(frame, type=Raw)]
