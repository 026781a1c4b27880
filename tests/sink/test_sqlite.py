"""The embedded store as a sink: outcomes, threads, trouble with the file."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import zlib
from pathlib import Path

import pytest
from tests.sink.conftest import batch

from hiq.errors import StoreError
from hiq.settings.schema import SinkSettings
from hiq.sink.base import Batch, Done, Hold, Refused, Retry
from hiq.sink.decode import LineError
from hiq.sink.schema import VERSION
from hiq.sink.sqlite import SqliteSink, classify

LINES = "m,entity_id=a value=1 5\n"


@pytest.fixture
async def sink(tmp_path: Path):
    made = SqliteSink(SinkSettings(name="store", type="sqlite"), tmp_path / "hiq.db")
    yield made
    await made.close()


def count(path: Path) -> int:
    database = sqlite3.connect(path)
    try:
        return database.execute("SELECT count(*) FROM points").fetchone()[0]
    finally:
        database.close()


async def test_write_is_done_when_it_is_stored(sink) -> None:
    """All members of a batch are rows of the file when the outcome is there."""
    await sink.start()
    assert sink.joins_members
    assert await sink.write(batch(LINES, LINES.replace("=a", "=b"))) == Done()
    assert count(sink.path) == 2
    assert await sink.write(batch(LINES)) == Done()
    assert count(sink.path) == 2


async def test_start_makes_the_file(sink) -> None:
    """A reader finds an empty store before the first batch."""
    await sink.start()
    assert count(sink.path) == 0


async def test_bad_line_and_bad_gzip_are_refused(sink) -> None:
    """What will never work is refused, with nothing stored."""
    await sink.start()
    bad = await sink.write(batch(LINES + "m v=\n"))
    assert isinstance(bad, Refused)
    assert "invalid field" in bad.reason
    assert isinstance(await sink.write(Batch(b"junk", 1)), Refused)
    cut = batch(LINES * 100)
    cut = Batch(cut.body[:-9], cut.points)
    assert isinstance(await sink.write(cut), Refused)
    assert count(sink.path) == 0


async def test_a_locked_file_is_retried(sink, monkeypatch) -> None:
    """Another writer is waited for, then it is tried again."""
    monkeypatch.setattr("hiq.sink.store.BUSY_S", 0.05)
    await sink.start()
    other = sqlite3.connect(sink.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    found = await sink.write(batch(LINES))
    assert isinstance(found, Retry)
    assert "locked" in found.reason
    other.execute("ROLLBACK")
    other.close()
    assert await sink.write(batch(LINES)) == Done()


async def test_a_full_disk_is_retried(sink) -> None:
    """When there is no room, the batch is kept and written when there is again."""
    await sink.start()
    database = sink._store.open()
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")
    big = batch(f'm v="{"x" * 50_000}" 5\n')
    found = await sink.write(big)
    assert isinstance(found, Retry)
    assert "full" in found.reason
    assert await sink.write(big) == Done()


async def test_a_damaged_file_is_held(sink) -> None:
    """A file that is no database asks for somebody; when it is gone, all goes on."""
    await sink.start()
    await sink.close()
    for one in sink.path.parent.iterdir():
        one.unlink()
    sink.path.write_bytes(os.urandom(8192))
    found = await sink.write(batch(LINES))
    assert isinstance(found, Hold)
    assert found.advice
    sink.path.unlink()
    assert await sink.write(batch(LINES)) == Done()


async def test_torn_pages_are_held(sink) -> None:
    """Garbage in the middle of the file is told from a problem that heals."""
    await sink.start()
    for number in range(50):
        await sink.write(batch(f'm,entity_id=a{number} s="{"x" * 3000}" {number}\n'))
    await sink.close()
    with sink.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (sink.path.stat().st_size - 4096))
    found = await sink.write(batch(LINES))
    assert isinstance(found, Hold)
    assert "damaged" in found.advice


async def test_a_newer_or_foreign_file_is_held(sink) -> None:
    """A file of a newer hiq is not touched, nor one of another program."""
    database = sqlite3.connect(sink.path)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    await sink.start()
    found = await sink.write(batch(LINES))
    assert isinstance(found, Hold)
    assert "newer" in found.reason


async def test_a_path_that_cannot_be_is_held(tmp_path) -> None:
    """A folder in the place of the file is the user's to repair."""
    (tmp_path / "hiq.db").mkdir()
    sink = SqliteSink(SinkSettings(name="s", type="sqlite"), tmp_path / "hiq.db")
    await sink.start()
    assert isinstance(await sink.write(batch(LINES)), Hold)
    (row,) = await sink.check()
    assert not row.ok
    assert row.advice
    await sink.close()


async def test_a_slow_disk_ends_by_the_deadline(tmp_path, monkeypatch) -> None:
    """A write that hangs is a retry; the thread finishes it, the rows are the same."""
    settings = SinkSettings(name="s", type="sqlite", timeout=0.1)
    sink = SqliteSink(settings, tmp_path / "hiq.db")
    await sink.start()
    release = threading.Event()
    write = sink._store.write

    def slow(lines: bytes) -> int:
        release.wait(30)
        return write(lines)

    monkeypatch.setattr(sink._store, "write", slow)
    found = await sink.write(batch(LINES))
    assert isinstance(found, Retry)
    assert found.sent
    release.set()
    monkeypatch.setattr(sink._store, "write", write)
    while await sink.write(batch(LINES)) != Done():
        await asyncio.sleep(0)
    assert count(sink.path) == 1
    await sink.close()


async def test_check_writes_and_reads_back(sink) -> None:
    """The check leaves one point in hiq_check and nothing else."""
    rows = await sink.check()
    assert [row.ok for row in rows] == [True, True]
    database = sqlite3.connect(sink.path)
    found = database.execute("SELECT measurement, number FROM points").fetchall()
    database.close()
    assert found == [("hiq_check", 1.0)]


async def test_close_twice(sink) -> None:
    """Closing is idempotent and ends the thread; a write opens again."""
    await sink.start()
    await sink.close()
    await sink.close()
    assert not any(t.name.startswith("hiq-store") for t in threading.enumerate())
    assert await sink.write(batch(LINES)) == Done()


def coded(number: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("words")
    error.sqlite_errorcode = number
    return error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (coded(sqlite3.SQLITE_BUSY), Retry),
        (coded(sqlite3.SQLITE_LOCKED), Retry),
        (coded(sqlite3.SQLITE_FULL), Retry),
        (coded(sqlite3.SQLITE_IOERR), Retry),
        (coded(sqlite3.SQLITE_NOMEM), Retry),
        (coded(sqlite3.SQLITE_CORRUPT), Hold),
        (coded(sqlite3.SQLITE_CORRUPT | 3 << 8), Hold),
        (coded(sqlite3.SQLITE_NOTADB), Hold),
        (coded(sqlite3.SQLITE_CANTOPEN), Hold),
        (coded(sqlite3.SQLITE_READONLY), Hold),
        (coded(sqlite3.SQLITE_ERROR), Hold),
        (coded(sqlite3.SQLITE_TOOBIG), Refused),
        (sqlite3.DataError("string too big"), Refused),
        (StoreError("newer"), Hold),
        (PermissionError(13, "no"), Hold),
        (OSError(28, "No space left"), Retry),
        (LineError("bad", b"x"), Refused),
        (zlib.error("cut"), Refused),
    ],
)
def test_every_error_has_one_outcome(error, outcome) -> None:
    """What heals is retried, what needs somebody held, what is bad refused."""
    assert type(classify(error)) is outcome
