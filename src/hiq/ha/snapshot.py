"""The states that Home Assistant has at connect, as if they had just been events.

`get_states` gives states, the pipeline eats `state_changed` events. Home Assistant
sets `time_fired` of an event to `last_updated` of its new state, so an event made from
a state gives the same series and time stamp as the real one did: writing both is the
same as writing one. The bytes of each state are spliced in as they are. It knows
neither the pipeline nor the connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Raw, Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MAX_BYTES", "MAX_EVENTS", "snapshot_frames"]

MAX_EVENTS: Final = 256
MAX_BYTES: Final = 256 * 1024
NULL: Final = Raw(b"null")


class _State(Struct, frozen=True):
    """The parts of a state that its event repeats."""

    entity_id: Raw = NULL
    last_updated: Raw = NULL
    context: Raw = NULL


_STATE = msgspec.json.Decoder(_State)


def snapshot_frames(
    states: Iterable[Raw],
    *,
    max_events: int = MAX_EVENTS,
    max_bytes: int = MAX_BYTES,
) -> Iterator[bytes]:
    """Yield frames, each an array of at most so many `state_changed` messages.

    Args:
        states: states as Home Assistant encoded them, see `messages.decode_states`.
        max_events: messages in one frame.
        max_bytes: a frame ends with the message that reaches this size, so it is
            longer by at most one state.

    What is no object, or lacks an entity id or a time, becomes an event that the
    pipeline rejects and counts: nothing disappears here.
    """
    events: list[bytes] = []
    size = 0
    for state in states:
        event = _event(state)
        events.append(event)
        size += len(event)
        if len(events) >= max_events or size >= max_bytes:
            yield b"[" + b",".join(events) + b"]"
            events, size = [], 0
    if events:
        yield b"[" + b",".join(events) + b"]"


def _event(state: Raw) -> bytes:
    """Return one message, in the order of keys that Home Assistant uses."""
    try:
        head = _STATE.decode(state)
    except msgspec.ValidationError:
        head = _State()
    return b"".join(
        (
            b'{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":',
            bytes(head.entity_id),
            b',"old_state":null,"new_state":',
            bytes(state),
            b'},"origin":"LOCAL","time_fired":',
            bytes(head.last_updated),
            b',"context":',
            bytes(head.context),
            b'},"id":0}',
        )
    )
