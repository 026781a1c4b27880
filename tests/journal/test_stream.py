"""Writing on a disk that fails: all of an append, or nothing of it."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from hiq.errors import JournalError, JournalFull
from hiq.journal.stream import Position
from tests.journal.home import MIB, append, drain, entry


def test_accepted_means_synced(home):
    """File and folder are synced before an append returns, the file each time."""
    journal = home.open(segment_bytes=300)
    journal.cursor("db", "ha")
    synced = []
    home.disk.calls.clear()
    for number in range(3):
        append(journal, number)
        synced.append(" ".join(home.disk.calls))
        home.disk.calls.clear()
    assert synced == [
        "sync_folder create write sync sync_folder",
        "write sync",
        "create write sync sync_folder",
    ]
    journal.append([("ha", entry(4)), ("ha", entry(5)), ("other", entry(6))])
    assert home.disk.calls.count("sync") == 2
    assert home.stats.fsyncs == 2 + 1 + 2 + 1 + 2
    journal.close()


FAULTS = [
    ("write", errno.ENOSPC, 0),
    ("write", errno.EIO, 30),
    ("write", errno.EIO, 150),
    ("sync", errno.EIO, 0),
    ("create", errno.EROFS, 0),
    ("sync_folder", errno.EIO, 0),
]


@pytest.mark.parametrize(("operation", "code", "partial"), FAULTS)
@pytest.mark.parametrize("also", ["", "truncate", "remove"])
@pytest.mark.parametrize(("begun", "segment_bytes"), [(0, 150), (2, 150), (2, 400)])
def test_a_failed_append_leaves_nothing(
    home, operation, code, partial, also, begun, segment_bytes
):
    """Whatever fails in an append: no trace of it now, after healing, or reopened."""
    if segment_bytes > 150 and operation in {"create", "sync_folder"}:
        operation = "open_end"
    journal = home.open(segment_bytes=segment_bytes)
    cursor = journal.cursor("db", "ha")
    append(journal, *range(begun))
    if operation == "open_end":
        journal.close()
        journal = home.open(segment_bytes=segment_bytes)
        cursor = journal.cursor("db", "ha")
    home.disk.fail(operation, code, partial=partial)
    if also:
        home.disk.fail(also)
    kind = JournalFull if code == errno.ENOSPC else JournalError
    for _ in range(1 if operation == "open_end" else 3):
        with pytest.raises(kind) as caught:
            append(journal, 77)
        assert type(caught.value) is kind
    assert cursor.pending_points == begun * 10
    assert home.stats.commits in {begun, 0}
    home.disk.heal()
    append(journal, 8, 9)
    journal.close()
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    assert cursor.pending_points == begun * 10 + 20
    expected = [*range(begun), 8, 9]
    joined = cursor.read(1_000, MIB).body
    assert joined == b"".join(entry(number).body for number in expected)
    assert drain(cursor) == expected
    assert home.stats.lost_points == 0
    journal.close()


def test_all_streams_or_none(home):
    """If the second stream cannot be written, the first takes its part back."""
    journal = home.open()
    ha, other = journal.cursor("db", "ha"), journal.cursor("db2", "other")
    append(journal, 1)
    home.disk.fail("create")
    with pytest.raises(JournalError):
        journal.append([("ha", entry(2)), ("other", entry(2))])
    home.disk.heal()
    assert (ha.pending_points, other.pending_points) == (10, 0)
    journal.append([("ha", entry(3)), ("other", entry(3))])
    assert (drain(ha), drain(other)) == ([1, 3], [3])
    journal.close()


def test_a_real_write_error_is_an_error(tmp_path):
    """With the system's own limit on file size an append fails and heals."""
    script = """
import resource, signal, sys
from pathlib import Path
from hiq.errors import JournalError
from hiq.journal.journal import Entry, Journal
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal.open(Path(sys.argv[1]), JournalSettings(min_free_bytes=0), JournalStats())
cursor = journal.cursor("db", "ha")
journal.append([("ha", Entry(b"a" * 1000, 1, 0, 0))])
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, hard))
try:
    journal.append([("ha", Entry(b"b" * 1000, 1, 0, 0))])
except JournalError as exc:
    print("refused:", exc)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
journal.append([("ha", Entry(b"c" * 1000, 1, 0, 0))])
print(cursor.read(9, 9000).body[::1000], sorted(f.stat().st_size for f in Path(sys.argv[1], "ha").iterdir()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "j"],
        timeout=60, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "refused: journal" in done.stdout
    assert done.stdout.splitlines()[-1] == "b'ac' [1064, 1064]"


def test_the_oldest_position_is_that_of_the_first_segment(home):
    """Even if nothing good is left in it, or it cannot be read."""
    journal = home.open(segment_bytes=150)
    stream = journal.cursor("db", "ha").stream
    assert stream.oldest() == stream.end == Position(0, 0)
    append(journal, 0, 1, 2)
    first, second, third = stream.segments
    assert stream.oldest() == Position(0, 0)
    first.path.write_bytes(b"x" * first.size)
    assert stream.oldest() == Position(0, 10)
    second.path.unlink()
    assert stream.oldest() == Position(0, 20)
    third.path.write_bytes(b"")
    assert stream.oldest() == Position(0, 30)
    assert [s.first for s, _, _ in stream.view(1)] == [1, 2]
    assert stream.limits()[-1] == (third, 3)
    assert [stream.is_open(s) for s in stream.segments] == [False, False, True]
    journal.close()


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_that_somebody_removed_is_not_written_on(home, what):
    """What comes after it is in a new file, and no sink waits for what is gone."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 1)
    (segment,) = (home.path / "ha").iterdir()
    segment.unlink()
    if what == "folder":
        segment.parent.rmdir()
    append(journal, 2, 3)
    assert drain(cursor) == [2, 3]
    assert [path.stem for path in (home.path / "ha").iterdir()] == [f"{1:020d}"]
    journal.close()
    journal = home.open()
    assert journal.cursor("db", "ha").pending_points == 0
    journal.close()
