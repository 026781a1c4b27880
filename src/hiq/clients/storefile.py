"""The file of a store: opened, moved aside if it is damaged, and read row by row.

A row that is bad costs itself only. It must not know who is given what it has.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from hiq.clients.kept import read_marks, read_run
from hiq.clients.state import Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hiq.clients.kept import Mark, Restored

__all__ = ["Run", "is_damage", "open_file", "read_documents", "read_runs", "replaced"]

logger = logging.getLogger("hiq.clients")

ASIDE: Final = ".damaged"
KEY_BYTES: Final = 32
VERSION: Final = 2
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  sub TEXT PRIMARY KEY, version INTEGER, state BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY, sub TEXT, scopes BLOB, filters BLOB, acked INTEGER,
  next_seq INTEGER, detached_at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
  id INTEGER PRIMARY KEY, body BLOB, marks BLOB, alive_at REAL);
DROP TABLE IF EXISTS items;
DROP TABLE IF EXISTS events;
"""
DAMAGE: Final = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,  # a table or a column that is not there
    }
)


class Run(NamedTuple):
    """One commit; `marks` is None if they cannot be read."""

    id: int
    alive_at: float | None
    marks: list[Mark] | None
    entries: list[Restored]


def open_file(path: Path) -> tuple[sqlite3.Connection, bytes]:
    """Open it, or a new one in the place of a damaged one; return the key, too.

    sqlite3.Error, OSError: the disk does not take it.
    """
    try:
        return _opened(path, secrets.token_bytes(KEY_BYTES))
    except sqlite3.Error as exc:
        if not is_damage(exc):
            raise
        return replaced(path, exc, secrets.token_bytes(KEY_BYTES))


def replaced(
    path: Path, why: sqlite3.Error, key: bytes
) -> tuple[sqlite3.Connection, bytes]:
    """Move a damaged file aside, over the last such one, and open a new one."""
    aside = path.with_name(path.name + ASIDE)
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    # The log first: a new file beside an old log would be given what that one says.
    for end in ("-wal", ""):
        beside = path.with_name(path.name + end)
        moved = aside.with_name(aside.name + end)
        if beside.exists():
            beside.replace(moved)
        else:
            moved.unlink(missing_ok=True)
    logger.error(
        "what is kept of clients was damaged; it is moved aside and begins anew",
        extra={"aside": str(aside), "reason": str(why)},
    )
    return _opened(path, key)


def is_damage(exc: sqlite3.Error) -> bool:
    """Return whether it is the file, not the disk, that is not as it should be."""
    code = getattr(exc, "sqlite_errorcode", None)  # none: not from the file
    return code is not None and code & 0xFF in DAMAGE


def _opened(path: Path, key: bytes) -> tuple[sqlite3.Connection, bytes]:
    database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        path.chmod(0o600)
        # A text that is none shall not end the reading of all others.
        database.text_factory = _text
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != VERSION:  # else a full disk need not take anything
            database.executescript(f"{SCHEMA}PRAGMA user_version = {VERSION};")
        database.execute(
            "DELETE FROM meta WHERE name = 'seal'"
            " AND (typeof(value) != 'blob' OR length(value) != ?)",
            (KEY_BYTES,),
        )
        database.execute("INSERT OR IGNORE INTO meta VALUES ('seal', ?)", (key,))
        (found,) = database.execute(
            "SELECT value FROM meta WHERE name = 'seal'"
        ).fetchone()
    except BaseException:
        database.close()
        raise
    return database, bytes(found)


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def read_documents(database: sqlite3.Connection) -> Iterator[tuple[str, Document]]:
    """Return whose documents there are; sqlite3.Error."""
    for row in database.execute("SELECT sub, version, state FROM documents"):
        try:
            sub, version, data = msgspec.convert(row, tuple[str, int, bytes])
            state = msgspec.json.decode(data, type=dict[str, Any])
        except Exception:
            logger.exception(
                "a document cannot be read, it is left out",
                extra={"user": str(row[0])},
            )
        else:
            yield sub, Document(version, state)


def read_runs(
    database: sqlite3.Connection, wall_to_steady_s: float, now_s: float
) -> Iterator[Run]:
    """Return what was kept of events and how far sessions were; sqlite3.Error."""
    for run_id, body, packed, alive_at in database.execute(
        "SELECT id, body, marks, alive_at FROM runs ORDER BY id"
    ):
        marks: list[Mark] | None = None
        entries: list[Restored] = []
        try:
            marks = read_marks(packed)
            entries = read_run(body, wall_to_steady_s, now_s)
        except Exception:
            logger.exception(
                "a row of sessions cannot be read, it is left out",
                extra={"row": run_id},
            )
        alive = alive_at if isinstance(alive_at, float) else None
        yield Run(run_id, alive, marks, entries)
