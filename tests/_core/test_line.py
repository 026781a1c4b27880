"""The judgement of one event."""

from __future__ import annotations

from typing import Any

import pytest

from hiq import Pipeline
from tests._core.helpers import agree
from tests.events import TIME, frame, state_changed


def changed(**event: Any) -> dict[str, Any]:
    """An event with members of `event` replaced, None removes."""
    message = state_changed()
    for key, value in event.items():
        if value is None:
            del message["event"][key]
        else:
            message["event"][key] = value
    return message


CASES: list[tuple[dict[str, Any], str]] = [
    (changed(data=None), "BAD_DATA"),
    (changed(data=[]), "BAD_DATA"),
    (changed(data={}), "BAD_ENTITY_ID"),
    (state_changed(entity_id=5), "BAD_ENTITY_ID"),
    (state_changed(entity_id=None), "BAD_ENTITY_ID"),
    (state_changed(entity_id=""), "BAD_ENTITY_ID"),
    (state_changed(entity_id="sensor"), "BAD_ENTITY_ID"),
    (state_changed(entity_id=".x"), "BAD_ENTITY_ID"),
    (state_changed(entity_id="sensor."), "BAD_ENTITY_ID"),
    (changed(data={"entity_id": "a.b"}), "NO_NEW_STATE"),
    (state_changed(new_state=5), "NO_NEW_STATE"),
    (state_changed(new_state="x"), "NO_NEW_STATE"),
    (state_changed(new_state={}), "BAD_DATA"),
    (state_changed(state=5), "BAD_DATA"),
    (state_changed(attributes=[]), "BAD_DATA"),
    (state_changed(new_state={"state": "5"}), "BAD_DATA"),
    (changed(time_fired=None), "BAD_TIME"),
    (changed(time_fired=5), "BAD_TIME"),
]


@pytest.mark.parametrize(("message", "reason"), CASES)
def test_bad_events(message: dict[str, Any], reason: str) -> None:
    """A bad event is refused with its reason, between good ones that go through."""
    good, bad = frame(state_changed()), frame(message)
    pipeline = Pipeline()
    verdict = pipeline.feed(b"[" + b",".join([good, bad, good]) + b"]")
    assert (verdict.events, verdict.points, verdict.rejected) == (3, 2, 1)
    assert pipeline.rejects() == [(reason, bad[:200])]
    agree([b"[" + b",".join([good, bad, good]) + b"]", bad, good])


@pytest.mark.parametrize("state", ["unknown", "unavailable", ""])
def test_states_without_a_point(state: str) -> None:
    """These states and removals are skipped, exactly as they are written."""
    for message in (state_changed(state=state), state_changed(new_state=None)):
        verdict = Pipeline().feed(frame(message))
        assert (verdict.events, verdict.skipped, verdict.points) == (1, 1, 0)
    assert Pipeline().feed(frame(state_changed(state=state + " x"))).points == 1


@pytest.mark.parametrize("entity_id", ["a b.c=d", "ä.ö", "#.x", "s\n.x\\", "a.b.c"])
def test_unusual_entity_ids(entity_id: str) -> None:
    """Any text with a dot inside is an entity id, and is cleaned like other names."""
    agree([frame(state_changed(entity_id=entity_id, attributes={"a": 1}))] * 2)


def test_snapshot_repeats_nothing() -> None:
    """With `snapshot`, a state whose stamp was the last one seen is a duplicate."""
    later = "2026-11-20T15:09:30+00:00"
    pipeline = Pipeline()
    old, new = frame(state_changed()), frame(state_changed(state="6", time=later))
    assert pipeline.feed(old).points == 1
    assert pipeline.feed(old, snapshot=True).duplicates == 1
    assert pipeline.feed(old).points == 1
    assert pipeline.feed(new, snapshot=True).points == 1
    assert pipeline.feed(old, snapshot=True).points == 1
    assert pipeline.feed(b"[" + new + b"," + new + b"]", True).duplicates == 1
    agree([old, old, new, old, b"[" + new + b"," + new + b"]"], snapshot=True)


def test_snapshot_knows_skipped_states() -> None:
    """The stamp of a state without a point counts as seen, that of a bad one not."""
    gone = frame(state_changed(state="unavailable"))
    bad = frame(state_changed(state=5, time="2026-11-20T15:09:31+00:00"))
    other = frame(state_changed(entity_id="light.a", time=TIME))
    agree([gone, gone, bad, bad, other, other], snapshot=True)
