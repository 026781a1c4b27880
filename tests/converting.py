"""One event through a converter, the oracle or the compiled one."""

from __future__ import annotations

from typing import Any

from tests.events import frame, state_changed
from tests.lineprotocol import Decoded, decode


def convert(
    implementation: Any,
    options: Any = None,
    *,
    platform: str | None = None,
    **event: Any,
) -> Decoded | None:
    """Point of one event, None if there is none."""
    pipeline = implementation(options)
    if platform is not None:
        pipeline.set_tags(event.get("entity_id", "sensor.x"), {"platform": platform})
    verdict = pipeline.feed(frame(state_changed(**event)))
    points = decode(pipeline.take())
    assert (verdict.points, verdict.rejected) == (len(points), 0)
    return points[0] if points else None
