"""When a ping is due and when a peer is dead, asked of a clock that only tells."""

from __future__ import annotations

from hiq.clients.heartbeat import Heartbeat


def alive(interval_s: float = 0.5, timeout_s: float = 60.0) -> Heartbeat:
    """Return the life of a peer that was heard at 100."""
    return Heartbeat(interval_s, timeout_s, 2, heard_s=100.0)


def looks(beat: Heartbeat, until_s: float) -> list[tuple[float, str]]:
    """Look whenever it says; return what was due and when."""
    found = []
    while (now_s := beat.due_s) <= until_s:
        if (due := beat.look(now_s)) is not None:
            found.append((now_s, due))
        if due == "dead":
            break
    return found


def test_a_ping_is_due_at_each_interval() -> None:
    """To the moment, as long as each is answered."""
    beat, found = alive(), []
    while beat.due_s <= 103.0:
        now_s = beat.due_s
        found.append((now_s, beat.look(now_s)))
        beat.heard(now_s + 0.01)
    assert found == [(100.0 + 0.5 * number, "ping") for number in range(1, 7)]


def test_who_answers_no_ping_is_dead_at_the_third() -> None:
    """Two pings, then the end, after three intervals."""
    expected = [(100.5, "ping"), (101.0, "ping"), (101.5, "dead")]
    assert looks(alive(), 200.0) == expected


def test_who_says_nothing_is_dead_before_that() -> None:
    """If the time for silence is shorter than three intervals."""
    assert looks(alive(timeout_s=0.8), 200.0) == [(100.5, "ping"), (100.8, "dead")]


def test_a_late_look_makes_up_for_nothing() -> None:
    """Three intervals too late there is one ping, and the next is an interval later."""
    beat = alive()
    assert beat.look(102.2) == "ping"
    beat.heard(102.3)
    assert beat.look(102.6) == "ping"
    assert beat.next_s >= 102.6


def test_sending_a_ping_has_a_limit_of_its_own() -> None:
    """Half an interval, five seconds at most."""
    assert alive().ping_limit_s == 0.25
    assert alive(25.0).ping_limit_s == 5.0
