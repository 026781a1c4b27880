"""Levels in the core: what is refused, counted or let through, and what is kept of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hiq import Pipeline

FIRED = "2026-11-26T10:00:00.5+00:00"
NOW_NS = 1_764_151_200_000_000_000


def message(number: int = 0, **changes: Any) -> bytes:
    """A message as Home Assistant sends it, but for what is changed in its event."""
    state = {"entity_id": "sensor.a", "state": str(number), "attributes": {"k": 1}}
    new = {**state, "last_changed": FIRED, "context": {"id": "c"}}
    data = {"entity_id": "sensor.a", "old_state": None, "new_state": new}
    data |= changes.pop("data", {})
    event = {
        "event_type": "state_changed",
        "data": data,
        "origin": "LOCAL",
        "time_fired": FIRED,
        "context": {"id": f"c{number:04d}", "parent_id": None, "user_id": None},
    }
    found = {"type": "event", "event": {**event, **changes}, "id": 3}
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()


def long(text: str) -> dict[str, Any]:
    """Data with this state."""
    new = {"entity_id": "sensor.a", "state": text, "attributes": {}}
    return {"new_state": new}


FLAWED = [
    (message(context="c"), "BAD_CONTEXT"),
    (message(context=None), "BAD_CONTEXT"),
    (message(data={"old_state": "off"}), "BAD_OLD_STATE"),
    (message(data={"old_state": []}), "BAD_OLD_STATE"),
    (message(data=long("x" * 256)), "STATE_TOO_LONG"),
    (message(data=long("č" * 256)), "STATE_TOO_LONG"),
    (message(data=long("x" * 250 + '"' * 6)), "STATE_TOO_LONG"),
]
GOOD = [
    message(data=long("x" * 255)),
    message(data=long("č" * 255)),
    message(data=long('"' * 255)),
    message(data={"old_state": None}),
]


@pytest.mark.parametrize(("frame", "reason"), FLAWED)
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_flaw_is_minded_as_the_level_says(
    frame: bytes, reason: str, level: int
) -> None:
    """Not at all, counted, refused; what is accepted is the same line at each level."""
    plain, pipeline = Pipeline(), Pipeline()
    pipeline.set_level(level)
    plain.feed(frame)
    verdict = pipeline.feed(frame)
    refused = level > 1
    assert (verdict.points, verdict.rejected) == (int(not refused), int(refused))
    assert pipeline.take() == (b"" if refused else plain.take())
    assert pipeline.flaws == ({reason: 1} if level == 1 else {})
    assert [name for name, _ in pipeline.rejects()] == [reason] * refused


@pytest.mark.parametrize("frame", GOOD)
def test_what_is_good_passes_the_strictest_level(frame: bytes) -> None:
    """Length is counted in characters."""
    pipeline = Pipeline()
    pipeline.set_level(3)
    assert pipeline.feed(frame).points == 1


def test_a_flaw_is_seen_behind_events_that_are_recognised() -> None:
    """What comes again and again is compared, not read; a flaw must not hide there."""
    pipeline = Pipeline()
    pipeline.set_level(2)
    for number in range(50):
        assert pipeline.feed(message(number)).points == 1
        verdict = pipeline.feed(message(number, context=f"c{number:04d}"))
        assert verdict.rejected == 1
    for number in range(50):
        assert pipeline.feed(message(number, context=5)).rejected == 1
        assert pipeline.feed(message(number)).points == 1


@pytest.mark.parametrize("fired", [None, "noon", 5])
def test_an_event_without_a_time_gets_one_where_that_is_wanted(fired: Any) -> None:
    """At the permissive level only, and if the time is known."""
    for level, now_ns, points in ((0, NOW_NS, 0), (1, 0, 0), (1, NOW_NS, 1), (2, 1, 0)):
        pipeline = Pipeline()
        pipeline.set_level(level, now_ns)
        assert pipeline.feed(message(time_fired=fired)).points == points
        if points:
            assert pipeline.take().endswith(b" %d\n" % NOW_NS)
            assert pipeline.flaws == {"BAD_TIME": 1}


def test_who_inspects_may_refuse() -> None:
    """With a reason of its own; snapshots are not inspected, and no fault stops it."""
    seen: list[Any] = []

    def inspect(event: bytes) -> str | None:
        seen.append(json.loads(event))
        number = seen[-1]["data"]["new_state"]["state"]
        if number == "2":
            raise RuntimeError
        return "ODD" if number == "1" else None

    pipeline = Pipeline()
    pipeline.refusal.inspect = inspect
    points = [pipeline.feed(message(number)).points for number in range(4)]
    assert points == [1, 0, 1, 1]
    assert [name for name, _ in pipeline.rejects()] == ["ODD"]
    assert pipeline.feed(message(1), snapshot=True).rejected == 0
    assert len(seen) == 4


def test_originals_are_kept_whole_for_who_wants_them() -> None:
    """Samples are short; what waits is bounded and counted."""
    frame = message(context="c" * 1000)
    pipeline = Pipeline()
    pipeline.set_level(2)
    pipeline.feed(frame)
    assert pipeline.refusal.taken() == []
    pipeline.refusal.keeps = True
    pipeline.feed(frame)
    assert pipeline.refusal.taken() == [("BAD_CONTEXT", frame)]
    assert pipeline.refusal.taken() == []
    big = message(context="c" * 3_000_000)
    pipeline.feed(big)
    pipeline.feed(big)
    assert pipeline.refusal.dropped == 1
    assert len(pipeline.refusal.taken()) == 1
    pipeline.feed(big)
    assert pipeline.refusal.taken() == [("BAD_CONTEXT", big)]
    assert len(pipeline.rejects()[0][1]) == 200


def test_a_refused_frame_is_kept_too() -> None:
    """What is no JSON has no event, but a reason."""
    pipeline = Pipeline()
    pipeline.refusal.keeps = True
    pipeline.feed(b"[1,")
    assert pipeline.refusal.taken() == [("BAD_JSON", b"[1,")]
