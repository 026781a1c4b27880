"""Versions of the store file: new, current, newer, foreign, interrupted."""

from __future__ import annotations

import sqlite3

import pytest

from hiq.errors import StoreError
from hiq.sink import schema
from hiq.sink.schema import APPLICATION_ID, VERSION, migrate


@pytest.fixture
def database():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def names(database) -> set[str]:
    return {row[0] for row in database.execute("SELECT name FROM sqlite_master")}


def test_a_new_file_gets_everything(database) -> None:
    """All steps are taken, marked and dated; a second time there is nothing to do."""
    assert migrate(database, lambda: 77) == VERSION
    assert {"series", "fields", "samples", "spans", "removed", "points"} <= names(
        database
    )
    assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    rows = database.execute("SELECT * FROM migrations").fetchall()
    assert rows == [(n, 77) for n in range(1, VERSION + 1)]
    assert migrate(database, lambda: 78) == 0


def test_a_later_step_is_taken_once(database, monkeypatch) -> None:
    """A file of an older version gets only what it lacks, and keeps its data."""
    migrate(database, lambda: 1)
    database.execute("INSERT INTO fields VALUES (1, 'value')")
    step = "ALTER TABLE fields ADD COLUMN unit TEXT;\nCREATE TABLE more (a);"
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, step))
    monkeypatch.setattr(schema, "VERSION", VERSION + 1)
    assert migrate(database, lambda: 2) == 1
    assert database.execute("SELECT * FROM fields").fetchall() == [(1, "value", None)]
    assert "more" in names(database)


def test_a_step_that_fails_leaves_nothing(database, monkeypatch) -> None:
    """Each step is one transaction: half a step is never seen."""
    migrate(database, lambda: 1)
    step = "CREATE TABLE half (a);\nCREATE TABLE series (a);"
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, step))
    monkeypatch.setattr(schema, "VERSION", VERSION + 1)
    with pytest.raises(sqlite3.OperationalError, match="series"):
        migrate(database, lambda: 2)
    assert "half" not in names(database)
    assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_a_newer_file_is_refused(database) -> None:
    """A file of the future is not touched."""
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StoreError, match="newer hiq"):
        migrate(database, lambda: 1)
    assert names(database) == set()


def test_a_foreign_database_is_refused(database) -> None:
    """Tables of another program are not mixed with ours."""
    database.execute("CREATE TABLE photos (a)")
    with pytest.raises(StoreError, match="another program"):
        migrate(database, lambda: 1)
    assert names(database) == {"photos"}
