"""The embedded store as a file: opened, written to in transactions, closed.

Blocking, and for one thread: `sqlite.SqliteSink` gives it one. A write is one
transaction: all of its points or none, so a batch can be sent again at will, and the
same value at the same time in the same series is the same row.

The file is in WAL mode with synchronous=FULL: each commit is fsynced before `write`
returns, so it survives a killed process and a power cut; the journal may then forget
the batch. Readers (`reader`) never block the writer, nor wait for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from typing import TYPE_CHECKING

from hiq.sink.decode import Value, decode, decode_series
from hiq.sink.retention import SPAN_NS, Retention
from hiq.sink.schema import FALSE, TRUE, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Store"]

BUSY_S = 5.0
"""How long a write waits for another writer, `hiq check` for example."""

KNOWN_NAMES = 100_000
"""Series and field numbers that are kept in memory; forgotten when there are more."""

WAL_BYTES = 16 * 1024 * 1024
"""The write-ahead log is cut back to this after a checkpoint."""

_UPSERT = """
    INSERT INTO samples VALUES (?, ?, ?, ?)
    ON CONFLICT (series, time_ns, field) DO UPDATE SET value = excluded.value
"""
_NEW_SERIES = """
    INSERT INTO series (measurement, tags, entity_id, domain) VALUES (?, ?, ?, ?)
    ON CONFLICT (measurement, tags) DO UPDATE SET domain = excluded.domain
    RETURNING id
"""
_NEW_FIELD = """
    INSERT INTO fields (name) VALUES (?)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id
"""


class Store:
    """One store file and its writing connection.

    After calling `open`: the file exists and has the current schema. After calling
    `close`: it can be opened again. Errors are sqlite3.Error, hiq.errors.StoreError
    (not a file of ours, or a newer one) and LineError; after any of them nothing of
    the batch is stored.
    """

    def __init__(
        self,
        path: Path,
        *,
        retention_s: float | None = None,
        max_bytes: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self._clock = clock
        self._retention = Retention(retention_s, max_bytes, clock)
        self._database: sqlite3.Connection | None = None
        self._inode = 0
        self._series: dict[bytes, int] = {}
        self._fields: dict[str, int] = {}

    def open(self) -> sqlite3.Connection:
        """Open or create the file, unless it is open already."""
        if self._database is not None:
            if self._inode == _inode(self.path):
                return self._database
            self.close()  # somebody moved or removed the file under us
        self.path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(
            self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            # before the first table, or it has no effect
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
            migrate(database, lambda: int(self._clock() * 10**9))
        except BaseException:
            database.close()
            raise
        self._database = database
        self._inode = _inode(self.path)
        return database

    def write(self, lines: bytes) -> int:
        """Store all lines in one transaction; return how many values they had."""
        database = self.open()
        before = database.total_changes
        spans: set[int] = set()
        try:
            database.execute("BEGIN IMMEDIATE")
            count = database.executemany(
                _UPSERT, self._rows(database, lines, spans)
            ).rowcount
            count = max(count, 0)
            self._retention.note(database, spans)
            self._retention.step(database, database.total_changes - before)
            database.execute("COMMIT")
        except BaseException:
            self._forget()
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
        with contextlib.suppress(sqlite3.OperationalError):
            self._retention.shrink(database)  # the batch is stored in any case
        return count

    def close(self) -> None:
        """Close the file; calling it twice does nothing."""
        database, self._database = self._database, None
        self._forget()
        if database is not None:
            database.close()

    def _rows(
        self, database: sqlite3.Connection, lines: bytes, spans: set[int]
    ) -> Iterator[tuple[int, int, int, object]]:
        if len(self._series) + len(self._fields) > KNOWN_NAMES:
            self._forget()
        series_of, field_of = self._series, self._fields
        for key, time_ns, fields in decode(lines):
            series = series_of.get(key)
            if series is None:
                series = series_of[key] = _add_series(database, key)
            spans.add(time_ns // SPAN_NS * SPAN_NS)
            for name, value in fields:
                field = field_of.get(name)
                if field is None:
                    field = field_of[name] = _number(database, _NEW_FIELD, (name,))
                yield series, time_ns, field, _stored(value)

    def _forget(self) -> None:
        """Drop numbers that a rollback or another file may have made wrong."""
        self._series.clear()
        self._fields.clear()
        self._retention.reset()


def _add_series(database: sqlite3.Connection, key: bytes) -> int:
    measurement, tags = decode_series(key)
    text = json.dumps(tags, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    domain = tags.get("domain")
    entity = tags.get("entity_id")
    if entity is not None and domain and "." not in entity:
        entity = f"{domain}.{entity}"  # the tag holds the object id alone
    elif entity is not None and domain is None and "." in entity:
        domain = entity.partition(".")[0]
    return _number(database, _NEW_SERIES, (measurement, text, entity, domain))


def _number(
    database: sqlite3.Connection, statement: str, values: tuple[str | None, ...]
) -> int:
    (number,) = database.execute(statement, values).fetchone()
    return int(number)


def _stored(value: Value) -> object:
    if isinstance(value, bool):
        return TRUE if value else FALSE
    return value


def _inode(path: Path) -> int:
    try:
        return os.stat(path).st_ino  # noqa: PTH116  called for every batch
    except FileNotFoundError:
        return -1
