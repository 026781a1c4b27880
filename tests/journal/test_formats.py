"""What an older hiq has journaled is read; what a newer one has, is refused."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from hiq.journal.journal import Entry, Journal
from hiq.journal.segment import HEADER_SIZES, VERSION, Found, scan
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats

FORMAT_1 = Path(__file__).parent / "format-1"
"""Five records of three points, written by hiq while 1 was its format; its only sink
`db` has passed the first."""
BASE_NS = 1_795_197_600 * 10**9


@pytest.fixture
def old(tmp_path):
    """A writable copy of that journal."""
    return Path(shutil.copytree(FORMAT_1, tmp_path / "journal"))


def open_journal(path):
    stats = JournalStats()
    return Journal.open(path, JournalSettings(min_free_bytes=0), stats), stats


def values(cursor):
    """The number in each line that the cursor has before it."""
    found = []
    while (chunk := cursor.read(1, 1)) is not None:
        lines = gzip.decompress(chunk.body).splitlines()
        found += [int(line.split(b"value=")[1].split(b" ")[0]) for line in lines]
        assert chunk.first_ns == BASE_NS + found[-3] * 10**9
        assert chunk.last_ns == BASE_NS + found[-1] * 10**9
        cursor.advance(chunk.end)
    return found


def test_records_of_version_1_are_read(old):
    """Every point that a sink had not got comes, in order, then new ones."""
    journal, stats = open_journal(old)
    cursor = journal.cursor("db", "ha")
    new = gzip.compress(b"".join(b"m value=%d 1\n" % n for n in (50, 51, 52)))
    journal.append([("ha", Entry(new, 3, BASE_NS + 50 * 10**9, BASE_NS + 52 * 10**9))])
    assert values(cursor) == [n * 10 + i for n in (1, 2, 3, 4, 5) for i in range(3)]
    assert (stats.corrupt_records, stats.lost_points, stats.torn_tails) == (0, 0, 0)
    journal.close()


def test_a_file_may_hold_records_of_both_versions(old):
    """The newest file of the older hiq is continued; each record says its version."""
    journal, _ = open_journal(old)
    journal.append([("ha", Entry(b"x", 1, 0, 0))])
    journal.close()
    data = max((old / "ha").iterdir()).read_bytes()
    pieces = list(scan(data))
    assert all(isinstance(piece, Found) for piece in pieces)
    assert [piece.header.version for piece in pieces] == [1, VERSION]
    sizes = [piece.body - piece.start for piece in pieces]
    assert sizes == [HEADER_SIZES[1], HEADER_SIZES[VERSION]]


def test_damage_in_a_record_of_version_1_costs_that_record(old):
    """Each byte of its newest file flipped: the older records come all the same."""
    newest = max((old / "ha").iterdir())
    data = newest.read_bytes()
    for at in range(len(data)):
        hurt = bytearray(data)
        hurt[at] ^= 0xFF
        newest.write_bytes(hurt)
        journal, stats = open_journal(old)
        journal.cursor("slow", "ha")  # keeps the files
        found = []
        cursor = journal.cursor(f"db{at}", "ha")
        while (chunk := cursor.read(1, 1)) is not None:
            found.append(chunk.start.sequence)
            cursor.advance(chunk.end)
        assert found == [0, 1, 2, 3]
        assert stats.corrupt_records + stats.torn_tails == 1
        journal.close()
        newest.write_bytes(data)


@pytest.mark.parametrize("text", ["", "?\n", "\x91"])
def test_a_damaged_format_file_is_written_anew(old, text):
    """What is no number is damage; the records say their version themselves."""
    (old / "format").write_text(text, encoding="latin-1")
    journal, _ = open_journal(old)
    journal.close()
    assert (old / "format").read_text() == "1\n"
