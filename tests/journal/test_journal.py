"""The journal on real files: what is accepted is there, whatever comes between."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading

import pytest

from hiq.errors import JournalError, JournalFull
from hiq.journal.stream import Position
from tests.journal.home import MIB, append, drain, entry


def test_what_is_appended_is_read_in_order(home):
    """A cursor gets every entry once, in order, with its figures."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 1, 2, 3)
    chunk = cursor.read(10, MIB)
    assert (chunk.points, chunk.records, chunk.first_ns, chunk.last_ns) == (10, 1, 1, 6)
    assert chunk.appended_ns == 1_000 * 10**9
    assert (chunk.start, chunk.end) == (Position(0, 0), Position(1, 10))
    assert cursor.oldest_ns == 1_000 * 10**9
    assert drain(cursor) == [1, 2, 3]
    assert cursor.read(10, MIB) is None
    assert cursor.pending_points == cursor.pending_bytes == 0
    assert (home.stats.records, home.stats.commits) == (3, 3)
    assert home.stats.bytes == home.stats.written_bytes > 300
    journal.close()


def test_cursors_survive_and_are_apart(home):
    """After a restart each sink goes on where it was."""
    journal = home.open()
    one, two = journal.cursor("one", "ha"), journal.cursor("a/b", "ha")
    append(journal, 1, 2, 3)
    one.advance(one.read(20, MIB).end)
    journal.close()
    journal = home.open()
    one, two = journal.cursor("one", "ha"), journal.cursor("a/b", "ha")
    assert (one.pending_points, two.pending_points) == (10, 30)
    append(journal, 4)
    assert drain(one) == [3, 4]
    assert drain(two) == [1, 2, 3, 4]
    journal.close()


def test_a_kill_costs_nothing(home):
    """Without any close, everything appended and advanced is still there."""
    script = """
import os, sys
from pathlib import Path
from hiq.journal.journal import Entry, Journal
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats
journal = Journal.open(Path(sys.argv[1]), JournalSettings(min_free_bytes=0), JournalStats())
cursor = journal.cursor("db", "ha")
for n in range(3):
    journal.append([("ha", Entry(b"%06d" % n, 10, n, n))])
cursor.advance(cursor.read(10, 100).end)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, home.path], timeout=60, check=False
    )
    assert done.returncode == -9
    journal = home.open()
    assert drain(journal.cursor("db", "ha")) == [1, 2]
    journal.close()


def test_streams_are_apart(home):
    """Each encoding has its own records and figures; one append may fill several."""
    journal = home.open()
    ha, other = journal.cursor("db", "ha"), journal.cursor("db2", "other")
    journal.append([("ha", entry(1)), ("other", entry(2)), ("ha", entry(3))])
    assert (ha.pending_points, other.pending_points) == (20, 10)
    assert (drain(ha), drain(other)) == ([1, 3], [2])
    assert (home.stats.commits, home.stats.records) == (1, 3)
    journal.close()


def test_nothing_is_appended_after_close(home):
    """A closed journal refuses."""
    journal = home.open()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        append(journal, 1)


def test_threads_append_and_read_at_once(home):
    """Readers in other threads see whole records, each once, while segments go."""
    journal = home.open(segment_bytes=2_000)
    cursors = [journal.cursor(name, "ha") for name in ("one", "two")]
    seen = {"one": [], "two": []}
    total = 150

    def read(cursor):
        while len(seen[cursor.name]) < total:
            seen[cursor.name] += drain(cursor)

    threads = [threading.Thread(target=read, args=(c,), daemon=True) for c in cursors]
    for thread in threads:
        thread.start()
    append(journal, *range(total))
    for thread in threads:
        thread.join(60)
    assert seen == {"one": list(range(total)), "two": list(range(total))}
    assert home.stats.segments <= 2
    journal.close()


def test_an_opening_that_fails_gives_the_lock_back(home):
    """After a failed start the next one is not refused for the lock."""
    journal = home.open()
    append(journal, 1)
    journal.close()
    home.disk.fail("open_read")
    with pytest.raises(JournalError, match="Input/output error"):
        home.open()
    home.disk.heal()
    journal = home.open()
    assert drain(journal.cursor("db", "ha")) == [1]
    journal.close()


def test_a_full_disk_is_a_full_journal(home):
    """What the disk says is in the error, and whether it is full in its type."""
    journal = home.open(max_bytes=1_000, when_full="drop_new")
    cursor = journal.cursor("db", "ha")
    for code, kind in ((errno.EIO, JournalError), (errno.ENOSPC, JournalFull)):
        home.disk.fail("write", code)
        with pytest.raises(kind, match=os.strerror(code)) as caught:
            append(journal, 1)
        assert type(caught.value) is kind
        assert caught.value.path == str(home.path)
    home.disk.heal()
    append(journal, *range(9))
    assert drain(cursor) == list(range(6))
    journal.close()
