"""What the server says, as JSON: one function for each frame.

Events are put together in `wire`, from the bytes that Home Assistant sent. It must not
know to whom anything is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from hiq.clients.clocks import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hiq.clients.owed import Gap
    from hiq.clients.reading import Fault

__all__ = ["error", "frame", "gap", "result", "snapshot_parts"]

PART_BYTES = 200 * 1024


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
    states: Iterable[tuple[str, bytes]],
    as_of_seq: int,
) -> list[bytes]:
    """Return a snapshot: document and last states, in as many parts as it takes."""
    parts: list[list[bytes]] = [[]]
    size = 0
    for entity_id, state in states:
        if size + len(state) > PART_BYTES and parts[-1]:
            parts.append([])
            size = 0
        size += len(state)
        parts[-1].append(b"%b:%b" % (orjson.dumps(entity_id), state))
    version, own = document
    found: list[bytes] = []
    for number, entities in enumerate(parts, 1):
        whole = own if number == 1 else {}
        begin = frame("state_snapshot", now_s, version=version, state=whole)
        end = {"as_of_seq": as_of_seq, "part": number, "parts": len(parts)}
        found.append(
            b'%b,"entities":{%b},%b'
            % (begin[:-1], b",".join(entities), orjson.dumps(end)[1:])
        )
    return found
