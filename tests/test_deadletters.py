"""Dead letters keep the line and the server's words, within a bound."""

from __future__ import annotations

import resource
import signal

import msgspec
import pytest

from hiq.deadletters import DeadLetter, DeadLetters
from tests.journal.disk import Disk


def letter(text, reason="bad"):
    return DeadLetter(text, reason, 12.5, "db")


def read(path):
    return [msgspec.json.decode(text) for text in path.read_bytes().splitlines()]


def test_a_letter_is_one_line_of_json(tmp_path):
    """Line, reason, time and sink come back as they were; a new folder is made."""
    letters = DeadLetters(tmp_path / "dead" / "db.ndjson")
    letters.append([letter('m s="a\\"b°" 1'.encode(), 'the "words"\nof it')])
    letters.append([letter(b"m v=2 \xff")])
    assert read(letters.path) == [
        {
            "time": 12.5,
            "sink": "db",
            "reason": 'the "words"\nof it',
            "line": 'm s="a\\"b°" 1',
        },
        {"time": 12.5, "sink": "db", "reason": "bad", "line": "m v=2 \\xff"},
    ]
    assert letters.path.stat().st_mode & 0o077 == 0


def test_the_file_is_bounded_and_rotations_are_counted(tmp_path):
    """A full file is put aside; what that costs is counted."""
    letters = DeadLetters(tmp_path / "db.ndjson", max_bytes=200)
    for number in range(9):
        letters.append([letter(b"m v=%d" % number)])
    assert letters.rotations == 2
    assert letters.path.stat().st_size <= 200
    kept = [r["line"] for r in read(letters.aside) + read(letters.path)]
    assert kept == [f"m v={n}" for n in range(9 - len(kept), 9)]
    size = len(letter(b"m v=0").json())
    assert letters.removed == (9 - len(kept)) * size


def test_half_a_line_spoils_no_other(tmp_path):
    """What a power cut left of a letter does not join with the next; it is counted."""
    letters = DeadLetters(tmp_path / "db.ndjson")
    letters.append([letter(b"m v=1")])
    with letters.path.open("ab") as file:
        file.write(letter(b"m v=2").json()[:20])
    letters = DeadLetters(tmp_path / "db.ndjson")
    letters.append([letter(b"m v=3")])
    assert [found.line for found in letters.read()] == [b"m v=1", b"m v=3"]
    assert letters.damaged == 1


def test_letters_are_read_and_replaced(tmp_path):
    """Both files are read, oldest first; what is kept is in one."""
    letters = DeadLetters(tmp_path / "db.ndjson", max_bytes=150)
    assert list(letters.read()) == []
    for number in range(3):
        letters.append([letter(b"m v=%d" % number, str(number))])
    assert letters.aside.exists()
    found = list(letters.read())
    assert found == [letter(b"m v=%d" % n, str(n)) for n in range(3)]
    letters.replace(found[1:])
    assert list(letters.read()) == found[1:]
    assert not letters.aside.exists()


def test_a_folder_that_could_not_be_synced_is_synced_later(tmp_path):
    """A new file counts only when its name is on the disk, too."""
    disk = Disk()
    letters = DeadLetters(tmp_path / "db.ndjson", files=disk)
    disk.fail("sync_folder")
    with pytest.raises(OSError, match="error"):
        letters.append([letter(b"m v=1")])
    disk.heal()
    disk.calls.clear()
    letters.append([letter(b"m v=2")])
    assert disk.calls.count("sync_folder") == 1
    assert [found.line for found in letters.read()] == [b"m v=2"]
    disk.calls.clear()
    letters.append([letter(b"m v=3")])
    assert disk.calls.count("sync_folder") == 0


def test_a_failed_write_leaves_no_half_letter(tmp_path):
    """With the system's limit on file size an append fails whole, and heals."""
    letters = DeadLetters(tmp_path / "db.ndjson")
    letters.append([letter(b"m v=1")])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        with pytest.raises(OSError, match="too large"):
            letters.append([letter(b"m v=2")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)
    letters.append([letter(b"m v=3")])
    assert [r["line"] for r in read(letters.path)] == ["m v=1", "m v=3"]
