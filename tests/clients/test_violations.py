"""Violations of contracts among the events of a session."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hiq.clients.principal import Scopes
from hiq.clients.subscriptions import VIOLATION
from tests.clients.talk import Home, Tab

BODY: dict[str, Any] = {
    "contract": "mine",
    "correlation": "r",
    "code": "GAP_EXCEEDED",
    "step": "a",
    "message": "nothing came",
    "events": ["a@1"],
}


def tell(home: Home) -> int:
    """Tell a violation."""
    return home.hub.other(VIOLATION, json.dumps(BODY).encode(), home.time.now)


def seqs(tab: Tab) -> list[tuple[str, int]]:
    """Read type and number of what is numbered."""
    return [(one["type"], one["seq"]) for one in tab.read() if "seq" in one]


def test_it_is_numbered_among_the_events() -> None:
    """In its place, and confirmed like them."""
    home = Home()
    tab = home.tab()
    tab.say("subscribe", id=1, filter={})
    home.fire()
    assert tell(home) == 1
    home.fire()
    found = [("event", 1), ("contract_violation", 2), ("event", 3)]
    assert seqs(tab) == found
    tab.say("ack", seq=2)
    home.time.pass_by(31)
    home.hub.tick(home.time.now)
    tab.it.tick()
    assert seqs(tab) == [("event", 3)]


def test_it_waits_for_who_is_away() -> None:
    """And comes with `resume`, saying that it was sent before if it was."""
    home = Home()
    tab = home.tab()
    tab.say("subscribe", id=1, filter={})
    tell(home)
    assert seqs(tab) == [("contract_violation", 1)]
    tab.it.end()
    tell(home)
    other = home.tab()
    session = tab.welcome["session"]
    found = other.say("resume", id=2, session=session, last_seq=0)
    again = [one for one in found if one["type"] == "contract_violation"]
    assert [(one["seq"], one["redelivered"]) for one in again] == [
        (1, True),
        (2, False),
    ]
    assert {key: again[0][key] for key in BODY} == BODY


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 1),
        ({"event_types": ["contract_violation"]}, 1),
        ({"event_types": ["state_changed"]}, 0),
        ({"domains": ["light"]}, 0),
        ({"areas": ["hall"]}, 0),
    ],
)
def test_filters_decide_who_gets_it(wanted: dict[str, Any], count: int) -> None:
    """It belongs to no entity."""
    home = Home()
    home.tab().say("subscribe", id=1, filter=wanted)
    assert tell(home) == count


@pytest.mark.parametrize(
    ("scopes", "count"),
    [
        (Scopes(), 1),
        (Scopes(frozenset(("control",))), 0),
        (Scopes(entities=("light.*",)), 0),
        (Scopes(event_types=frozenset(("state_changed",))), 0),
    ],
)
def test_scopes_decide_who_may_get_it(scopes: Scopes, count: int) -> None:
    """Who may see some entities only is not told of any."""
    home = Home()
    home.tab(scopes=scopes).say("subscribe", id=1, filter={})
    assert tell(home) == count
