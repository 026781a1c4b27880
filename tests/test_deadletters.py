"""Dead letters keep the line and the server's words, within a bound."""

from __future__ import annotations

import resource
import signal

import msgspec
import pytest

from hiq.deadletters import DeadLetter, DeadLetters


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
