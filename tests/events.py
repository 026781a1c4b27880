"""Builders of `state_changed` messages for tests, as Home Assistant sends them."""

from __future__ import annotations

import json
from typing import Any

TIME = "2026-11-20T15:09:29.798309+00:00"
TIME_NS = 1795187369798309000


def state_changed(
    entity_id: Any = "sensor.x",
    state: Any = "5",
    attributes: Any = None,
    time: Any = TIME,
    **data: Any,
) -> dict[str, Any]:
    """One message; keywords replace members of `data` (`new_state=None`: removed)."""
    context = {"id": "01M7WR2ST601PWH058CGT0C1ZV", "parent_id": None, "user_id": None}
    new_state = {
        "entity_id": entity_id,
        "state": state,
        "attributes": {} if attributes is None else attributes,
        "last_changed": time,
        "last_updated": time,
        "context": context,
    }
    return {
        "type": "event",
        "event": {
            "event_type": "state_changed",
            "data": {
                "entity_id": entity_id,
                "old_state": None,
                "new_state": new_state,
                **data,
            },
            "origin": "LOCAL",
            "time_fired": time,
            "context": context,
        },
        "id": 1,
    }


def frame(message: Any) -> bytes:
    """The bytes of one WebSocket text message: compact JSON, UTF-8 as it is."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
