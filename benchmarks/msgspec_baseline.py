"""Baseline: msgspec decodes the typed message, attributes as a dict, and that is all.

No line is made: it is the cost of merely having the event in Python objects by the
fastest general decoder. `decode` makes both states, as the message has them; what
`decode_new` makes is only what a line needs, the old state is skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

Decoder = msgspec.json.Decoder


class State(msgspec.Struct):
    """A state as Home Assistant sends it."""

    entity_id: str
    state: str
    attributes: dict[str, Any]
    last_changed: str
    last_updated: str


class Data(msgspec.Struct):
    """Data of `state_changed`; other event types have none of these."""

    entity_id: Any = None
    old_state: State | None = None
    new_state: State | None = None


class Event(msgspec.Struct):
    """An event of any type."""

    event_type: str
    data: Data
    time_fired: str


class Message(msgspec.Struct):
    """A message that carries an event."""

    type: str
    event: Event | None = None


class NewState(msgspec.Struct):
    """What a line needs of a state."""

    entity_id: str
    state: str
    attributes: dict[str, Any]


class NewData(msgspec.Struct):
    """Data of `state_changed` without the old state."""

    new_state: NewState | None = None


class NewEvent(msgspec.Struct):
    """An event of any type."""

    event_type: str
    data: NewData
    time_fired: str


class NewMessage(msgspec.Struct):
    """A message that carries an event."""

    type: str
    event: NewEvent | None = None


ONE = Decoder(Message)
MANY = Decoder(list[Message])
ONE_NEW = Decoder(NewMessage)
MANY_NEW = Decoder(list[NewMessage])


def decode(frames: Iterable[bytes]) -> int:
    """Decode all frames; return how many state changes were found."""
    return _count(frames, ONE, MANY)


def decode_new(frames: Iterable[bytes]) -> int:
    """The same without the old states."""
    return _count(frames, ONE_NEW, MANY_NEW)


def _count(
    frames: Iterable[bytes],
    one: Decoder[Message] | Decoder[NewMessage],
    many: Decoder[list[Message]] | Decoder[list[NewMessage]],
) -> int:
    count = 0
    for frame in frames:
        messages = many.decode(frame) if frame[:1] == b"[" else (one.decode(frame),)
        for message in messages:
            if message.event is not None:
                count += message.event.event_type == "state_changed"
    return count
