"""The entity filter: six cases."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq._core.filter import Filter
from hiq._core.options import FilterLists
from tests._core.helpers import agree
from tests.events import frame, state_changed
from tests.reference.filter import EntityFilter
from tests.reference.options import lists
from tests.strategies import SIDES

IDS = ["sensor.x", "light.x", "binary_sensor.motion_2", "sensor.y_1", "x.sensor.x"]
E, D, G = {"entities": ["sensor.x"]}, {"domains": ["light"]}, {"entity_globs": ["*_1"]}


def built(include: dict[str, Any], exclude: dict[str, Any]) -> Filter:
    """Our filter from two blocks of options."""
    return Filter(
        FilterLists.read("include", include), FilterLists.read("exclude", exclude)
    )


@pytest.mark.parametrize(
    ("include", "exclude", "case"),
    [
        ({}, {}, 1),
        (E, {}, 2),
        (D, {}, 2),
        ({}, G, 3),
        (D, E, 4),
        (G, D, 4),
        (E, D, 5),
        (E, G, 5),
        (E, E, 6),
    ],
)
def test_case_depends_on_what_is_listed(
    include: dict[str, Any], exclude: dict[str, Any], case: int
) -> None:
    """Only which lists are empty decides the case."""
    ours = built(include, exclude)
    assert ours.case == case == EntityFilter(lists(include), lists(exclude)).case


def test_case_4_ignores_excluded_domains() -> None:
    """With an included domain, excluding a domain has no effect."""
    ours = built({"domains": ["sensor"]}, {"domains": ["sensor"]})
    assert ours.decide("sensor.x") is True
    assert ours.decide("light.x") is False


@settings(max_examples=500)
@given(SIDES, SIDES, st.sampled_from(IDS))
def test_equals_oracle(
    include: dict[str, Any], exclude: dict[str, Any], entity_id: str
) -> None:
    """Any lists decide as the reference does."""
    theirs = EntityFilter(lists(include), lists(exclude)).accepts(entity_id)
    assert built(include, exclude).decide(entity_id) is theirs


def test_filtered_events_are_counted() -> None:
    """A refused entity gives no line, whatever its state is, and no rejection."""
    events = [
        frame(state_changed(entity_id="light.x", state=5)),
        frame(state_changed(entity_id="light.x", new_state=7)),
        frame(state_changed(entity_id="sensor.x")),
    ]
    lines = agree(events, {"exclude": {"domains": "light"}})
    assert lines.count(b"\n") == 1
