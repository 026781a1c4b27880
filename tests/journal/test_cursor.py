"""A cursor reads whole records in order, and moves only when told."""

from __future__ import annotations

import errno

import pytest

from hiq.errors import JournalError
from tests.journal.home import MIB, append, drain


def test_reading_again_gives_the_same(home):
    """Without an advance nothing moves."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 1, 2)
    assert cursor.read(100, MIB) == cursor.read(100, MIB)
    assert cursor.pending_points == 20
    journal.close()


def test_records_are_joined_up_to_the_limits(home):
    """Several records come as one body, bounded in points and in bytes."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 1, 2, 3, 4)
    assert cursor.read(30, MIB).records == 3
    assert cursor.read(100, 204).records == 2
    assert cursor.read(1, 1).records == 1
    assert cursor.read(100, MIB, members=False).records == 1
    chunk = cursor.read(100, MIB)
    assert (chunk.records, chunk.points, chunk.first_ns, chunk.last_ns) == (4, 40, 1, 9)
    assert len(chunk.body) == 4 * 102
    journal.close()


def test_a_record_larger_than_the_window_is_read(home):
    """A record may be larger than what the reader fetches at once."""
    journal = home.open(segment_bytes=8 * MIB)
    cursor = journal.cursor("db", "ha")
    append(journal, 1, size=10)
    append(journal, 2, size=900_000)
    append(journal, 3, size=10)
    assert drain(cursor) == [1, 2, 3]
    journal.close()


@pytest.mark.parametrize(("start", "expected"), [("oldest", [1, 2, 3]), ("now", [3])])
def test_a_new_sink_starts_where_it_is_told(home, start, expected):
    """A sink without a cursor begins at the oldest record, or at now."""
    journal = home.open()
    append(journal, 1, 2)
    cursor = journal.cursor("db", "ha", start)
    append(journal, 3)
    assert drain(cursor) == expected
    journal.close()


def test_a_new_sink_keeps_its_start_over_a_crash(home):
    """That a sink begins at now is on disk before anything is delivered."""
    journal = home.open()
    append(journal, 1)
    journal.cursor("db", "ha", "now")
    append(journal, 2)
    journal.close()
    journal = home.open()
    assert drain(journal.cursor("db", "ha", "oldest")) == [2]
    journal.close()


def test_a_cursor_that_cannot_be_saved_has_moved_all_the_same(home):
    """A full disk does not make hiq send twice what a database has confirmed."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 1, 2)
    chunk = cursor.read(10, MIB)
    home.disk.fail("replace", errno.ENOSPC)
    with pytest.raises(JournalError, match="cursor of db"):
        cursor.advance(chunk.end)
    assert cursor.pending_points == 10
    home.disk.heal()
    assert drain(cursor) == [2]
    journal.close()


def test_a_read_error_is_a_journal_error(home):
    """A disk that cannot be read is reported as such, and may heal."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 1)
    home.disk.fail("open_read")
    with pytest.raises(JournalError):
        cursor.read(10, MIB)
    home.disk.heal()
    assert drain(cursor) == [1]
    journal.close()


def test_a_segment_deleted_by_hand_is_a_counted_hole(home):
    """A missing middle segment costs its records and no more."""
    journal = home.open(segment_bytes=300)
    cursor = journal.cursor("db", "ha")
    append(journal, *range(6))
    sorted((home.path / "ha").iterdir())[1].unlink()
    chunk = cursor.read(100, MIB)
    cursor.advance(chunk.end)
    following = cursor.read(100, MIB)
    assert following.start.offset - chunk.end.offset == 20
    assert drain(cursor) == [4, 5]
    journal.close()
