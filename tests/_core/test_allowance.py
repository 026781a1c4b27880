"""Which attributes are written."""

from __future__ import annotations

from hiq import Pipeline
from hiq._core.allowance import Allowance
from hiq._core.filter_options import FilterRules
from tests._core.helpers import agree, fields
from tests.events import frame, state_changed


def test_a_name_must_pass_both_lists() -> None:
    """Those of all entities and those of the domain; denied wins over allowed."""
    lists = {
        "allow": ["a*", "b"],
        "deny": "a1",
        "domains": {"light": {"allow": "a*", "deny": "a2"}},
    }
    allowance = Allowance(FilterRules.read({"attributes": lists}))
    assert allowance.count == 5
    kept = {
        domain: [n for n in ("a", "a1", "a2", "b", "c") if allowance.keeps(domain, n)]
        for domain in ("light", "sensor")
    }
    assert kept == {"light": ["a"], "sensor": ["a", "a2", "b"]}


def test_left_out_attributes_are_no_fields() -> None:
    """Unit and tags are not touched: they name the series."""
    lists = {"allow": ["keep_*"]}
    events = [
        frame(
            state_changed(
                state=str(number),
                attributes={
                    "keep_x": 1,
                    "other": number,
                    "unit_of_measurement": "W",
                    "t": 2,
                },
            )
        )
        for number in range(3)
    ]
    options = {"filter": {"attributes": lists}, "tags_attributes": ["t"]}
    lines = agree(events, options)
    assert lines.startswith(b"W,domain=sensor,entity_id=x,t=2 keep_x=1.0,value=0.0 ")
    assert b"other" not in lines


def test_other_lists_hold_for_what_is_remembered() -> None:
    """After an exchange the next line has other fields, although nothing changed."""
    pipeline = Pipeline()
    event = frame(state_changed(attributes={"a": 1, "b": 2}))
    pipeline.feed(event)
    assert b" a=1.0,b=2.0,value" in pipeline.take()
    pipeline.set_filter({"filter": {"attributes": {"deny": "a"}}})
    pipeline.feed(event)
    assert b" b=2.0,value" in pipeline.take()
    assert fields({"a": 1}) == {"a": 1.0}
