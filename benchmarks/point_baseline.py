"""Baseline: orjson and influxdb-client's `Point`, as a Python service would do it.

Builds for each event the point that Home Assistant's `influxdb` integration builds
with default options, and asks the client library for its line. It knows no filter, no
overrides and no cleaning, which is in its favour.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from influxdb_client.client.write.point import Point

if TYPE_CHECKING:
    from collections.abc import Iterable

DIGIT_TAIL = re.compile(r"^[^\.]*\d+\.?\d+[^\.]*$")
NOT_DECIMAL = re.compile(r"[^\d.]+")
NO_POINT = frozenset(("unknown", "unavailable", ""))
WORDS = {
    **dict.fromkeys(("on", "open", "home", "above_horizon", "locked"), 1.0),
    **dict.fromkeys(("off", "closed", "not_home", "below_horizon", "unlocked"), 0.0),
}


def fields_of(state: str, attributes: dict[str, Any], consumed: bool) -> dict[str, Any]:
    """Fields of one state; `consumed` says that the unit became the measurement."""
    fields: dict[str, Any] = {}
    try:
        fields["value"] = float(state)
    except ValueError:
        fields["state"] = state
        if state in WORDS:
            fields["value"] = WORDS[state]
    for name, value in attributes.items():
        if consumed and name == "unit_of_measurement":
            continue
        key = f"{name}_" if name in fields else name
        try:
            fields[key] = float(value)
        except (ValueError, TypeError):
            text = str(value)
            fields[f"{key}_str"] = text
            if DIGIT_TAIL.match(text):
                fields[key] = float(NOT_DECIMAL.sub("", text))
        number = fields.get(key)
        if isinstance(number, float) and not math.isfinite(number):
            del fields[key]
    return fields


def point_of(event: dict[str, Any]) -> Point | None:
    """Point of one `state_changed` event, None if it gives none."""
    new_state = event["data"]["new_state"]
    if new_state is None or new_state["state"] in NO_POINT:
        return None
    entity_id = new_state["entity_id"]
    domain, object_id = entity_id.split(".", 1)
    attributes = new_state["attributes"]
    unit = attributes.get("unit_of_measurement")
    consumed = unit not in (None, "")
    point = Point(unit if consumed else entity_id)
    point.tag("domain", domain)
    point.tag("entity_id", object_id)
    for key, value in fields_of(new_state["state"], attributes, consumed).items():
        point.field(key, value)
    point.time(datetime.fromisoformat(event["time_fired"]))
    return point


def line_of(event: dict[str, Any]) -> str | None:
    """Its line, None if it gives no point."""
    point = point_of(event)
    return point.to_line_protocol() or None if point is not None else None


def convert(frames: Iterable[bytes]) -> list[str]:
    """All lines of all frames."""
    lines = []
    for frame in frames:
        messages = orjson.loads(frame)
        for message in messages if isinstance(messages, list) else (messages,):
            event = message.get("event")
            if event is not None and event.get("event_type") == "state_changed":
                line = line_of(event)
                if line is not None:
                    lines.append(line)
    return lines
