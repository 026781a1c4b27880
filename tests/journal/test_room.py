"""What goes, and when: delivered segments, and what a full journal gives up."""

from __future__ import annotations

import errno

import pytest

from hiq.errors import JournalError, JournalFull
from hiq.journal.stream import Position
from tests.journal.home import MIB, append, drain


def test_segments_go_when_every_sink_has_passed(home):
    """The slowest cursor decides; the newest segment stays."""
    journal = home.open(segment_bytes=300)
    fast, slow = journal.cursor("fast", "ha"), journal.cursor("slow", "ha")
    append(journal, *range(10))
    assert home.stats.segments == 5
    drain(fast)
    assert home.stats.segments == 5
    assert drain(slow) == list(range(10))
    assert home.stats.segments == 1
    assert len(list((home.path / "ha").iterdir())) == 1
    assert home.stats.bytes == sum(
        f.stat().st_size for f in (home.path / "ha").iterdir()
    )
    journal.close()
    journal = home.open(segment_bytes=300)
    append(journal, 10)
    assert drain(journal.cursor("fast", "ha")) == [10]
    journal.close()


def test_cursors_are_synced_before_a_segment_goes(home):
    """After a power cut no cursor may point before the records that are left."""
    journal = home.open(segment_bytes=150)
    cursor = journal.cursor("db", "ha")
    append(journal, 0, 1)
    home.disk.calls.clear()
    drain(cursor)
    first = home.disk.calls.index("remove")
    before = home.disk.calls[first - 4 : first]
    assert before == ["replace", "write", "sync", "sync_folder"]
    journal.close()


def test_keep_holds_delivered_segments(home):
    """With `keep` a delivered segment stays until it is that old."""
    journal = home.open(segment_bytes=300, keep=60.0)
    cursor = journal.cursor("db", "ha")
    append(journal, *range(4))
    drain(cursor)
    assert home.stats.segments == 2
    home.now += 61
    append(journal, 5)
    drain(cursor)
    assert home.stats.segments == 1
    journal.close()


def test_block_refuses_and_goes_on_when_there_is_room(home):
    """Under `block` a full journal takes nothing, and works again once delivered."""
    journal = home.open(max_bytes=1000)
    cursor = journal.cursor("db", "ha")
    append(journal, *range(6))
    with pytest.raises(JournalFull, match="max_bytes 1000"):
        append(journal, 6)
    assert cursor.pending_points == 60
    assert drain(cursor) == list(range(6))
    append(journal, 6)
    assert drain(cursor) == [6]
    assert home.stats.bytes < 1000
    assert home.stats.lost_points == 0
    journal.close()


def test_block_gives_up_the_backlog_of_sinks_not_required(home):
    """A sink that is not required does not stop the others; its loss is counted."""
    journal = home.open(max_bytes=1000)
    needed = journal.cursor("needed", "ha")
    spare = journal.cursor("spare", "ha", required=False)
    append(journal, *range(6))
    drain(needed)
    append(journal, 6)
    assert drain(needed) == [6]
    chunk = spare.read(100, MIB)
    assert int(chunk.body[:6]) > 0
    assert home.stats.lost_points == chunk.start.offset > 0
    journal.close()


def test_it_is_said_once_that_the_journal_fills_up(home, caplog):
    """At 80 % of the cap there is one warning, and one line when there is room."""
    caplog.set_level("INFO", "hiq.journal")
    journal = home.open(max_bytes=1000, segment_bytes=300)
    cursor = journal.cursor("db", "ha")
    append(journal, *range(4))
    assert home.stats.bytes < 800
    assert not caplog.records
    append(journal, 4)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "80 % full; when it is full: block" in record.getMessage()
    assert (record.bytes, record.max_bytes) == (home.stats.bytes, 1000)
    append(journal, 5)
    drain(cursor)
    (_, info) = caplog.records
    assert "room again" in info.getMessage()
    journal.close()


def test_drop_oldest_makes_room_and_counts(home):
    """Under `drop_oldest` new points go in, and the reader learns what went."""
    journal = home.open(max_bytes=1000, when_full="drop_oldest")
    cursor = journal.cursor("db", "ha")
    append(journal, *range(20))
    assert cursor.pending_points == 200
    left = drain(cursor)
    assert left == list(range(left[0], 20))
    assert home.stats.lost_points == left[0] * 10 > 0
    assert home.stats.bytes <= 1000
    journal.close()


def test_drop_oldest_cannot_make_room_for_what_is_too_big(home):
    """What is larger than the whole journal is refused, not looped over."""
    journal = home.open(max_bytes=1000, when_full="drop_oldest")
    journal.cursor("db", "ha")
    append(journal, 1)
    with pytest.raises(JournalFull):
        append(journal, 2, size=2000)
    journal.close()


def test_a_chunk_read_before_the_drop_still_counts(home):
    """What was read before its segment went is delivered, not lost."""
    journal = home.open(max_bytes=1000, when_full="drop_oldest")
    cursor = journal.cursor("db", "ha")
    append(journal, 0, 1)
    chunk = cursor.read(10, MIB)
    append(journal, *range(2, 20))
    cursor.advance(chunk.end)
    assert cursor.position == Position(1, 10)
    following = cursor.read(10, MIB)
    assert following.start.offset > 10
    assert cursor.position == following.start
    journal.close()


def test_drop_new_takes_nothing_and_counts(home, caplog):
    """Under `drop_new` what comes late is dropped; every cursor finds the hole."""
    caplog.set_level("INFO", "hiq.journal")
    journal = home.open(max_bytes=1000, when_full="drop_new")
    cursor = journal.cursor("db", "ha")
    append(journal, *range(9))
    assert cursor.pending_points == 90
    assert drain(cursor) == list(range(6))
    assert cursor.position.offset == 90
    assert cursor.pending_points == 0
    assert home.stats.lost_points == 30
    append(journal, 9)
    chunk = cursor.read(100, MIB)
    assert (chunk.start.offset, chunk.points) == (90, 10)
    told = [r.levelname for r in caplog.records if "new points" in r.getMessage()]
    assert told == ["WARNING", "INFO"]
    journal.close()


def test_some_of_the_disk_stays_free(home):
    """Below `min_free_bytes` the journal is full, whatever its cap."""
    journal = home.open(min_free_bytes=10_000)
    home.disk.free = 10_100
    with pytest.raises(JournalFull, match="min_free_bytes is 10000"):
        append(journal, 1)
    home.disk.free = 20_000
    append(journal, 1)
    assert drain(journal.cursor("db", "ha")) == [1]
    journal.close()


def test_no_segment_goes_while_a_cursor_cannot_be_saved(home):
    """A cursor that fell back after a crash still finds its records."""
    journal = home.open(segment_bytes=300)
    cursor = journal.cursor("db", "ha")
    append(journal, *range(6))
    home.disk.fail("replace")
    while (chunk := cursor.read(10, MIB)) is not None:
        with pytest.raises(JournalError):
            cursor.advance(chunk.end)
    assert home.stats.segments == 3
    home.disk.heal()
    append(journal, 6)
    assert drain(cursor) == [6]
    assert home.stats.segments == 1
    journal.close()


def test_a_full_disk_is_helped_even_if_no_cursor_can_be_saved(home):
    """Delivered segments make room on a disk that takes not even a cursor."""
    journal = home.open(segment_bytes=300, min_free_bytes=100_000)
    cursor = journal.cursor("db", "ha")
    append(journal, *range(6))
    cursor.position = cursor.stream.end
    home.disk.fail("replace", errno.ENOSPC)
    home.disk.free = 99_999
    with pytest.raises(JournalFull):
        append(journal, 6)
    assert (home.stats.segments, home.stats.lost_points) == (0, 0)
    home.disk.free = 200_000
    append(journal, 6)
    assert drain_without_saving(cursor) == [6]
    home.disk.heal()
    journal.close()


def drain_without_saving(cursor):
    """What a cursor has, although its file cannot be written."""
    chunk = cursor.read(1_000, MIB)
    with pytest.raises(JournalError):
        cursor.advance(chunk.end)
    return [int(chunk.body[:6])]


def test_an_evicted_file_that_cannot_be_read(home):
    """Its time is unknown at the beginning, and ends with its last record."""
    journal = home.open(segment_bytes=300, max_bytes=800, when_full="drop_oldest")
    journal.cursor("db", "ha")
    append(journal, 0)
    home.now = 2_000.0
    append(journal, 1, 2, 3)
    home.disk.spoil(min((home.path / "ha").glob("*.seg")), 0, MIB)
    append(journal, 4, 5)
    where = home.losses[0].span
    assert (where.first_ns, where.last_ns) == (None, 2_000 * 10**9)
    journal.close()


def test_a_sink_passes_what_is_just_given_up(home, monkeypatch):
    """Its save removes the file first: nothing is lost, nothing else goes."""
    journal = home.open(segment_bytes=300, max_bytes=900, when_full="drop_oldest")
    cursor = journal.cursor("db", "ha")
    append(journal, *range(4))
    room = journal._room
    drop = room._drop

    def late(stream, gone, cause):
        monkeypatch.undo()
        cursor.advance(cursor.read(20, MIB).end)
        cursor.save(sync=False)
        drop(stream, gone, cause)

    monkeypatch.setattr(
        room, "_drop", lambda s, gone, c: late(s, gone, c) if gone else None
    )
    append(journal, 4, 5, 6)
    assert home.losses == []
    journal.close()
