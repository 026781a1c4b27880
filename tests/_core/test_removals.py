"""A removal that is recognised gives what it gives when it is read from the start."""

from __future__ import annotations

from typing import Any

import pytest

from hiq import Pipeline
from tests.events import frame, state_changed

SCHEMAS = {"schema": ["ha", "homeiq", "tidy"], "tidy": {"attributes": {"*": ["*"]}}}
ATTRIBUTES = {"unit_of_measurement": "W", "friendly_name": "Kitchen power"}
TIMES = [f"2026-11-20T15:09:{second}.798309+00:00" for second in range(10, 60)]


def new_state(message: dict[str, Any]) -> Any:
    """The new state of a message."""
    return message["event"]["data"]["new_state"]


def life() -> list[bytes]:
    """An entity appears, changes, and is removed."""
    first = state_changed("sensor.kitchen_power_meter", "20.5", ATTRIBUTES, TIMES[0])
    second = state_changed(
        "sensor.kitchen_power_meter",
        "20.6",
        ATTRIBUTES,
        TIMES[1],
        old_state=new_state(first),
    )
    gone = state_changed(
        "sensor.kitchen_power_meter", time=TIMES[2], old_state=new_state(second)
    )
    gone["event"]["data"]["new_state"] = None
    return [frame(first), frame(second), frame(gone)]


def lines(pipeline: Pipeline) -> list[bytes]:
    """All lines of all schemas."""
    return [pipeline.take(name) for name in ("ha", "homeiq", "tidy")]


def after(other: bytes | None, level: int = 0) -> tuple[Any, list[bytes], Any]:
    """The verdict, the lines and the flaws of the removal behind another frame."""
    pipeline = Pipeline(SCHEMAS)
    pipeline.set_level(level)
    *before, gone = life()
    for one in before:
        pipeline.feed(one)
    if other is not None:
        pipeline.feed(other)
    lines(pipeline)
    verdict = pipeline.feed(gone)
    return verdict, lines(pipeline), pipeline.flaws


@pytest.mark.parametrize("level", [0, 1, 2])
def test_behind_a_long_state(level: int) -> None:
    """The state of the event before it is not its own."""
    long = frame(state_changed("text.note", "я" * 200, {}, TIMES[1]))
    assert after(long, level) == after(None, level)
    assert b"removed" in b"".join(after(long, level)[1])


def test_behind_attributes_at_any_place() -> None:
    """The attributes of the event before it are not its own, wherever they were."""
    expected = after(None)[1]
    wanted = life()[-1].index(b'"attributes":')
    met = False
    for size in range(1, 200):
        other = frame(state_changed("sensor.cc", "x" * size, {}, TIMES[1]))
        met |= other.index(b'"attributes":') == wanted
        assert after(other)[1] == expected
    assert met


def test_what_cannot_be_kept_holds_no_memory() -> None:
    """Beyond the limit, or with long attributes, an entity keeps no row."""
    pipeline = Pipeline(SCHEMAS | {"max_remembered_bytes": 50_000})
    for number in range(200):
        text = "x" * (40_000 if number % 2 else 2_000)
        event = state_changed(f"sensor.e{number}", "1", {"forecast": text}, TIMES[0])
        pipeline.feed(frame(event))
        lines(pipeline)
    assert pipeline.remembered_bytes < 1_000_000
