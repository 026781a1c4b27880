"""What the server says, as JSON: one function for each frame.

Events are put together in `wire`, from the bytes that Home Assistant sent. It must not
know to whom anything is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from hiq.clients.clocks import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hiq.clients.owed import Gap
    from hiq.clients.reading import Fault
    from hiq.clients.subscriptions import Event

__all__ = ["error", "frame", "gap", "result", "snapshot_parts"]

PART_BYTES = 200 * 1024


class _Data(msgspec.Struct):
    new_state: dict[str, Any] | None = None


class _Envelope(msgspec.Struct):
    data: _Data


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def frame(kind: str, now_s: float, **fields: Any) -> bytes:
    """Return one frame."""
    return orjson.dumps({"type": kind, "ts": moment(now_s), **fields})


def result(now_s: float, frame_id: Any, data: Mapping[str, Any]) -> bytes:
    """Return that a command was done."""
    return frame("result", now_s, id=frame_id, ok=True, status="ok", data=data)


def error(now_s: float, fault: Fault, retry_after: int | None = None) -> bytes:
    """Return what is wrong with a frame."""
    fields: dict[str, Any] = {
        "id": fault.frame_id,
        "code": fault.code,
        "message": fault.message,
    }
    if fault.field is not None:
        fields["field"] = fault.field
    if retry_after is not None:
        fields["retry_after"] = retry_after
    return frame("error", now_s, **fields)


def gap(now_s: float, found: Gap) -> bytes:
    """Return that some numbers will not come."""
    fields: dict[str, Any] = {
        "from": found.first,
        "to": found.last,
        "count": found.count,
        "reason": found.reason,
    }
    if found.since_s is not None:
        fields["since"] = moment(found.since_s)
    return frame("gap", now_s, **fields)


def snapshot_parts(
    now_s: float,
    document: tuple[int, Mapping[str, Any]],
    events: list[Event],
    as_of_seq: int,
    states: Callable[[Event], Any] | None = None,
) -> Iterator[bytes]:
    """Yield a snapshot: document and last states, in as many parts as it takes."""
    parts: list[dict[str, Any]] = [{}]
    size = 0
    for one in events:
        found = (states or _state)(one)
        if found is None:
            continue
        length = len(one.json)
        if size + length > PART_BYTES and parts[-1]:
            parts.append({})
            size = 0
        size += length
        parts[-1][one.entity_id] = found
    version, state = document
    for number, entities in enumerate(parts, 1):
        yield frame(
            "state_snapshot",
            now_s,
            version=version,
            state=state if number == 1 else {},
            entities=entities,
            as_of_seq=as_of_seq,
            part=number,
            parts=len(parts),
        )


def _state(one: Event) -> dict[str, Any] | None:
    """Return the last state of an entity, None if it is gone or no longer readable."""
    try:
        new = _ENVELOPE.decode(one.json).data.new_state
    except msgspec.DecodeError:
        return None
    if new is None:
        return None
    names = ("state", "attributes", "last_changed", "last_updated")
    return {name: new[name] for name in names if name in new}
