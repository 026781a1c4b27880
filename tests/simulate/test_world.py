"""The simulated home: deterministic, a chain of states, times that rise."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq.simulate.world import World, iso

NOW = 1_700_000_000_000_000


def began(entities: int = 100, seed: int = 1) -> World:
    """Return a home that has its first states."""
    world = World(entities, seed)
    world.begin(NOW)
    return world


def test_iso_leaves_out_a_zero_fraction():
    """Times are written as Home Assistant does: microseconds, or none at all."""
    assert iso(NOW) == "2023-11-14T22:13:20+00:00"
    assert iso(NOW + 1) == "2023-11-14T22:13:20.000001+00:00"


@given(seed=st.integers(0, 2**64 - 1), entities=st.integers(1, 80))
@settings(max_examples=20, deadline=None)
def test_the_same_seed_gives_the_same_changes(seed: int, entities: int):
    """Two homes of one seed agree in every byte of 50 events."""
    one, two = began(entities, seed), began(entities, seed)
    for step in range(50):
        assert one.step(NOW + step).json == two.step(NOW + step).json
    assert one.home.entity_rows() == two.home.entity_rows()


def test_another_seed_gives_another_home():
    """Two seeds differ in their events."""
    assert began(seed=1).step(NOW).json != began(seed=2).step(NOW).json


def test_even_a_small_home_has_a_dozen_domains():
    """Sixty entities are enough for twelve domains, each entity once."""
    states = began(60).states
    assert len(states) == 60
    assert len({entity_id.partition(".")[0] for entity_id in states}) >= 12


def test_begin_does_nothing_the_second_time():
    """A home that began keeps its states."""
    world = began()
    before = dict(world.states)
    world.begin(NOW + 5)
    assert world.states == before


def test_changes_form_a_chain_with_rising_times():
    """Each old state is the new state before, and no time comes twice."""
    world = began()
    last = dict(world.states)
    last_us = max(state.updated_us for state in last.values())
    for _ in range(5000):
        change = world.step(NOW)  # the clock stands still
        assert change.old is last.get(change.entity_id)
        assert change.time_us > last_us
        last_us = change.time_us
        if change.new is None:
            del last[change.entity_id]
        else:
            assert change.new.updated_us == change.time_us
            last[change.entity_id] = change.new
    assert world.states == last


def test_a_home_sees_removal_creation_and_unavailable():
    """In 20,000 changes entities go, come back, and become unavailable."""
    world = began()
    changes = [world.step(NOW) for _ in range(20_000)]
    assert any(change.new is None for change in changes)
    assert any(change.old is None for change in changes)
    gone = [c for c in changes if c.new and c.new.state == "unavailable"]
    back = [c for c in changes if c.old and c.old.state == "unavailable" and c.new]
    assert len(gone) > 20
    assert back
    assert all(c.new and c.new.state != "unavailable" for c in back)


def test_last_changed_stays_when_the_state_stays():
    """A change of attributes alone moves last_updated only."""
    world = began()
    world.set("sensor.x", "1", {"a": 1}, NOW + 10_000)
    change = world.set("sensor.x", "1", {"a": 2}, NOW + 20_000)
    assert change.new
    assert change.new.changed_us == NOW + 10_000
    assert change.new.updated_us == NOW + 20_000
    assert world.states["sensor.x"] is change.new


def test_an_event_is_json_with_both_states():
    """The event holds the JSON of the old and the new state, and one context."""
    world = began()
    before = world.set("sensor.x", 'a "b" č', {"n": [1, None]}, NOW).new
    change = world.set("sensor.x", "2", {}, NOW + 1_000_000)
    event = json.loads(change.json)
    assert before
    assert event["data"]["old_state"] == json.loads(before.json)
    assert event["data"]["new_state"]["state"] == "2"
    assert event["time_fired"] == event["data"]["new_state"]["last_updated"]
    assert event["context"] == event["data"]["new_state"]["context"]
    assert len(event["context"]["id"]) == 26


def test_a_removal_has_no_new_state():
    """What is removed is gone from the states; twice is a KeyError."""
    world = began()
    world.set("sensor.x", "1", None, NOW)
    event = json.loads(world.remove("sensor.x", NOW).json)
    assert event["data"]["new_state"] is None
    assert "sensor.x" not in world.states
    with pytest.raises(KeyError):
        world.remove("sensor.x", NOW)


@pytest.mark.parametrize(("length", "kept"), [(255, True), (256, False)])
def test_a_state_that_is_too_long_becomes_unknown(length: int, kept: bool):
    """Home Assistant allows 255 characters."""
    new = began().set("sensor.x", "č" * length, {}, NOW).new
    assert new
    assert (new.state == "unknown") is not kept


def test_other_events_have_their_data():
    """An event of another type has type, data, time and context."""
    event = json.loads(began().event("my_event", {"a": 1}, NOW))
    assert event["event_type"] == "my_event"
    assert event["data"] == {"a": 1}
    assert set(event) == {"event_type", "data", "origin", "time_fired", "context"}
