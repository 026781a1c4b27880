"""Filters: what they mean, once per event, with a least interval."""

from __future__ import annotations

from typing import Any

import pytest

from hiq.clients.frames import Filter
from hiq.clients.globs import matches
from hiq.clients.principal import EVERYTHING, Scopes
from hiq.clients.subscriptions import Event, Facts, Subscriptions

FACTS = {"light.a": Facts(frozenset({"kitchen", "Kitchen"}), frozenset({"night"}))}


def facts(entity_id: str) -> Facts:
    """What the registry says."""
    return FACTS.get(entity_id, Facts())


def event(entity_id: str, number: int = 1, name: str = "e") -> Event:
    """A state."""
    return Event(name, number, entity_id, 0, b"{}")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, True),
        ({"entities": ("light.*",)}, True),
        ({"entities": ("switch.*", "light.?")}, True),
        ({"entities": ("LIGHT.a",)}, False),
        ({"domains": ("light",)}, True),
        ({"domains": ("sensor",)}, False),
        ({"domains": ("light",), "entities": ("sensor.*",)}, False),
        ({"areas": ("kitchen",)}, True),
        ({"areas": ("Kitchen",)}, True),
        ({"areas": ("cellar",)}, False),
        ({"labels": ("night",), "areas": ("kitchen",)}, True),
        ({"event_types": ("state_changed",)}, True),
        ({"event_types": ("other",)}, False),
    ],
)
def test_lists_are_or_and_keys_are_and(wanted: dict[str, Any], expected: bool) -> None:
    """Each key that is set must hold; in a list one name is enough."""
    subscriptions = Subscriptions(EVERYTHING)
    subscriptions.add(Filter(**wanted))
    assert bool(subscriptions.match(event("light.a"), facts, 0.0)) is expected


def test_sent_once_with_all_ids() -> None:
    """An event that several filters mean has all of their ids."""
    subscriptions = Subscriptions(EVERYTHING)
    names = [subscriptions.add(Filter(domains=("light",))) for _ in range(2)]
    subscriptions.add(Filter(domains=("sensor",)))
    assert subscriptions.match(event("light.a"), facts, 0.0) == ("1", "2")
    assert names == ["1", "2"]


def test_a_change_of_filters_is_decided_anew() -> None:
    """What was remembered about an entity does not outlive a filter."""
    subscriptions = Subscriptions(EVERYTHING)
    name = subscriptions.add(Filter())
    assert name is not None
    assert subscriptions.match(event("light.a"), facts, 0.0)
    assert subscriptions.remove(name)
    assert not subscriptions.remove(name)
    assert not subscriptions.match(event("light.a"), facts, 0.0)


def test_an_event_without_an_entity_decides_for_itself_only() -> None:
    """What has no number is decided by its entity, whatever came before it."""
    subscriptions = Subscriptions(EVERYTHING)
    subscriptions.add(Filter(entities=("light.a",)))
    told = [
        bool(subscriptions.match(event(name, 0), facts, 0.0))
        for name in ("light.a", "", "light.a", "light.b", "")
    ]
    assert told == [True, False, True, False, False]


def test_scopes_are_above_filters() -> None:
    """A filter for everything shows what the token allows, and no more."""
    scopes = Scopes(frozenset({"read"}), ("light.*",), frozenset({"state_changed"}))
    subscriptions = Subscriptions(scopes)
    subscriptions.add(Filter())
    assert subscriptions.match(event("light.a"), facts, 0.0)
    assert not subscriptions.match(event("sensor.b", 2), facts, 0.0)
    assert not subscriptions.wants(2, "sensor.b", facts)
    nothing = Subscriptions(Scopes(frozenset()))
    nothing.add(Filter())
    assert not nothing.match(event("light.a"), facts, 0.0)


def test_so_many_and_no_more() -> None:
    """The number of filters is bounded; a place that is freed is free."""
    subscriptions = Subscriptions(EVERYTHING, 2)
    assert [subscriptions.add(Filter()) for _ in range(3)] == ["1", "2", None]
    subscriptions.remove("1")
    assert subscriptions.add(Filter()) == "3"


def test_within_the_interval_the_last_one_is_held() -> None:
    """One now, the last of those that follow when the time is over."""
    subscriptions = Subscriptions(EVERYTHING)
    subscriptions.add(Filter(min_interval=10))
    assert subscriptions.match(event("light.a", 1, "first"), facts, 0.0)
    for name in ("second", "third"):
        assert not subscriptions.match(event("light.a", 1, name), facts, 5.0)
    assert subscriptions.match(event("light.b", 2), facts, 5.0)
    assert subscriptions.holding
    assert subscriptions.release(9.9) == []
    ((held, names),) = subscriptions.release(10.0)
    assert (held.event_id, names) == ("third", ("1",))
    assert not subscriptions.holding
    assert not subscriptions.match(event("light.a", 1, "fourth"), facts, 19.9)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("a*c", "abc", True),
        ("a*c", "abcd", False),
        ("*a*b*", "xxaxxbxx", True),
        ("?", "", False),
        ("light.[a]", "light.a", False),
        ("*" * 50 + "x", "a" * 250, False),
    ],
)
def test_globs(pattern: str, text: str, expected: bool) -> None:
    """Stars and question marks mean what they mean everywhere; nothing else does."""
    assert matches(pattern, text) is expected
