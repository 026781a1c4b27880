"""The levels in Python and in the compiled core: two ways, one verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq import Pipeline
from hiq.assure.levels import Level, judge
from hiq.validating import put_in_force
from tests.assure.test_levels import changed

TIME = "2026-11-26T10:00:00"
ODD: dict[str, list[Any]] = {
    "time_fired": [
        *(None, 5, "", "noon", TIME, TIME + "Z", TIME + ".5Z", TIME + ".1234567Z"),
        *(
            TIME.replace("T", " ") + "Z",
            TIME + "+02:00",
            TIME + "+0200",
            TIME + "+25:00",
        ),
        *("2026-02-29T10:00:00Z", "9999-12-31T10:00:00Z", "0001-01-01T00:00:00Z"),
        *("٢026-11-26T10:00:00Z", TIME + "z", [TIME]),
    ],
    "context": [..., None, "c", [], {}, {"id": 3}, 0],
    "origin": [..., None, "LOCAL", "REMOTE", "X", 3],
}
ODD_DATA: dict[str, list[Any]] = {
    "entity_id": [None, 3, "", "light", ".a", "light.", "a.b.c", "light.ž", "a.."],
    "old_state": [None, {}, [], "off", 0, False],
    "new_state": [3, [], "on", {}, {"state": "on"}, {"state": 3, "attributes": {}}],
}
ODD_STATE: dict[str, list[Any]] = {
    "state": [None, 3, "", "x" * 255, "x" * 256, "č" * 256, '"' * 256, "\u2028" * 300],
    "attributes": [None, [], {"a": None}, {"a": {"b": [1, 2.5]}}],
}


def some(odd: dict[str, list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of these keys, each with one of its values."""
    values = {key: st.sampled_from(found) for key, found in odd.items()}
    return st.fixed_dictionaries({}, optional=values)


@given(some(ODD), some(ODD_DATA), some(ODD_STATE))
def test_what_the_core_refuses_is_what_the_table_says(
    changes: dict[str, Any], data: dict[str, Any], new: dict[str, Any]
) -> None:
    """For any event that is odd in any of its parts, at each level."""
    event = changed(**changes, data=data, new=new)
    for level in ("strict", "moderate", "permissive"):
        check(event, level)


@pytest.mark.parametrize(
    "part", [ODD, ODD_DATA, ODD_STATE], ids=["event", "data", "new"]
)
def test_each_odd_value_alone(part: dict[str, list[Any]]) -> None:
    """None of them is left to chance."""
    for key, values in part.items():
        for value in values:
            where = {id(ODD): {key: value}, id(ODD_DATA): {"data": {key: value}}}
            event = changed(**where.get(id(part), {"new": {key: value}}))
            for level in ("strict", "moderate", "permissive"):
                check(event, level)


def check(event: dict[str, Any], level: Level) -> None:
    """Compare both; the core knows the time, which makes up for one that is bad."""
    pipeline = Pipeline()
    put_in_force(pipeline, level, lambda: 1_795_687_300.0)
    message = json.dumps({"type": "event", "event": event, "id": 1}).encode()
    verdict = pipeline.feed(message)
    found = judge(event, 1_795_687_300.0)
    refused = found.outcome(level) == "reject"
    assert verdict.rejected == refused, (found, pipeline.rejects(), event)
