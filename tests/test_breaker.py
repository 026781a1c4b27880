"""The breaker's rules, on a clock that the test moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.breaker import Breaker
from tests.journal.clockwork import steady


class Clock:
    """Seconds that pass on command."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(clock, failures=3, probe_s=10.0, pauses=steady)


def test_closed_lets_everything_through(breaker):
    """While the database answers, any number of requests may go at once."""
    assert [breaker.ask() for _ in range(5)] == [0.0] * 5
    breaker.succeeded()
    assert (breaker.state, breaker.failures, breaker.opened) == ("closed", 0, 0)


def test_pauses_grow_until_it_opens(breaker, clock):
    """Each failure pauses everybody, longer each time; the third opens."""
    for pause, state in ((1.0, "closed"), (2.0, "closed"), (10.0, "open")):
        assert breaker.ask() == 0.0
        breaker.failed()
        assert (breaker.ask(), breaker.state) == (pause, state)
        clock.now += pause
    assert breaker.opened == 1


def test_half_open_lets_exactly_one_through(breaker, clock):
    """One probe at a time; its success closes, its failure waits again."""
    breaker.failed(at_once=True)
    assert breaker.ask() == 10.0
    clock.now += 10.0
    assert (breaker.ask(), breaker.ask(), breaker.ask()) == (0.0, None, None)
    assert breaker.state == "half-open"
    breaker.failed()
    assert (breaker.ask(), breaker.state) == (10.0, "open")
    clock.now += 10.0
    assert breaker.ask() == 0.0
    breaker.succeeded()
    assert [breaker.ask() for _ in range(3)] == [0.0] * 3
    breaker.failed()
    assert breaker.ask() == 1.0
    assert breaker.opened == 1


def test_a_probe_that_is_given_up_makes_room_for_another(breaker, clock):
    """A cancelled probe does not leave it half-open for ever."""
    breaker.failed(at_once=True)
    clock.now += 10.0
    assert breaker.ask() == 0.0
    breaker.abandoned()
    assert breaker.ask() == 0.0
    breaker.succeeded()
    breaker.abandoned()
    assert breaker.state == "closed"


def test_what_was_sent_before_it_opened_changes_little(breaker, clock):
    """A late failure moves no probe; a late success closes."""
    for _ in range(3):
        breaker.failed()
    clock.now += 9.0
    breaker.failed()
    assert breaker.ask() == 1.0
    breaker.succeeded()
    assert breaker.ask() == 0.0


@pytest.mark.parametrize(("after", "pause"), [(30.0, 30.0), (0.5, 1.0), (1e9, 3600.0)])
def test_what_the_database_asks_for_holds_for_all(breaker, after, pause):
    """Retry-After is honoured if it is longer than the pause, up to an hour."""
    breaker.failed(after)
    assert breaker.ask() == pause


def test_what_was_asked_for_is_over_with_a_success(breaker, clock):
    """Of two requests one is sent away for an hour, one succeeds: the hour is over."""
    breaker.failed(3600.0)
    breaker.succeeded()
    clock.now += 600.0
    assert breaker.ask() == 0.0
    breaker.failed()
    assert breaker.ask() == 1.0


def test_a_hurry_ends_a_pause(breaker):
    """The next request goes at once; the one after the failure waits again."""
    breaker.failed(at_once=True)
    breaker.hurry()
    assert breaker.ask() == 0.0
    breaker.failed()
    assert breaker.ask() == 10.0


@given(st.lists(st.sampled_from(["ask", "good", "bad", "hold", "lost", "tick"])))
def test_never_more_than_one_probe(steps):
    """In any order of events: after it opened one request is under way at most."""
    clock = Clock()
    breaker = Breaker(clock, failures=2, probe_s=10.0, pauses=steady)
    probing = 0
    flying = 0
    for step in steps:
        if step == "tick":
            clock.now += 4.0
        elif step == "ask":
            before = breaker.state
            if breaker.ask() == 0.0:
                flying += 1
                probing += before == "open"
        elif flying:
            flying -= 1
            {
                "good": breaker.succeeded,
                "bad": breaker.failed,
                "hold": lambda: breaker.failed(at_once=True),
                "lost": breaker.abandoned,
            }[step]()
            probing = 0
        assert probing <= 1
        assert (breaker.state == "half-open") == bool(probing)
