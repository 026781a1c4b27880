"""The journal on real files: nothing accepted is lost, nothing unaccepted counts."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading

import pytest

from hiq.errors import JournalError, JournalFull, JournalLocked
from hiq.journal.journal import Entry, Journal
from hiq.journal.stream import Position
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats
from tests.journal.disk import Disk

MIB = 1024 * 1024


class Home:
    """A journal folder that can be opened again and again."""

    def __init__(self, path):
        self.path = path
        self.disk = Disk()
        self.now = 1_000.0
        self.stats = JournalStats()

    def open(self, segment_bytes=MIB, **settings):
        """Open the journal with fresh counters."""
        self.stats = JournalStats()
        settings.setdefault("min_free_bytes", 0)
        return Journal.open(
            self.path,
            JournalSettings(**settings),
            self.stats,
            clock=lambda: self.now,
            files=self.disk,
            segment_bytes=segment_bytes,
        )


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "journal")


def entry(number, points=10, size=100):
    """An entry whose body tells its number."""
    return Entry(b"%06d" % number + bytes(size), points, number, number + 5)


def append(journal, *numbers, stream="ha", **kwargs):
    """Append entries one by one."""
    for number in numbers:
        journal.append([(stream, entry(number, **kwargs))])


def drain(cursor):
    """Everything that the cursor has, moved over: the numbers of the entries."""
    numbers = []
    while (chunk := cursor.read(1, 1, members=False)) is not None:
        numbers.append(int(chunk.body[:6]))
        cursor.advance(chunk.end)
    return numbers


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
    assert cursor.read(100, 212).records == 2
    assert cursor.read(1, 1).records == 1
    assert cursor.read(100, MIB, members=False).records == 1
    chunk = cursor.read(100, MIB)
    assert (chunk.records, chunk.points, chunk.first_ns, chunk.last_ns) == (4, 40, 1, 9)
    assert len(chunk.body) == 4 * 106
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


@pytest.mark.parametrize("content", [b"", b"{", b'{"sink": 1}'])
def test_a_damaged_cursor_only_sends_again(home, content):
    """A cursor file that cannot be read lets its sink begin at the oldest record."""
    journal = home.open()
    cursor = journal.cursor("db", "ha")
    append(journal, 1, 2)
    drain(cursor)
    journal.close()
    (home.path / "cursors" / "db.json").write_bytes(content)
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


def test_drop_new_takes_nothing_and_counts(home):
    """Under `drop_new` what comes late is dropped; every cursor finds the hole."""
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
    assert drain(cursor) == [*range(begun), 8, 9]
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
    assert done.stdout.splitlines()[-1] == "b'ac' [1060, 1060]"


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


def test_one_journal_has_one_owner(home):
    """A second opening is refused, and says by whom it is held."""
    journal = home.open()
    with pytest.raises(JournalLocked, match=str(os.getpid())):
        home.open()
    journal.close()
    journal.close()
    home.open().close()


def test_a_newer_layout_is_refused(home):
    """A folder of a later hiq is left alone, with a clear message."""
    home.open().close()
    (home.path / "format").write_text("9\n")
    with pytest.raises(JournalError, match="format '9', this hiq reads 1"):
        home.open()
    (home.path / "format").write_text("1\n")
    home.open().close()


def test_a_folder_that_cannot_be_used_is_a_journal_error(tmp_path):
    """A file where the folder should be gives a JournalError that names it."""
    (tmp_path / "journal").write_text("")
    with pytest.raises(JournalError, match="journal"):
        Home(tmp_path / "journal").open()


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
