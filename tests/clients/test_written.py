"""`written` tells up to which number databases have it, and never more."""

from __future__ import annotations

import pytest

from hiq.clients import hub
from tests.clients.talk import Home

EVENT = b'{"event_type":"mine","data":{}}'
FILTER = {"event_types": ["mine", "state_changed"], "written": True}


def test_written_follows_the_databases() -> None:
    """Up to which number databases have it, for who asked."""
    home = Home()
    tab = home.tab()
    tab.say("subscribe", filter={"written": True})
    home.fire(count=3)
    tab.read()
    home.hub.tick(home.time.now, written=2)
    assert tab.read() == []
    home.hub.tick(home.time.now, written=3)
    (written,) = tab.read()
    assert (written["type"], written["up_to_seq"]) == ("written", 3)
    assert tab.read() == []


@pytest.mark.parametrize("later", ["another event", "an event held back"])
def test_more_marks_than_are_kept(monkeypatch: pytest.MonkeyPatch, later: str) -> None:
    """A mark that stands for another one waits for the points of both."""
    monkeypatch.setattr(hub, "MOST_MARKS", 2)
    home = Home()
    tab = home.tab()
    throttle = {"min_interval": 10} if later == "an event held back" else {}
    tab.say("subscribe", filter=FILTER | throttle)
    for number in range(3):
        home.fire(f"light.{number}")
    if throttle:
        home.fire("light.0")
        home.time.pass_by(11)
        home.hub.tick(home.time.now, written=0)
    else:
        home.hub.other("mine", EVENT, home.time.now)
    seqs = tab.seqs()
    assert seqs == [1, 2, 3, 4]
    home.hub.tick(home.time.now, written=1)
    assert [frame["up_to_seq"] for frame in tab.read()] == [1]
    home.hub.tick(home.time.now, written=2)
    assert tab.read() == []
    home.hub.tick(home.time.now, written=home.fired)
    assert [frame["up_to_seq"] for frame in tab.read()] == [4]


def test_what_was_held_back_waits_for_its_point() -> None:
    """An event that an interval held back is not written because others are."""
    home = Home()
    tab = home.tab()
    tab.say("subscribe", filter=FILTER | {"min_interval": 10})
    home.fire(count=2)
    home.hub.tick(home.time.now, written=1)
    home.time.pass_by(11)
    home.hub.tick(home.time.now, written=1)
    frames = tab.read()
    assert [frame["up_to_seq"] for frame in frames if frame["type"] == "written"] == []
    assert [frame["seq"] for frame in frames if frame["type"] == "event"] == [1, 2]
    home.hub.tick(home.time.now, written=2)
    assert [frame["up_to_seq"] for frame in tab.read()] == [2]


def test_another_session_is_told_anew() -> None:
    """What was told of the session before does not hold for the one resumed."""
    home = Home()
    first = home.tab()
    first.say("subscribe", filter=FILTER | {"domains": ["switch"]})
    home.fire("switch.pump")
    first.read()
    first.it.end(well=False)
    second = home.tab()
    second.say("subscribe", filter=FILTER)
    home.fire(count=3)
    second.read()
    home.hub.tick(home.time.now, written=4)
    assert [frame["up_to_seq"] for frame in second.read()] == [3]
    frames = second.say("resume", session=first.welcome["session"], last_seq=0)
    told = [frame["up_to_seq"] for frame in frames if frame["type"] == "written"]
    assert told == [1]


def test_who_was_taken_over_takes_nothing_away() -> None:
    """A message that was on its way does not end the session of the new owner."""
    home = Home()
    first, third = home.tab(), home.tab()
    for tab in (first, third):
        tab.say("subscribe")
    second = home.tab()
    second.say("resume", session=first.welcome["session"], last_seq=0)
    name = third.welcome["session"]
    first.it.receive(f'{{"type":"resume","session":"{name}","last_seq":0}}', 99)
    home.fire()
    assert second.seqs() == [1]
