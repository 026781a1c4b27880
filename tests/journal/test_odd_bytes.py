"""Text that is no UTF-8 in hiq's own files is damage like any other."""

from __future__ import annotations

from hiq.deadletters import DeadLetter, DeadLetters
from hiq.discovery.cache import RENAMES, Cache
from hiq.discovery.pointlog import PointLog
from hiq.gapfile import GapFile
from hiq.gaps import Ledger
from hiq.journal.fsck import survey
from hiq.journal.mend import repair
from hiq.repair.importing import Progress
from hiq.repair.state import Folder, Hole, State
from tests.journal.home import append, drain


def flip(path, text):
    """Set the high bit of the first byte of a text in a file."""
    data = bytearray(path.read_bytes())
    data[data.index(text)] ^= 0x80
    path.write_bytes(data)


def test_a_cursor_starts_over(home):
    """The start reads all again; verify and repair name the file."""
    journal = home.open()
    journal.cursor("db", "ha")
    append(journal, 0, 1)
    journal.close()
    flip(home.path / "cursors" / "db.json", b"db")
    journal = home.open()
    assert drain(journal.cursor("other", "ha")) == [0, 1]
    journal.close()
    assert [f.kind for f in survey(home.path).findings] == ["cursor"]
    assert [f.kind for f in repair(home.path).findings] == ["cursor"]
    assert survey(home.path).findings == []


def test_a_dead_letter_is_counted(tmp_path):
    """The other letters are read."""
    letters = DeadLetters(tmp_path / "dead.ndjson")
    letters.append(
        [DeadLetter(line, "no", 1.0, "db") for line in (b"abc v=1", b"xyz v=1")]
    )
    flip(letters.path, b"abc")
    assert [letter.line for letter in letters.read()] == [b"xyz v=1"]
    assert letters.damaged == 1
    assert [letter.line for letter in letters.newest(9)] == [b"xyz v=1"]


async def test_the_ledger_begins_anew(tmp_path):
    """The file is set aside."""
    path = tmp_path / "gaps.json"
    path.write_bytes(b'{"gaps":[{"cause":"\xff"}]}')
    ledger = Ledger()
    await GapFile(ledger, path).load()
    assert not ledger.gaps
    assert path.with_suffix(".bad").exists()


def test_what_repair_remembers(tmp_path):
    """Each file counts as one that is not there."""
    folder = Folder(tmp_path)
    hole = Hole(number=1, cause="x", gaps=[], after_us=None)
    (tmp_path / "state.json").write_bytes(b'{"settings":"\xff"}')
    (tmp_path / "names.json").write_bytes(b'["\xff"]')
    (tmp_path / "known-1.json").write_bytes(b'[["\xff",1]]')
    assert folder.load() == State()
    assert folder.load_names() == set()
    assert list(folder.load_known(hole)) == []


def test_what_the_home_was(tmp_path):
    """The home and its renames begin anew."""
    cache = Cache(tmp_path)
    cache.path.write_bytes(b"\xa1\xff")
    (tmp_path / RENAMES).write_bytes(b'{"renames":[],"first":{"a":"\xff"}}')
    assert cache.load() is None
    assert cache.load_renames().first_ids == {}


def test_an_import_begins_anew(tmp_path):
    """What cannot be read is no unfinished import."""
    path = tmp_path / "import.json"
    path.write_bytes(b'{"key":"\xff"}')
    assert Progress(path).load() is None


def test_a_line_of_the_log_of_points(tmp_path):
    """It is passed over, like a torn end."""
    log = PointLog(tmp_path)
    log.path.write_bytes(b'["\xff","k","s","f",1]\nnull\n')
    log.load()
    assert (log.told, log.owed) == ({}, [])
