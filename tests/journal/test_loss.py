"""Every loss is told once per sink: how many points, of which time, and why."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.errors import JournalError
from hiq.journal.loss import MAX_RANGES, Listed, Loss, Span, span
from hiq.journal.reading import PATIENCE
from hiq.journal.segment import HEADER_SIZE, Header
from tests.journal.home import MIB, append, drain

RECORD = HEADER_SIZE + 102
"""Bytes of a record of `append`."""
NOW_NS = 1_000 * 10**9
LAST = 5
"""Nanoseconds from the number of an entry to its last stamp."""


def segments(home):
    """The files, oldest first."""
    return sorted((home.path / "ha").glob("*.seg"))


def hurt(path, at):
    """Flip the bits of one byte."""
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)


def test_a_damaged_body_is_told_to_the_second(home):
    """The header of a record with a damaged body says exactly what is lost."""
    journal = home.open()
    one, two = journal.cursor("one", "ha"), journal.cursor("two", "ha")
    append(journal, 1, 2, 3)
    hurt(segments(home)[0], RECORD + HEADER_SIZE)
    assert (drain(one), drain(two)) == ([1, 3], [1, 3])
    where = Span(2, 7, exact=True)
    name = segments(home)[0].name
    assert home.losses == [
        Loss("ha", "damaged", 10, where, (sink,), name) for sink in ("one", "two")
    ]
    journal.close()


def test_a_damaged_header_is_told_by_the_records_around_it(home):
    """If the header is hurt, the span is that between its neighbours.

    It begins with the last stamp of the one before, which may have come late.
    """
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    for home.now in (1_000.0, 1_001.0, 1_002.0):
        append(journal, int(home.now))
    hurt(segments(home)[0], RECORD + 20)
    assert drain(cursor) == [1000, 1002]
    (loss,) = home.losses
    assert loss.points == 10
    assert loss.span == Span(1_000 + LAST, NOW_NS + 2 * 10**9)
    journal.close()


def test_two_damaged_neighbours_are_one_loss(home):
    """A hole over two records has the points and the span of both."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 1, 2, 3, 4)
    for record in (1, 2):
        hurt(segments(home)[0], RECORD * record + HEADER_SIZE + 5)
    assert drain(cursor) == [1, 4]
    (loss,) = home.losses
    assert (loss.points, loss.span) == (20, Span(2, 8, exact=True))
    journal.close()


def test_a_loss_at_the_end_that_nothing_tells_of_is_told_at_the_start(home):
    """Damage of the newest header: how much is unknown, since when is known.

    What came late is older than the time at which the record before was journaled.
    """
    journal = home.open()
    append(journal, 1, 2)
    journal.close()
    hurt(segments(home)[0], RECORD + 9)
    journal = home.open()
    (loss,) = home.losses
    assert (loss.points, loss.cause, loss.sinks) == (None, "damaged", ())
    assert loss.span == Span(1 + LAST, None)
    assert drain(journal.cursor("db", "ha")) == [1]
    journal.close()
    assert len(home.losses) == 1


def test_a_known_loss_at_the_end_is_told_by_the_cursors(home):
    """Damage of the newest body is told once, with its span, when a sink meets it."""
    journal = home.open()
    append(journal, 1, 2)
    journal.close()
    hurt(segments(home)[0], 2 * RECORD - 1)
    journal = home.open()
    assert home.losses == []
    assert drain(journal.cursor("db", "ha")) == [1]
    (loss,) = home.losses
    assert (loss.points, loss.span) == (10, Span(2, 7, exact=True))
    journal.close()


def test_a_file_that_somebody_removed_is_a_loss(home):
    """A missing segment is told with its points."""
    journal = home.open(segment_bytes=300)
    cursor = journal.cursor("db", "ha")
    append(journal, *range(6))
    segments(home)[1].unlink()
    assert drain(cursor) == [0, 1, 4, 5]
    (loss,) = home.losses
    assert (loss.points, loss.cause, loss.sinks) == (20, "gone", ("db",))
    journal.close()


def test_a_loss_behind_a_saved_place_begins_where_that_was(home):
    """After a restart nobody has seen the record before; the cursor's file knows it."""
    journal = home.open(segment_bytes=150)
    cursor = journal.cursor("db", "ha")
    for home.now in (1_000.0, 1_010.0, 1_020.0, 1_030.0):
        append(journal, int(home.now))
    chunk = cursor.read(10, MIB)
    cursor.advance(chunk.end)
    journal.close()
    for path in segments(home)[:-1]:
        path.unlink()
    again = home.open(segment_bytes=150)
    assert drain(again.cursor("db", "ha")) == [1030]
    (loss,) = home.losses
    assert (loss.points, loss.cause) == (20, "gone")
    assert loss.span == Span(1_000 + LAST, NOW_NS + 30 * 10**9)
    again.close()


def test_unreadable_sectors_cost_only_their_records(home):
    """After some failed attempts what lies around bad sectors is delivered."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, *range(200))
    path = segments(home)[0]
    home.disk.spoil(path, 9_000, 9_100)
    for _ in range(PATIENCE - 1):
        with pytest.raises(JournalError, match="Input/output error"):
            cursor.read(10, MIB)
        assert cursor.pending_points == 2_000
    numbers = drain(cursor)
    missing = sorted(set(range(200)) - set(numbers))
    assert numbers == [n for n in range(200) if n not in missing]
    assert missing == list(range(4096 * 2 // RECORD, 4096 * 3 // RECORD + 1))
    (loss,) = home.losses
    assert (loss.cause, loss.points) == ("unreadable", 10 * len(missing))
    assert None not in (loss.span.first_ns, loss.span.last_ns)
    assert home.stats.lost_points == loss.points
    journal.close()


def test_a_disk_that_is_away_costs_nothing(home):
    """While nothing can be written either, unreadable is not taken for lost."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 1, 2)
    home.disk.spoil(segments(home)[0], 0, MIB)
    home.disk.fail("replace", errno.EIO)
    for _ in range(3 * PATIENCE):
        with pytest.raises(JournalError):
            cursor.read(10, MIB)
    home.disk.heal()
    assert drain(cursor) == [1, 2]
    assert home.losses == []
    journal.close()


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_a_start_with_unreadable_sectors(home, bad):
    """A newest file with bad sectors does not keep hiq from starting."""
    journal = home.open()
    journal.cursor("db", "ha")
    append(journal, *range(3), size=5_000)
    journal.close()
    path = segments(home)[0]
    home.disk.spoil(path, bad * 5_100 + 200, bad * 5_100 + 300)
    journal = home.open()
    append(journal, 9)
    cursor = journal.cursor("db", "ha")
    for _ in range(PATIENCE - 1):
        with pytest.raises(JournalError):
            cursor.read(1, 1)
    sectors = {bad * 5_100 // 4096, (bad * 5_100 + 300) // 4096}
    numbers = drain(cursor)
    assert numbers[-1] == 9
    assert bad not in numbers
    assert len(numbers) >= 4 - len(sectors) - 1
    assert {loss.cause for loss in home.losses} == {"unreadable"}
    journal.close()


def test_what_was_unreadable_at_the_start_keeps_its_numbers(home):
    """If the disk recovers, the records that could not be seen come all the same."""
    journal = home.open()
    journal.cursor("db", "ha")
    append(journal, 0, 1, 2)
    journal.close()
    home.disk.spoil(segments(home)[0], 0, MIB)
    journal = home.open()
    (loss,) = home.losses
    assert (loss.cause, loss.points) == ("unreadable", None)
    append(journal, 9)
    home.disk.heal()
    assert drain(journal.cursor("db", "ha")) == [0, 1, 2, 9]
    journal.close()


def test_drop_oldest_is_told_with_its_span(home):
    """What a full journal gives up is told at once, for the sinks that lack it."""
    journal = home.open(max_bytes=1000, when_full="drop_oldest")
    fast, slow = journal.cursor("fast", "ha"), journal.cursor("slow", "ha")
    for number in range(20):
        append(journal, number)
        drain(fast)
    assert {loss.sinks for loss in home.losses} == {("slow",)}
    assert {loss.cause for loss in home.losses} == {"drop_oldest"}
    left = drain(slow)
    assert sum(loss.points for loss in home.losses) == left[0] * 10
    spans = [loss.span for loss in home.losses]
    assert all(where.exact for where in spans)
    assert (spans[0].first_ns, spans[-1].last_ns) == (0, left[0] - 1 + 5)
    journal.close()


def test_drop_new_is_told_with_its_span(home):
    """What comes too late is told when it comes, and not again by the cursors."""
    journal = home.open(max_bytes=1000, when_full="drop_new")
    cursor = journal.cursor("db", "ha")
    append(journal, *range(9))
    assert [(loss.cause, loss.points, loss.span) for loss in home.losses] == [
        ("drop_new", 10, Span(n, n + 5, exact=True)) for n in (6, 7, 8)
    ]
    assert drain(cursor) == list(range(6))
    assert len(home.losses) == 3
    journal.close()


def test_the_backlog_of_a_sink_not_required_goes_bit_by_bit(home):
    """Only as much is given up as is needed, and it is told for that sink alone."""
    journal = home.open(max_bytes=2000)
    needed = journal.cursor("needed", "ha")
    spare = journal.cursor("spare", "ha", required=False)
    for number in range(14):
        append(journal, number)
        drain(needed)
    assert home.losses
    assert {loss.sinks for loss in home.losses} == {("spare",)}
    assert {loss.cause for loss in home.losses} == {"not_required"}
    left = drain(spare)
    assert len(left) > 7
    assert sum(loss.points for loss in home.losses) == 140 - 10 * len(left)
    journal.close()


def test_spans():
    """Known headers make an exact span, the neighbours a safe one."""
    heads = [Header(0, 0, 5, 10, 20, 90), Header(1, 5, 5, 8, 12, 91)]
    assert span(heads, complete=True) == Span(8, 20, exact=True)
    assert span([], complete=True, since_ns=1, until_ns=2) == Span(1, 2)
    assert span(heads, complete=False, since_ns=9, until_ns=15) == Span(8, 20)
    assert span(heads, complete=False) == Span(None, None)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_untold_is_what_no_range_holds(ranges, start, end):
    """The ranges count as the set of offsets that they cover."""
    listed = Listed()
    told = set()
    for low, high in ranges:
        listed.add(low, high)
        told |= set(range(low, high))
    assert listed.untold(start, end) == len(set(range(start, end)) - told)


def test_the_list_of_told_losses_is_bounded():
    """The oldest are forgotten; neighbours are one."""
    listed = Listed()
    for number in range(5 * MAX_RANGES):
        listed.add(2 * number, 2 * number + 1)
    assert len(listed.ranges) == MAX_RANGES
    listed.add(10 * MAX_RANGES - 1, 10 * MAX_RANGES + 7)
    assert len(listed.ranges) == MAX_RANGES
