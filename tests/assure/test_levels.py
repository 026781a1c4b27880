"""Levels of validation: every code, the table of outcomes, and that nothing is raised."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.assure.levels import CODES, OUTCOMES, Level, Severity, judge

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
LATER_S = NOW.timestamp() + 1.0


def changed(**changes: Any) -> dict[str, Any]:
    """A good change of a state, but for what is changed in it."""
    earlier = (NOW - timedelta(hours=1)).isoformat()
    new = {
        "entity_id": "light.hall",
        "state": "on",
        "attributes": {},
        "last_changed": NOW.isoformat(),
    }
    new |= changes.pop("new", {})
    data = {
        "entity_id": "light.hall",
        "old_state": {"state": "off", "last_changed": earlier},
        "new_state": new,
    }
    data |= changes.pop("data", {})
    found = {
        "event_type": "state_changed",
        "data": data,
        "origin": "LOCAL",
        "time_fired": NOW.isoformat(),
        "context": {"id": "c"},
    }
    return {k: v for k, v in {**found, **changes}.items() if v is not ...}


def agent(event_type: str, **data: Any) -> dict[str, Any]:
    """An event of an agent."""
    return changed(event_type=event_type) | {"data": data}


CASES: list[tuple[Any, list[str]]] = [
    (changed(), []),
    (5, ["NOT_AN_OBJECT"]),
    (None, ["NOT_AN_OBJECT"]),
    ([], ["NOT_AN_OBJECT"]),
    (changed(event_type=...), ["NO_EVENT_TYPE"]),
    (changed(event_type=""), ["NO_EVENT_TYPE"]),
    (changed() | {"data": "x"}, ["BAD_DATA"]),
    (changed(data={"entity_id": "light"}), ["BAD_ENTITY_ID"]),
    (changed(data={"new_state": 3}), ["NO_NEW_STATE"]),
    (changed(data={"new_state": None}), []),
    (changed(new={"state": None}), ["BAD_DATA"]),
    (changed(time_fired=...), ["BAD_TIME"]),
    (changed(time_fired="noon"), ["BAD_TIME"]),
    (changed(time_fired="2026-11-26T10:00:00"), ["BAD_TIME"]),
    (changed(context="c"), ["BAD_CONTEXT"]),
    (changed(context=None), ["BAD_CONTEXT"]),
    (changed(context=...), []),
    (changed(data={"old_state": "off"}), ["BAD_OLD_STATE"]),
    (changed(data={"old_state": None}), []),
    (changed(new={"state": "č" * 255}), []),
    (changed(new={"state": "č" * 256}), ["STATE_TOO_LONG"]),
    (changed(time_fired="2026-11-26T08:59:59+00:00"), ["TIME_SKEW"]),
    (changed(origin="ELSEWHERE"), ["UNKNOWN_ORIGIN"]),
    (changed(new={"last_changed": "2026-11-26T08:00:00+00:00"}), ["NEGATIVE_DURATION"]),
    (changed(new={"last_changed": "2026-12-26T08:00:00+00:00"}), ["LONG_DURATION"]),
    (changed(new={"attributes": {"a": [float("inf")]}}), ["NON_FINITE_ATTRIBUTE"]),
    (agent("anything"), []),
    (agent("agent_started", agent_name="a", timestamp="now"), []),
    (agent("agent_started", agent_name="a"), ["MISSING_DATA"]),
    (agent("agent_thinking", thought="a long one"), []),
    (agent("agent_thinking", thought=" "), ["NO_THOUGHT"]),
    (agent("agent_thinking", thought="hm"), ["SHORT_THOUGHT"]),
    (agent("tool_executing", tool_name="t"), ["MISSING_DATA"]),
    (agent("tool_completed", tool_name="t", success=False), []),
    (agent("tool_completed", tool_name="t"), ["NO_OUTCOME"]),
    (agent("agent_completed", agent_name="a", run_id=""), ["MISSING_DATA"]),
]


@pytest.mark.parametrize(("event", "codes"), CASES)
def test_every_flaw_has_its_code(event: Any, codes: list[str]) -> None:
    """Of one event, and no other code."""
    assert list(judge(event, LATER_S).codes) == codes


def test_every_code_is_tried() -> None:
    """But the one that only the core can know."""
    tried = {code for _, codes in CASES for code in codes}
    assert tried == CODES.keys() - {"NOT_ENCODABLE"}


def test_several_flaws_are_as_bad_as_the_worst() -> None:
    """All of them are named."""
    found = judge(changed(origin="X", context=3))
    assert found.severity is Severity.ERROR
    assert set(found.codes) == {"UNKNOWN_ORIGIN", "BAD_CONTEXT"}
    assert found.result == "error"


def test_what_is_not_live_is_not_skewed() -> None:
    """Rows of the past are old."""
    assert judge(changed(time_fired="2020-01-01T00:00:00+00:00")).codes == ()


@pytest.mark.parametrize("level", OUTCOMES)
def test_levels_differ_as_the_table_says(level: Level) -> None:
    """Four severities, three levels."""
    events = (
        changed(),
        changed(origin="X"),
        changed(context=3),
        changed(data={"new_state": 3}),
    )
    found = tuple(judge(event).outcome(level) for event in events)
    table = {
        "strict": ("accept", "reject", "reject", "reject"),
        "moderate": ("accept", "mark", "reject", "reject"),
        "permissive": ("accept", "mark", "mark", "reject"),
    }
    assert found == table[level]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    *("event_type", "data", "context", "time_fired", "entity_id"),
                    *("state", "old_state", "new_state", "attributes", "last_changed"),
                    "thought",
                )
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(JSON, st.sampled_from(["state_changed", "agent_started", "agent_thinking"]))
def test_nothing_is_raised(event: Any, event_type: str) -> None:
    """Whatever comes."""
    judge(event, LATER_S)
    judge(changed(event_type=event_type) | {"data": event}, LATER_S)
    judge(json.dumps(event).encode())
    judge(b"\xff")
