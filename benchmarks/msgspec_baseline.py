"""Baseline: msgspec decodes the typed envelope, attributes as a dict, and that is all.

No line is made: it is the cost of merely having the event in Python objects by the
fastest general decoder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


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


ONE = msgspec.json.Decoder(Message)
MANY = msgspec.json.Decoder(list[Message])


def decode(frames: Iterable[bytes]) -> int:
    """Decode all frames; return how many state changes were found."""
    count = 0
    for frame in frames:
        messages = MANY.decode(frame) if frame[:1] == b"[" else (ONE.decode(frame),)
        for message in messages:
            if message.event is not None:
                count += message.event.event_type == "state_changed"
    return count
