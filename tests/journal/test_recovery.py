"""After damage of any kind: every undamaged record comes back, the loss is told."""

from __future__ import annotations

import pytest

from hiq._core.crc import crc32c
from hiq.errors import JournalError
from hiq.journal.files import Files
from hiq.journal.journal import Entry, Journal
from hiq.journal.loss import Span
from hiq.journal.recovery import recover
from hiq.journal.segment import HEADER_SIZE, Header, encode
from hiq.journal.stream import Position
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats

RECORDS = [
    encode(Header(n, n * 10, 10, n, n + 5, n), b"%06d" % n + bytes(9 * n))
    for n in range(3)
]
DATA = b"".join(RECORDS)
ENDS = [len(b"".join(RECORDS[: n + 1])) for n in range(3)]


class Unsynced(Files):
    """Files that spare a test the waiting for the disk, hundreds of times."""

    def sync(self, fd):
        """Nothing."""

    def sync_folder(self, path):
        """Nothing."""


def deliver(path, data, *, behind=True):
    """Open a journal with this one segment; what is read, and what was told.

    With `behind` a further record is journaled after the opening.
    """
    folder = path / "ha"
    folder.mkdir(parents=True)
    (folder / f"{0:020d}.seg").write_bytes(data)
    stats = JournalStats()
    settings = JournalSettings(min_free_bytes=0)
    journal = Journal.open(path, settings, stats, files=Unsynced())
    cursor = journal.cursor("db", "ha")
    first = cursor.position.offset
    if behind:
        journal.append([("ha", Entry(b"000099", 10, 0, 0))])
    numbers = []
    lost = 0
    offset = first
    while (chunk := cursor.read(1, 1)) is not None:
        numbers.append(int(chunk.body[:6]))
        lost += chunk.start.offset - offset
        offset = chunk.end.offset
        cursor.advance(chunk.end)
    lost += cursor.position.offset - offset
    assert cursor.pending_points == 0
    journal.close()
    return numbers, lost, stats


def told(path, data):
    """What a sink that had nothing yet gets of this segment, and every loss told."""
    (path / "ha").mkdir(parents=True)
    (path / "ha" / f"{0:020d}.seg").write_bytes(data)
    (path / "cursors").mkdir()
    (path / "cursors" / "db.json").write_text(
        '{"sink":"db","positions":{"ha":{"sequence":0,"offset":0}},"format":1}'
    )
    losses = []
    stats = JournalStats()
    settings = JournalSettings(min_free_bytes=0)
    journal = Journal.open(
        path, settings, stats, files=Unsynced(), on_loss=losses.append
    )
    cursor = journal.cursor("db", "ha")
    numbers = []
    while (chunk := cursor.read(1, 1)) is not None:
        numbers.append(int(chunk.body[:6]))
        cursor.advance(chunk.end)
    journal.close()
    return numbers, losses, stats


def test_every_flipped_byte_is_reported(tmp_path):
    """Each byte flipped in turn: the others are delivered, the victim is told.

    Once, with its points and times; if its header is hurt, with those of its
    neighbours, and at the very end without a number.
    """
    for at in range(len(DATA)):
        hurt = bytearray(DATA)
        hurt[at] ^= 0xFF
        numbers, losses, _ = told(tmp_path / str(at), bytes(hurt))
        victim = next(n for n, end in enumerate(ENDS) if at < end)
        assert numbers == [n for n in range(3) if n != victim], at
        (loss,) = losses
        inside = at - ENDS[victim] + len(RECORDS[victim])
        if inside >= HEADER_SIZE - 4:  # its own checksum still holds
            assert loss.span == Span(victim, victim + 5, exact=True), at
            assert loss.points == 10
        elif victim < 2:
            assert (loss.points, loss.span.last_ns) == (10, victim + 1)
        else:
            assert (loss.points, loss.span.first_ns) == (None, 1)


def test_every_truncation_is_reported(tmp_path):
    """Cut at any length but between two records: the whole ones come, and it is told."""
    for size in range(1, len(DATA)):
        numbers, losses, stats = told(tmp_path / str(size), DATA[:size])
        assert numbers == [n for n in range(3) if ENDS[n] <= size]
        assert losses == []
        assert stats.torn_tails == (size not in ENDS), size


@pytest.mark.parametrize("behind", [False, True])
def test_every_flipped_byte_costs_one_record(tmp_path, behind):
    """Each byte of a segment of three records, flipped in turn."""
    for at in range(len(DATA)):
        hurt = bytearray(DATA)
        hurt[at] ^= 0xFF
        numbers, lost, stats = deliver(tmp_path / str(at), bytes(hurt), behind=behind)
        victim = next(n for n, end in enumerate(ENDS) if at < end)
        expected = [n for n in range(3) if n != victim] + [99] * behind
        assert numbers == expected, at
        assert stats.corrupt_records + stats.torn_tails == 1, at
        if victim < 2 and at >= HEADER_SIZE:
            assert lost in {0, 10}
        if victim == 1:
            assert lost == stats.lost_points == 10


def test_a_damaged_body_at_the_end_is_a_loss_of_its_points(tmp_path):
    """The header of the newest record tells how much was in it."""
    hurt = DATA[:-1] + b"\xff"
    numbers, lost, stats = deliver(tmp_path, hurt)
    assert numbers == [0, 1, 99]
    assert (lost, stats.lost_points, stats.corrupt_records) == (10, 10, 1)


@pytest.mark.parametrize("behind", [False, True])
def test_every_truncation_keeps_the_whole_records(tmp_path, behind):
    """Cut at any length: a torn tail is cut off, and what follows is sound."""
    for size in range(len(DATA) + 1):
        numbers, lost, stats = deliver(tmp_path / str(size), DATA[:size], behind=behind)
        whole = [n for n in range(3) if ENDS[n] <= size]
        assert numbers == whole + [99] * behind
        assert stats.torn_tails == (size not in {0, *ENDS})
        assert lost == stats.lost_points == stats.corrupt_records == 0


def test_zeros_at_the_end_are_stepped_over(tmp_path):
    """What a power cut may leave behind the last record does no harm."""
    numbers, lost, stats = deliver(tmp_path, DATA + bytes(5_000))
    assert numbers == [0, 1, 2, 99]
    assert (lost, stats.lost_points, stats.corrupt_records) == (0, 0, 1)
    assert stats.segments == 1


def test_damage_is_counted_once_however_many_sinks_meet_it(tmp_path, caplog):
    """Two sinks, one damaged record: one corrupt record, its points lost once."""
    hurt = bytearray(DATA)
    hurt[ENDS[0] + HEADER_SIZE] ^= 1
    (tmp_path / "ha").mkdir()
    (tmp_path / "ha" / f"{0:020d}.seg").write_bytes(hurt)
    stats = JournalStats()
    journal = Journal.open(tmp_path, JournalSettings(min_free_bytes=0), stats)
    for name in ("one", "two"):
        cursor = journal.cursor(name, "ha")
        chunk = cursor.read(100, 1 << 20)
        assert chunk.records == 1
        cursor.advance(chunk.end)
        following = cursor.read(100, 1 << 20)
        assert following.start == Position(2, 20)
    assert (stats.corrupt_records, stats.lost_points) == (1, 10)
    (first, second) = (r for r in caplog.records if "stepped over" in r.getMessage())
    assert (first.points, first.sink, second.sink) == (10, "one", "two")
    assert (first.since_ns, first.until_ns) == (0, 2)
    journal.close()


def test_a_number_that_was_delivered_is_not_used_again(tmp_path):
    """If a delivered record is lost, the next one does not look like it."""
    stats = JournalStats()
    journal = Journal.open(tmp_path, JournalSettings(min_free_bytes=0), stats)
    cursor = journal.cursor("db", "ha")
    for n in range(3):
        journal.append([("ha", Entry(b"%06d" % n, 10, 0, 0))])
    cursor.advance(cursor.read(100, 1000).end)
    journal.close()
    (file,) = (tmp_path / "ha").iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    journal = Journal.open(tmp_path, JournalSettings(min_free_bytes=0), stats)
    cursor = journal.cursor("db", "ha")
    assert cursor.pending_points == 0
    journal.append([("ha", Entry(b"000003", 10, 0, 0))])
    chunk = cursor.read(100, 1000)
    assert (chunk.body, chunk.start) == (b"000003", Position(3, 30))
    journal.close()


def test_an_empty_segment_keeps_its_number(tmp_path):
    """A file that was created and never filled is removed, its number stays used."""
    (tmp_path / f"{0:020d}.seg").write_bytes(DATA)
    (tmp_path / f"{7:020d}.seg").write_bytes(b"")
    (tmp_path / "notes.seg").write_bytes(b"not ours")
    found = recover(tmp_path, Files(), JournalStats())
    assert [segment.first for segment in found.segments] == [0]
    assert found.end == Position(7, 30)
    assert not found.appendable
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"{0:020d}.seg", "notes.seg"]


def test_a_segment_of_garbage_is_left_alone(tmp_path):
    """Nothing is cut that might still be salvaged; the numbers go on behind it."""
    (tmp_path / f"{0:020d}.seg").write_bytes(DATA)
    (tmp_path / f"{3:020d}.seg").write_bytes(b"x" * 500)
    stats = JournalStats()
    found = recover(tmp_path, Files(), stats)
    assert (found.end, found.appendable) == (Position(4, 30), False)
    assert (tmp_path / f"{3:020d}.seg").stat().st_size == 500
    assert stats.corrupt_records == 1


def test_a_newer_record_is_refused(tmp_path):
    """A record of a later format stops the start with a clear message."""
    newer = bytearray(RECORDS[1])
    newer[4] += 1
    head = HEADER_SIZE - 4
    crc = crc32c(bytes(newer[HEADER_SIZE:]), crc32c(bytes(newer[:head])))
    newer[head:HEADER_SIZE] = crc.to_bytes(4, "little")
    with pytest.raises(JournalError, match="format 3, this hiq reads up to 2"):
        deliver(tmp_path, RECORDS[0] + bytes(newer))


def test_nothing_there_is_a_beginning(tmp_path):
    """A stream without a folder starts at zero."""
    found = recover(tmp_path / "none", Files(), JournalStats())
    assert (found.segments, found.end, found.appendable) == ([], Position(0, 0), True)
