"""The outbox: numbers without holes, acks, resumption, gaps, redelivery."""

from __future__ import annotations

from typing import Any

import pytest

from hiq.clients.outbox import Outbox
from hiq.clients.owed import Gap, Owed, Run
from hiq.clients.subscriptions import Event

FOREVER = 2**62


def event(number: int) -> Event:
    """An event by number."""
    return Event(f"e_{number}", 0, "light.lamp", number, b"{}")


def owed(number: int, now_s: float = 0.0) -> Owed:
    """The same, for a filter."""
    return Owed(event(number), ("1",), now_s)


def filled(count: int, **options: Any) -> Outbox:
    """An outbox with so many events."""
    box = Outbox(**options)
    for number in range(1, count + 1):
        box.add(owed(number))
    return box


def send(box: Outbox, now_s: float = 0.0, most: int = 10_000) -> list[Any]:
    """Send what is due: numbers, and gaps as pairs."""
    found: list[Any] = []
    while len(found) < most:
        one = box.take(FOREVER, now_s, 1)
        if one is None:
            break
        if isinstance(one, Gap):
            found.append((one.first, one.last))
        else:
            found += range(one.first, one.first + len(one.owed))
    return found


def test_in_order_from_one() -> None:
    """Numbers begin at 1 and come in order, once."""
    box = filled(5)
    assert send(box) == [1, 2, 3, 4, 5]
    assert send(box) == []


def test_acks_are_cumulative() -> None:
    """An ack removes all up to it; older ones count, newer than sent are refused."""
    box = filled(5)
    send(box, most=4)
    assert not box.ack(5, 1.0)
    assert box.ack(3, 1.0)
    assert box.ack(3, 1.0)
    assert box.ack(1, 1.0)
    assert (box.acked, box.delivered.counts.repeated_acks, len(box)) == (3, 2, 2)
    assert box.delivered.counts.confirmed == 3


def test_resume_sends_what_was_not_seen() -> None:
    """After a cut everything above the last number comes again, then the new."""
    box = filled(5)
    send(box)
    box.detach()
    box.add(owed(6, 0.0))
    assert box.attach(2) == 4
    assert send(box) == [3, 4, 5, 6]


def test_redelivered_says_so() -> None:
    """What is sent a second time has been attempted before."""
    box = filled(1)
    send(box)
    box.attach(0)
    found = box.take(FOREVER, 0.0)
    assert isinstance(found, Run)
    assert found.redelivered
    fate = box.fate("e_1")
    assert fate is not None
    assert fate.attempts == 2


def test_the_limit_makes_one_gap_at_its_place() -> None:
    """Six events in an outbox of five: the gap of 1, then 2 to 6."""
    assert send(filled(6, limit=5)) == [(1, 1), 2, 3, 4, 5, 6]


def test_many_lost_are_one_gap() -> None:
    """A hundred lost ones are announced once."""
    box = filled(105, limit=5)
    assert send(box) == [(1, 100), 101, 102, 103, 104, 105]
    assert box.delivered.counts.dropped == {"overflow": 100}


def test_what_was_sent_needs_no_gap() -> None:
    """An event that was sent and leaves is announced only to who comes back earlier."""
    box = filled(5, limit=5)
    send(box)
    box.add(owed(6, 0.0))
    assert send(box) == [6]
    box.attach(0)
    assert send(box) == [(1, 1), 2, 3, 4, 5, 6]


def test_a_gap_that_grows_is_announced_from_where_it_grew() -> None:
    """What was announced is not announced twice."""
    box = filled(6, limit=5)
    assert send(box, most=1) == [(1, 1)]
    box.add(owed(7, 0.0))
    assert send(box) == [(2, 2), 3, 4, 5, 6, 7]


def test_acks_confirm_gaps() -> None:
    """An ack in a gap cuts it, one behind it takes it away."""
    box = filled(10, limit=5)
    send(box, most=1)
    assert box.ack(3, 0.0)
    box.attach(3)
    assert send(box, most=2) == [(4, 5), 6]
    assert box.ack(6, 0.0)
    assert send(box) == [7, 8, 9, 10]


def test_what_is_too_old_is_a_gap() -> None:
    """After the retention events are not sent but announced, with the reason."""
    box = filled(3)
    box.add(owed(4, 100.0))
    box.tick(300.0)
    assert box.take(FOREVER, 300.0) == Gap(1, 3, "expired", 3)
    assert send(box) == [4]


def test_reject_takes_no_new_event() -> None:
    """Under `reject` the new events are the gap, at the end."""
    box = filled(8, limit=5, policy="reject")
    assert send(box) == [1, 2, 3, 4, 5, (6, 8)]
    assert box.next_seq == 9


def test_close_asks_for_the_end() -> None:
    """Under `close` the connection is given up, and the gap stays for a return."""
    box = filled(6, limit=5, policy="close")
    assert box.overflowed
    box.attach(0)
    assert not box.overflowed


def test_no_ack_sends_again_three_times_then_gives_up() -> None:
    """30 s without an ack: again, and after 1, 2 and 4 s; then nobody is there."""
    box = filled(2)
    send(box)
    seen = []
    for now_s in (29.9, 30.0, 30.9, 31.0, 32.9, 33.0, 36.9):
        box.tick(now_s)
        seen.append(send(box, now_s))
        assert not box.unresponsive
    assert seen == [[], [1, 2], [], [1, 2], [], [1, 2], []]
    box.tick(37.0)
    assert box.unresponsive
    assert box.delivered.counts.redelivered == 6
    fate = box.fate("e_1")
    assert fate is not None
    assert (fate.status, box.delivered.counts.timeouts) == ("timeout", 2)
    box.detach()
    assert box.attach(0) == 2


def test_an_ack_ends_the_rounds() -> None:
    """Who confirms late is served on, and only the rest is waited for."""
    box = filled(2)
    send(box)
    box.tick(30.0)
    assert send(box, 30.0) == [1, 2]
    assert box.ack(2, 30.5)
    box.tick(200.0)
    assert not box.unresponsive
    assert send(box) == []


def test_nothing_is_sent_before_it_is_safe() -> None:
    """A number above the durable mark waits."""
    box = filled(3)
    assert box.take(0, 0.0) is None
    found = box.take(1, 0.0)
    assert isinstance(found, Run)
    assert (found.first, len(found.owed)) == (1, 1)
    assert box.take(1, 0.0) is None


def test_the_fate_of_an_event() -> None:
    """Pending, sent, confirmed, and failed if it left."""
    box = filled(3, limit=2)

    def status() -> list[str]:
        fates = [box.fate(f"e_{number}") for number in (1, 2, 3)]
        return [fate.status for fate in fates if fate]

    assert status() == ["failed", "pending", "pending"]
    send(box)
    box.ack(2, 4.0)
    assert status() == ["failed", "confirmed", "sent"]
    assert box.delivered.counts.figures()["confirmation_s"]["max"] == 4.0


def test_a_restart_ends_with_the_numbers_that_may_have_been_given() -> None:
    """What a store kept is put back; holes in it and the time without hiq are gaps."""
    box = Outbox(acked=1)
    for number in (3, 5):
        box.put_back(number, owed(number))
    box.interrupted(8, 7.0, 0.0)
    box.attach(1)
    assert send(box) == [(2, 2), 3, (4, 4), 5, (6, 8)]
    assert box.next_seq == 9


@pytest.mark.parametrize("limit", [1, 2])
def test_the_smallest_outboxes(limit: int) -> None:
    """Room for one or two is enough to be right."""
    box = filled(4, limit=limit)
    expected: list[Any] = [(1, 4 - limit), *range(5 - limit, 5)]
    assert send(box) == expected


def test_what_is_given_up_for_memory_is_one_gap() -> None:
    """The newest stay; what was not sent is announced, and counted."""
    box = filled(20)
    send(box, most=3)
    assert box.give_up(5) == 15
    assert box.give_up(5) == 0
    assert send(box) == [(4, 15), 16, 17, 18, 19, 20]
    assert box.delivered.counts.dropped == {"overflow": 15}
