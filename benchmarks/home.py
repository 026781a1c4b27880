"""A home with rules: a filter of every kind, and what the registry says of entities.

Nothing that was recorded is left out by these rules, so the same points must come out
as without any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hiq import Pipeline

__all__ = ["BY_CLASS", "BY_GLOB", "BY_REGISTRY", "tag"]

GLOBS = [{"entity_id": f"*_nowhere_{number}_*_power"} for number in range(1_000)]
REGISTRY = [
    *({"area_id": f"nowhere_{number}", "domain": "sensor"} for number in range(20)),
    *({"label": [f"no_{number}", "never"]} for number in range(20)),
    {"floor_id": "cellar", "entity_category": "diagnostic"},
    {"integration": "nothing", "platform": "nothing"},
]
CLASSES = [
    {"device_class": ["nothing", "none"]},
    {"domain": "sun", "device_class": "x"},
]

BY_GLOB: dict[str, Any] = {"filter": {"patterns": GLOBS}}
BY_REGISTRY: dict[str, Any] = {"filter": {"patterns": [*GLOBS, *REGISTRY]}}
BY_CLASS: dict[str, Any] = {
    "filter": {
        "patterns": [*GLOBS, *REGISTRY, *CLASSES],
        "exceptions": [{"area_id": "attic", "label": "keep"}],
    }
}


def tag(pipeline: Pipeline, frames: Sequence[bytes]) -> None:
    """Give every entity of the frames the tags that discovery would."""
    known: set[str] = set()
    for frame in frames:
        messages = orjson.loads(frame)
        for message in messages if isinstance(messages, list) else [messages]:
            data = message.get("event", {}).get("data", {})
            if "entity_id" in data and isinstance(data["entity_id"], str):
                known.add(data["entity_id"])
    for number, entity_id in enumerate(sorted(known)):
        pipeline.set_tags(
            entity_id,
            {
                "platform": "demo",
                "integration": "demo",
                "area_id": f"area_{number % 12}",
                "area": f"Area {number % 12}",
                "floor_id": f"floor_{number % 3}",
                "floor": f"Floor {number % 3}",
                "label_ids": "one|two",
                "labels": "One|Two",
                "device": "Device",
                "manufacturer": "Maker",
                "model": "Model",
            },
        )
