"""The hand-made cases: one state each, run through Home Assistant's own converter.

The expected point is that of Home Assistant 2026.11 after our cleaning: no number
that is not finite, no empty or null tag.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.corpus import vectors
from tests.events import TIME_NS, frame, state_changed
from tests.lineprotocol import Decoded, decode

# Its attributes are NaN and Infinity: Home Assistant sends null for them, so the case
# cannot arrive as JSON. `test_the_case_that_is_not_json` shows what arrives instead.
NOT_JSON = "attr inf/nan"
CASES = {case["name"]: case for case in vectors()}


def expected(case: dict[str, Any]) -> list[Decoded]:
    """The recorded point after the cleaning rules; an empty list for no point."""
    point = case["point_2026_11_0"]
    if point is None:
        return []
    fields = {
        key: value
        for key, value in point["fields"].items()
        if isinstance(value, str) or math.isfinite(value)
    }
    tags = {
        key: str(value) for key, value in point["tags"].items() if value is not None
    }
    return [Decoded(point["measurement"], tags, fields, TIME_NS)] if fields else []


@pytest.mark.parametrize("name", [name for name in CASES if name != NOT_JSON])
def test_vectors(name: str, implementation: Any) -> None:
    """The point equals Home Assistant's."""
    case = CASES[name]
    pipeline = implementation(case["config"])
    message = state_changed(case["entity_id"], case["state"], case["attributes"])
    verdict = pipeline.feed(frame(message))
    points = expected(case)
    assert decode(pipeline.take()) == points
    assert (verdict.points, verdict.skipped) == (len(points), 1 - len(points))


def test_every_case_is_there() -> None:
    """All 45 cases are compared but the one that is not JSON."""
    assert len(CASES) == 45
    assert NOT_JSON in CASES


def test_the_case_that_is_not_json(implementation: Any) -> None:
    """NaN refuses the frame; the null that Home Assistant sends is text `None`."""
    case = CASES[NOT_JSON]
    pipeline = implementation()
    message = state_changed(case["entity_id"], case["state"], case["attributes"])
    verdict = pipeline.feed(frame(message))
    assert (verdict.events, verdict.rejected, pipeline.take()) == (0, 1, b"")

    sent = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in case["attributes"].items()
    }
    pipeline.feed(frame(state_changed(case["entity_id"], case["state"], sent)))
    (point,) = decode(pipeline.take())
    (theirs,) = expected(case)
    lost = {f"{key}_str": "None" for key, value in sent.items() if value is None}
    assert point == theirs._replace(fields={**theirs.fields, **lost})
