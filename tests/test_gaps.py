"""The ledger of gaps: what is noted, how it is settled, and that it stays bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import DecodeError

from hiq.gaps import Ledger


def ledger(limit: int = 1000) -> Ledger:
    """A ledger whose clock stands still."""
    return Ledger(limit=limit, clock=lambda: 500.0)


def test_an_open_gap_is_settled_once():
    """A gap is open until it is settled, and what comes later changes nothing."""
    book = ledger()
    number = book.open("disconnected", 100.0, source="home_assistant", detail="cut")
    assert book.gaps[0].state == "open"
    assert book.gaps[0].end_s is None
    book.update(number, end_s=160.0)
    book.settle(number, "repaired", "backfill", points=7)
    book.settle(number, "lost", "too late")
    book.update(number, end_s=9999.0)
    (gap,) = book.gaps
    assert (gap.state, gap.outcome, gap.points) == ("repaired", "backfill", 7)
    assert (gap.start_s, gap.end_s, gap.settled_s) == (100.0, 160.0, 500.0)
    assert (book.count("open"), book.count("repaired"), book.count("lost")) == (0, 1, 0)


def test_losses_that_touch_are_one_gap():
    """A storm of losses of one kind is one gap that grows, other kinds are not."""
    book = ledger()
    for start in range(0, 300, 30):
        book.record(
            "journal_full",
            float(start),
            start + 1.0,
            source="journal",
            outcome="dropped",
            points=5,
        )
    book.record("journal_full", 500, 501, source="journal", outcome="x", points=1)
    book.record("journal_full", 500, 501, source="sink:a", outcome="x", points=1)
    spans = [(gap.start_s, gap.end_s, gap.points) for gap in book.gaps]
    assert spans == [(0.0, 271.0, 50), (500, 501, 1), (500, 501, 1)]


def test_points_are_unknown_if_any_were():
    """Once nobody knows how many points a gap lost, nobody knows the sum."""
    book = ledger()
    book.record("journal_damaged", 0, 1, source="journal", outcome="", points=3)
    book.record("journal_damaged", 1, 2, source="journal", outcome="", points=None)
    assert book.gaps[0].points is None


def test_old_and_new_losses_in_turn_are_two_gaps():
    """Restored points that are lost lie weeks before live ones: both become longer."""
    book = ledger()
    for number in range(3):
        for start in (1e6, 10.0):
            begin = start + number
            book.record("a", begin, begin + 1, source="x", outcome="", points=1)
    assert [(gap.start_s, gap.end_s, gap.points) for gap in book.gaps] == [
        (1e6, 1e6 + 3, 3),
        (10.0, 13.0, 3),
    ]


def test_the_oldest_settled_gap_goes_first():
    """The limit is kept; open gaps outlive settled ones, and what goes is counted."""
    book = ledger(limit=3)
    first = book.open("a", 1, source="x")
    for start in (1000, 2000, 3000):
        book.record("b", start, start + 1, source="x", outcome="")
    assert [gap.start_s for gap in book.gaps] == [1, 2000, 3000]
    assert book.forgotten == 1
    for start in range(3):
        book.open("c", start, source="x")
    assert len(book.gaps) == 3
    assert first not in {gap.number for gap in book.gaps}
    assert book.forgotten == 4


def test_every_change_is_told_once():
    """The owner hears of each change, and not of what changes nothing."""
    book = ledger()
    calls = []
    book.changed = lambda: calls.append(1)
    number = book.open("a", 1, source="x")
    book.update(number, detail="d")
    book.settle(number, "lost", "o")
    book.record("b", 1, 2, source="x", outcome="")
    assert len(calls) == 4
    book.settle(number, "lost", "o")
    book.update(99, detail="d")
    assert len(calls) == 4


@given(
    st.lists(
        st.tuples(
            st.text(max_size=5),
            st.floats(0, 1e10),
            st.floats(0, 1e10),
            st.none() | st.integers(0, 10**9),
        ),
        max_size=30,
    )
)
def test_it_comes_back_from_its_file(entries):
    """What is encoded is restored, and numbers go on where they were."""
    book = ledger(limit=10)
    for cause, start, end, points in entries:
        book.record(cause, start, end, source="x", outcome="o", points=points)
        book.open(cause, start, source="x")
    again = ledger(limit=10)
    again.restore(book.encode())
    assert again.gaps == book.gaps
    assert again.forgotten == book.forgotten
    assert again.open("z", 1, source="x") == book.open("z", 1, source="x")


@pytest.mark.parametrize("data", [b"", b"[]", b'{"gaps":[{"number":"x"}]}'])
def test_something_else_is_refused(data):
    """What is no ledger raises and changes nothing."""
    book = ledger()
    number = book.open("a", 1, source="x")
    with pytest.raises(DecodeError):
        book.restore(data)
    assert [gap.number for gap in book.gaps] == [number]
