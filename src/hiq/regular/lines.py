"""Last values as the events that a pipeline takes, and its lines with the mark.

The event has the time of the snapshot, the state within keeps its own. The mark is a
field: a tag would put the point into another series than the changes. Pure.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MARK", "event_frame", "marked"]

MARK: Final = "hiq_snapshot"
END: Final = re.compile(rb" (-?\d+)\n")
"""The stamp of a line; texts hold no line break."""
MARKED: Final = rb",%b=1 \1" % MARK.encode() + b"\n"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def event_frame(states: Iterable[tuple[str, bytes]], time_us: int) -> bytes:
    """Return one frame with an event for each entity and its state, as JSON."""
    time = (EPOCH + timedelta(microseconds=time_us)).isoformat().encode()
    events = (
        b'{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":'
        b'%b,"old_state":null,"new_state":%b},"origin":"LOCAL","time_fired":"%b",'
        b'"context":{"id":null,"parent_id":null,"user_id":null}},"id":0}'
        % (msgspec.json.encode(entity_id), state, time)
        for entity_id, state in states
    )
    return b"[" + b",".join(events) + b"]"


def marked(lines: bytes) -> bytes:
    """Return the lines with the mark as their last field."""
    return END.sub(MARKED, lines)
