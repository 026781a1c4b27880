"""The newest records stay in memory: in a row, bounded, and never more than the disk."""

from __future__ import annotations

import pytest

from hiq.journal.tail import OVERHEAD_BYTES
from tests.journal.home import MIB, append, drain


def test_a_reader_that_keeps_pace_needs_no_disk(home):
    """What was just appended comes from memory, joined and bounded as from disk."""
    journal = home.open(segment_bytes=300)
    cursor = journal.cursor("db", "ha")
    append(journal, *range(5))
    home.disk.calls.clear()
    chunk = cursor.recent(30, MIB)
    following = cursor.recent(100, MIB, after=chunk.end)
    assert cursor.recent(30, MIB, members=False).records == 1
    assert home.disk.calls == []
    assert (chunk.records, chunk.points) == (3, 30)
    assert (following.records, following.start) == (2, chunk.end)
    assert chunk == cursor.read(30, MIB)
    assert following == cursor.read(100, MIB, after=chunk.end)
    cursor.confirm(following.end)
    assert not cursor.has_more()
    assert cursor.recent(1, 1) is None
    assert cursor.pending_bytes == cursor.pending_points == 0
    journal.close()


def test_its_memory_is_bounded(home):
    """The oldest go first; a reader behind them takes the disk."""
    journal = home.open(segment_bytes=8 * MIB)
    cursor = journal.cursor("db", "ha")
    tail = cursor.stream.tail
    append(journal, *range(8), size=300_000)
    assert 2 * MIB - 300_000 - OVERHEAD_BYTES < tail.size <= 2 * MIB
    assert cursor.recent(10, 1) is None
    assert drain(cursor) == list(range(8))
    append(journal, 8, size=3 * MIB)
    assert tail.size == 0
    assert drain(cursor) == [8]
    journal.close()


def test_what_all_have_passed_is_forgotten(home):
    """A sink that is behind keeps its records in memory, up to the bound.

    They go when it has confirmed them: nothing waits until its place is saved.
    """
    journal = home.open()
    fast, slow = journal.cursor("fast", "ha"), journal.cursor("slow", "ha")
    append(journal, *range(4))
    full = slow.stream.tail.size
    drain(fast)
    assert slow.stream.tail.size == full
    slow.confirm(slow.recent(20, MIB).end)
    assert slow.stream.tail.size == full // 2
    drain(slow)
    assert slow.stream.tail.size == 0
    journal.close()


def test_after_a_restart_the_disk_is_read(home):
    """Nothing is in memory then, and nothing is missing."""
    journal = home.open()
    journal.cursor("db", "ha")
    append(journal, 1, 2)
    journal.close()
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 3)
    assert cursor.recent(10, MIB) is None
    assert drain(cursor) == [1, 2, 3]
    journal.close()


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_new"])
def test_what_a_full_journal_gave_up_is_not_in_memory_either(home, policy):
    """A dropped point is dropped: it does not come out of the memory and count twice."""
    journal = home.open(segment_bytes=300, max_bytes=1_000, when_full=policy)
    cursor = journal.cursor("db", "ha")
    append(journal, *range(20))
    got = []
    while cursor.has_more():
        chunk = cursor.recent(10, 1) or cursor.read(10, 1)
        if chunk is not None:
            got.append(int(chunk.body[:6]))
            cursor.advance(chunk.end)
    assert home.stats.lost_points == (20 - len(got)) * 10 > 0
    journal.close()


def test_a_failed_append_is_not_in_memory(home):
    """What did not reach the disk is not handed out."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 1)
    home.disk.fail("sync")
    with pytest.raises(Exception, match="Input/output"):
        append(journal, 2)
    home.disk.heal()
    append(journal, 3)
    assert cursor.recent(100, MIB).records == 2
    assert drain(cursor) == [1, 3]
    journal.close()
