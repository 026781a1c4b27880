"""The whole filter against the reference: rules, lists, limits, and their changes."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hiq import Pipeline
from hiq._core.judge import Judge
from hiq._core.options import Options
from tests._core.helpers import agree, counts
from tests.events import frame, state_changed
from tests.reference import ReferencePipeline
from tests.rules import STEPS, filters
from tests.strategies import SIDES

Steps = list[tuple[str, Any]]


def live(options: dict[str, Any], steps: Steps) -> Pipeline:
    """Live through the steps with both implementations; they must agree in all."""
    ours, theirs = Pipeline(options), ReferencePipeline(options)
    for kind, what in steps:
        if kind == "feed":
            assert counts(ours.feed(what)) == counts(theirs.feed(what)), what
        elif kind == "filter":
            ours.set_filter(what)
            theirs.set_filter(what)
        else:
            ours.set_tags(*what)
            theirs.set_tags(*what)
    assert ours.rejects() == theirs.rejects()
    assert ours.take() == theirs.take()
    return ours


OPTIONS = st.fixed_dictionaries(
    {"filter": filters()}, optional={"include": SIDES, "exclude": SIDES}
)


EXAMPLES = int(os.environ.get("FILTER_EXAMPLES", "300"))


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(OPTIONS, STEPS)
def test_equals_oracle(options: dict[str, Any], steps: Steps) -> None:
    """Any rules decide any stream, with changes of registry and class, as spelled out."""
    live(options, steps)


@settings(max_examples=200)
@given(OPTIONS, OPTIONS, STEPS, STEPS)
def test_a_new_filter_decides_from_the_next_event_on(
    options: dict[str, Any], later: dict[str, Any], steps: Steps, more: Steps
) -> None:
    """After an exchange all is decided anew, and what is known of entities is kept."""
    live(options, [*steps, ("filter", later), *more])


@settings(max_examples=200)
@given(filters(), STEPS)
def test_each_event_counts_once(rules: dict[str, Any], steps: Steps) -> None:
    """Filtered, passed and exceptions add up to the events; rules name their share."""
    pipeline = Pipeline({"filter": rules})
    events = filtered = 0
    for kind, what in steps:
        if kind == "feed":
            verdict = pipeline.feed(what)
            events += verdict.events
            filtered += verdict.filtered
        else:
            pipeline.set_tags(*what)
    found = pipeline.filter_counts
    assert found.filtered + found.passed + found.exceptions == events
    assert found.filtered + found.thinned == filtered
    decided = [name for name in found.rules if not name.startswith("limits")]
    assert sum(found.rules[name] for name in decided) <= events


ONE_OF_FEW = st.tuples(
    st.sampled_from(["1", "2", "on", "unavailable"]),
    st.sampled_from(["power", "energy", "gas", None]),
    st.sampled_from(["new", "gone"]) | st.just("known"),
)


@settings(max_examples=EXAMPLES // 2)
@given(filters(), st.lists(ONE_OF_FEW, min_size=3, max_size=15), st.booleans())
def test_a_class_that_goes_to_and_fro(
    rules: dict[str, Any],
    states: list[tuple[str, str | None, str]],
    together: bool,
) -> None:
    """One entity, few states and classes: what is remembered never misleads."""
    patterns = [{"device_class": ["energy", "gas"]}, *rules.get("patterns", ())]
    frames = []
    old: dict[str, Any] | None = None
    for state, device_class, kind in states:
        attributes = {"unit_of_measurement": "W", "device_class": device_class, "b": 1}
        if device_class is None:
            del attributes["device_class"]
        known = old if kind != "new" else None
        event = state_changed("sensor.x", state, attributes, old_state=known)
        if kind == "gone":
            event["event"]["data"]["new_state"] = None
        old = event["event"]["data"]["new_state"]
        frames.append(frame(event))
    if together:
        frames = [b"[" + b",".join(frames) + b"]"]
    live({"filter": {**rules, "patterns": patterns}}, [("feed", f) for f in frames * 2])


def with_class(state: str, device_class: str | None, **data: Any) -> bytes:
    """An event of one sensor with a class."""
    attributes = {"unit_of_measurement": "W", "device_class": device_class}
    return frame(state_changed(state=state, attributes=attributes, **data))


def test_a_changed_class_is_decided_anew() -> None:
    """The class of the event at hand decides, however often it changes."""
    events = [
        with_class(str(number), device_class)
        for number, device_class in enumerate(
            ["power", "energy", "power", "power", None, "energy", "energy", "power"]
        )
    ]
    lines = agree(events, {"filter": {"patterns": [{"device_class": "energy"}]}})
    assert lines.count(b"\n") == 5


def test_equal_attributes_after_a_refused_class_are_read_again() -> None:
    """What is remembered of an accepted state does not speak for a refused one."""
    rules = {"filter": {"patterns": [{"device_class": "energy"}]}}
    order = ["power", "power", "energy", "power", "energy", "energy", "power", "power"]
    events = [with_class(str(number), name) for number, name in enumerate(order)]
    assert agree(events, rules).count(b"\n") == 5


def test_on_removal_the_class_of_the_old_state_decides() -> None:
    """An entity that goes is judged by what it was, also if that is remembered."""
    known = {"entity_id": "sensor.x", "state": "1", "attributes": {"device_class": "a"}}
    gone = frame(state_changed(old_state=known, new_state=None))
    for mode, counted in (("exclude", "filtered"), ("include", "skipped")):
        pipeline = Pipeline(
            {"filter": {"mode": mode, "patterns": [{"device_class": "a"}]}}
        )
        assert getattr(pipeline.feed(gone), counted) == 1


def test_several_events_of_an_entity_in_one_frame() -> None:
    """A class that changes within a frame is seen at each event."""
    order = ["a", "a", "b", "a", "b"]
    first = [with_class("1", "a"), with_class("2", "a")]
    coalesced = (
        b"[" + b",".join(with_class(str(n), c) for n, c in enumerate(order)) + b"]"
    )
    rules = {"filter": {"patterns": [{"device_class": "b"}]}}
    assert agree([*first, coalesced, *first], rules).count(b"\n") == 7


def test_a_bad_filter_changes_nothing() -> None:
    """An exchange with an error leaves what was in force."""
    pipeline = Pipeline({"filter": {"patterns": [{"domain": "sensor"}]}})
    with pytest.raises(ValueError, match="unknown key 'area'"):
        pipeline.set_filter({"filter": {"patterns": [{"area": "x"}]}})
    assert pipeline.feed(frame(state_changed())).filtered == 1


def test_an_exchange_keeps_what_is_known() -> None:
    """The state of a snapshot is still a duplicate after the filter has changed."""
    pipeline = Pipeline()
    pipeline.feed(frame(state_changed()))
    pipeline.set_filter({"filter": {"patterns": [{"domain": "light"}]}})
    assert pipeline.feed(frame(state_changed()), snapshot=True).duplicates == 1


def test_explains_one_entity() -> None:
    """The rule that decides is named, and whether the class matters."""
    pipeline = Pipeline(
        {
            "exclude": {"domains": ["light"]},
            "filter": {
                "patterns": [
                    {"area_id": "attic"},
                    {"domain": "sensor", "device_class": "power"},
                ],
                "exceptions": [{"entity_id": "*.keep_*"}],
                "limits": [{"domain": "sensor", "min_change": 1}],
            },
        }
    )
    explain = pipeline.explain
    assert explain("light.x").rule == "include/exclude"
    assert explain("switch.x", {"area_id": "attic"}).rule == "patterns[0]"
    assert explain("sensor.keep_x", {"area_id": "attic"}).rule == "exceptions[0]"
    decision = explain("sensor.x")
    assert (decision.accepted, decision.rule, decision.limit) == (True, "", "limits[0]")
    assert decision.by_class
    assert not explain("sensor.x", device_class="power").accepted
    assert not explain("switch.x").by_class


def at(second: float, state: str) -> bytes:
    """An event of one sensor some seconds after noon."""
    return frame(
        state_changed(state=state, time=f"2026-11-20T12:00:{second:06.3f}+00:00")
    )


@pytest.mark.parametrize(
    ("limit", "written"),
    [
        ({"min_interval": 10}, ["0", "5", "on", "6", "8"]),
        ({"min_change": 2}, ["0", "5", "on", "6", "8"]),
        ({"min_interval": 10, "min_change": 2}, ["0", "5", "on", "6", "8"]),
    ],
)
def test_limits_leave_out_numbers_only(
    limit: dict[str, Any], written: list[str]
) -> None:
    """A text is always written, and so is the first number behind it."""
    events = [
        (0, "0"),
        (1, "1"),
        (10, "5"),
        (11, "on"),
        (12, "6"),
        (13, "7"),
        (23, "8"),
    ]
    pipeline = Pipeline({"filter": {"limits": [{"domain": "sensor", **limit}]}})
    states = [
        state for second, state in events if pipeline.feed(at(second, state)).points
    ]
    assert states == written
    assert pipeline.filter_counts.thinned == len(events) - len(written)
    assert pipeline.filter_counts.rules == {"limits[0]": 2}


def test_with_both_limits_one_is_enough_to_be_written() -> None:
    """A great change comes at once, a small one when the time is up."""
    limit = {"domain": "sensor", "min_interval": 10, "min_change": 5}
    pipeline = Pipeline({"filter": {"limits": [limit]}})
    found = [
        pipeline.feed(at(second, state)).points
        for second, state in [(0, "0"), (1, "9"), (2, "10"), (12, "10.5"), (13, "11")]
    ]
    assert found == [1, 1, 0, 1, 0]


def test_totals_have_a_place_for_each_rule() -> None:
    """Nothing that is counted grows with what comes."""
    rules = {
        "patterns": [{"domain": "a"}] * 3,
        "limits": [{"domain": "a", "min_change": 1}],
    }
    decided, thinned = Judge(Options.read({"filter": rules})).totals()
    assert (len(decided), len(thinned)) == (5, 1)
