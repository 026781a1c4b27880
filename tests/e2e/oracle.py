"""What must be in the database: read from Home Assistant's recorder, not from hiq.

A row of the recorder becomes the point that the reference converter makes of it.
Attributes that the recorder leaves out make fields differ, so a point is compared by
what identifies it (entity and time stamp) and by `value` and `state`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from tests.lineprotocol import decode_one
from tests.reference import ReferencePipeline

__all__ = [
    "MEASUREMENT",
    "Difference",
    "Key",
    "compare",
    "eligible_points",
    "event_frame",
]

Key = tuple[str, int]
"""Entity id and time stamp in nanoseconds."""

MEASUREMENT = "\0measurement"
"""Key under which a point's measurement stands among its fields."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rounded(seconds: float) -> int:
    """Return microseconds as Home Assistant rounds its clock for an event."""
    return (datetime.fromtimestamp(seconds, UTC) - EPOCH) // timedelta(microseconds=1)


def iso(microseconds: int) -> str:
    """Return a time stamp as Home Assistant writes it."""
    return (EPOCH + timedelta(microseconds=microseconds)).isoformat()


def event_frame(
    entity_id: str, state: str, attributes: Any, microseconds: int
) -> bytes:
    """Return the event that Home Assistant would have sent for one recorder row."""
    stamp = iso(microseconds)
    new = {
        "entity_id": entity_id,
        "state": state,
        "attributes": attributes or {},
        "last_changed": stamp,
        "last_updated": stamp,
        "context": {"id": "01", "parent_id": None, "user_id": None},
    }
    return orjson.dumps(
        {
            "type": "event",
            "event": {
                "event_type": "state_changed",
                "data": {"entity_id": entity_id, "old_state": None, "new_state": new},
                "origin": "LOCAL",
                "time_fired": stamp,
                "context": {"id": "01", "parent_id": None, "user_id": None},
            },
            "id": 1,
        }
    )


def eligible_points(
    history: dict[str, list[dict[str, Any]]], options: dict[str, Any] | None = None
) -> dict[Key, dict[str, Any]]:
    """Return entity and time of every recorder row that becomes a point, with fields.

    `history` is the answer of `history/history_during_period`: rows with `s`, `a`,
    `lu` in seconds as float.
    """
    points: dict[Key, dict[str, Any]] = {}
    for entity_id, rows in history.items():
        for row in rows:
            microseconds = rounded(row["lu"])
            converter = ReferencePipeline(options)
            converter.feed(event_frame(entity_id, row["s"], row.get("a"), microseconds))
            line = converter.take()
            if line:
                point = decode_one(line.rstrip(b"\n"))
                points[entity_id, microseconds * 1000] = {
                    **point.fields,
                    MEASUREMENT: point.measurement,
                }
    return points


@dataclass(frozen=True)
class Difference:
    """Result of a comparison: keys that lack, that nobody knows, that differ."""

    missing: list[Key]
    extra: list[Key]
    different: list[tuple[Key, Any, Any]]

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.different)

    def __str__(self) -> str:
        return (
            f"{len(self.missing)} missing {self.missing[:5]}, "
            f"{len(self.extra)} extra {self.extra[:5]}, "
            f"{len(self.different)} different {self.different[:5]}"
        )


def same(left: Any, right: Any) -> bool:
    """Equality of field values; floats by value."""
    if isinstance(left, float) or isinstance(right, float):
        try:
            return math.isclose(float(left), float(right), rel_tol=1e-15, abs_tol=0)
        except (TypeError, ValueError):
            return False
    return bool(left == right)


def compare(
    must: dict[Key, dict[str, Any]],
    may: dict[Key, dict[str, Any]],
    found: dict[Key, dict[str, Any]],
    fields: tuple[str, ...] = (MEASUREMENT, "value", "state"),
) -> Difference:
    """Compare what was found with what must be there and what may be there."""
    known = must | may
    return Difference(
        missing=sorted(must.keys() - found.keys()),
        extra=sorted(found.keys() - known.keys()),
        different=[
            (key, known[key].get(name), found[key].get(name))
            for key in sorted(found.keys() & known.keys())
            for name in fields
            if not same(known[key].get(name), found[key].get(name))
        ],
    )
