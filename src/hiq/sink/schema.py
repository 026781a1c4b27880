"""Tables of the embedded store, and how an older file becomes a newer one.

The number of the last step is the file's `user_version`; `migrations` says when each
was taken. A step is never edited once released: a change is a new step at the end.
What is public is the view `points`; the tables may change with a new version.

Values keep SQLite's storage class: REAL for floats, INTEGER for integers, TEXT for
strings, and one-byte blobs for booleans, which SQLite has no class for.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from hiq.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["APPLICATION_ID", "FALSE", "STEPS", "TRUE", "VERSION", "migrate"]

APPLICATION_ID = 0x68697121
"""Marks the file as ours (bytes 68..71 of the header); `file` and we can tell."""

TRUE, FALSE = b"\x01", b"\x00"

STEPS = (
    """
    CREATE TABLE migrations (
        version    INTEGER PRIMARY KEY,
        applied_ns INTEGER NOT NULL
    );
    -- One row per series: a measurement with one set of tags, as a JSON object with
    -- sorted keys. entity_id is the full one (sensor.kitchen), whatever the tag says.
    CREATE TABLE series (
        id          INTEGER PRIMARY KEY,
        measurement TEXT NOT NULL,
        tags        TEXT NOT NULL,
        entity_id   TEXT,
        domain      TEXT,
        UNIQUE (measurement, tags)
    );
    CREATE INDEX series_entity ON series (entity_id);
    CREATE TABLE fields (
        id   INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    );
    -- The primary key is the identity of a value: writing it again replaces it.
    -- `value` has no type, so that every value keeps its own.
    CREATE TABLE samples (
        series  INTEGER NOT NULL,
        time_ns INTEGER NOT NULL,
        field   INTEGER NOT NULL,
        value   NOT NULL,
        PRIMARY KEY (series, time_ns, field)
    ) WITHOUT ROWID;
    -- Spans of ten minutes that hold samples: the oldest is found without a scan.
    CREATE TABLE spans (start_ns INTEGER PRIMARY KEY);
    -- How many samples were removed, and why: `age` or `size`.
    CREATE TABLE removed (
        reason  TEXT PRIMARY KEY,
        samples INTEGER NOT NULL
    );
    CREATE VIEW points AS
    SELECT series.measurement,
           series.entity_id,
           series.domain,
           series.tags,
           fields.name AS field,
           samples.time_ns,
           CASE typeof(samples.value)
               WHEN 'text' THEN NULL
               WHEN 'blob' THEN samples.value = x'01'
               ELSE samples.value
           END AS number,
           CASE typeof(samples.value)
               WHEN 'text' THEN samples.value
               WHEN 'blob' THEN iif(samples.value = x'01', 'true', 'false')
           END AS text
    FROM series
    JOIN samples ON samples.series = series.id
    JOIN fields ON fields.id = samples.field;
    """,
)

VERSION = len(STEPS)


def migrate(database: sqlite3.Connection, now_ns: Callable[[], int]) -> int:
    """Bring the file to VERSION, each step in one transaction; return the steps taken.

    Raises StoreError if the file is newer than this program, or is a database of
    somebody else.
    """
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StoreError(
            f"the store has schema version {version}, this hiq knows {VERSION}: "
            "use a newer hiq, or another file"
        )
    (owner,) = database.execute("PRAGMA application_id").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner != APPLICATION_ID and tables:
        raise StoreError("the file is the database of another program: use another")
    for number in range(version + 1, VERSION + 1):
        database.execute("BEGIN IMMEDIATE")
        try:
            (found,) = database.execute("PRAGMA user_version").fetchone()
            if found < number:  # else another process was quicker
                _apply(database, number, now_ns())
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
    return int(VERSION - version)


def _apply(database: sqlite3.Connection, number: int, now_ns: int) -> None:
    statement = ""
    for line in STEPS[number - 1].splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            database.execute(statement)
            statement = ""
    database.execute("INSERT INTO migrations VALUES (?, ?)", (number, now_ns))
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {number}")
