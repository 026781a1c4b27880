"""Reading the store: beside the writer, read-only, with a deadline."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sink.strategies import line, points

from hiq.errors import StoreError
from hiq.sink import reader as reader_module
from hiq.sink.reader import Reader
from hiq.sink.schema import VERSION
from hiq.sink.store import Store

FIRST = b"W,domain=sensor,entity_id=a value=1 100\n"
SECOND = b'W,domain=sensor,entity_id=a state_str="on",value=2 200\n'
OTHER = b"C,domain=sensor,entity_id=b value=3 150\n"


@pytest.fixture
def store(tmp_path: Path):
    made = Store(tmp_path / "hiq.db")
    made.write(FIRST + SECOND + OTHER)
    yield made
    made.close()


@pytest.fixture
def reader(store: Store):
    with Reader(store.path) as made:
        yield made


def test_sql_gives_names_and_rows(reader) -> None:
    """Any SELECT on the view works; rows are read as they are needed."""
    names, rows = reader.sql(
        "SELECT entity_id, number FROM points ORDER BY number DESC"
    )
    assert names == ["entity_id", "number"]
    assert next(rows) == ("sensor.b", 3.0)
    assert next(rows) == ("sensor.a", 2.0)


def test_an_entity_and_a_span(reader) -> None:
    """From is included, to is not; the newest rows come, the oldest first."""
    names, rows = reader.entity("sensor.a")
    assert names == ["time_ns", "entity_id", "measurement", "field", "value"]
    assert [(row[0], row[3], row[4]) for row in rows] == [
        (100, "value", 1.0),
        (200, "state_str", "on"),
        (200, "value", 2.0),
    ]
    assert [r[0] for r in reader.entity("sensor.a", start_ns=100, end_ns=200)[1]] == [
        100
    ]
    assert [r[4] for r in reader.entity("sensor.*", fields=("value",), limit=2)[1]] == [
        3,
        2,
    ]


def test_the_overview_lists_every_series(reader) -> None:
    """Each series with its first and last time."""
    assert list(reader.overview()[1]) == [
        ("sensor.a", "W", 100, 200),
        ("sensor.b", "C", 150, 150),
    ]


def test_it_sees_what_is_written_meanwhile(store, reader) -> None:
    """A reader beside the writer is not stuck in the past, nor stops the writer."""
    store.write(b"W,domain=sensor,entity_id=a value=9 300\n")
    assert list(reader.sql("SELECT max(time_ns) FROM points")[1]) == [(300,)]


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM samples",
        "DROP VIEW points",
        "CREATE TABLE x (a)",
        "PRAGMA user_version = 9",
        "PRAGMA query_only = OFF",
        "PRAGMA Query_Only = OFF",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
    ],
)
def test_nothing_can_be_changed(reader, text, tmp_path, monkeypatch) -> None:
    """SQL of a user changes neither this file nor another."""
    monkeypatch.chdir(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(StoreError):
        list(reader.sql(text)[1])
    assert list(reader.sql("SELECT count(*) FROM points")[1]) == [(4,)]
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_wrong_sql_says_what_is_wrong(reader) -> None:
    """The words of SQLite reach the user."""
    with pytest.raises(StoreError, match="no such table: pints"):
        reader.sql("SELECT * FROM pints")


def test_a_query_cannot_eat_the_memory(reader) -> None:
    """A value larger than 64 MiB is an error, not an allocation."""
    with pytest.raises(StoreError, match="too big"):
        list(reader.sql("SELECT randomblob(100000000)")[1])


def test_a_query_that_never_ends_is_ended(store) -> None:
    """Each query has a deadline."""
    ticks = iter(range(1_000_000))
    with Reader(store.path, timeout_s=5, clock=lambda: next(ticks)) as reader:
        with pytest.raises(StoreError, match="more than 5 s"):
            reader.sql(
                "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) "
                "SELECT count(*) FROM n"
            )


def test_rows_that_nobody_takes_do_no_harm(store) -> None:
    """A result may be left half read when the store is closed."""
    reader = Reader(store.path)
    _names, rows = reader.sql("SELECT * FROM points")
    next(rows)
    reader.close()
    with pytest.raises(StoreError):
        reader.sql("SELECT 1")


def test_files_that_are_no_store(tmp_path) -> None:
    """A missing file, a foreign one, a newer one and garbage are told apart."""
    with pytest.raises(StoreError, match="no store at"):
        Reader(tmp_path / "none.db")
    foreign = tmp_path / "foreign.db"
    database = sqlite3.connect(foreign)
    database.execute("CREATE TABLE photos (a)")
    database.close()
    with pytest.raises(StoreError, match="not a store"):
        Reader(foreign)
    newer = Store(tmp_path / "newer.db")
    newer.open().execute(f"PRAGMA user_version = {VERSION + 1}")
    newer.close()
    with pytest.raises(StoreError, match="version"):
        Reader(newer.path)
    (tmp_path / "junk.db").write_bytes(b"junk" * 3000)
    with pytest.raises(StoreError, match="not a database"):
        Reader(tmp_path / "junk.db")


def test_a_backup_while_it_is_open(store, reader, tmp_path) -> None:
    """The copy is a store of its own with the same points; nothing is overwritten."""
    target = tmp_path / "backup.db"
    reader.backup(target)
    store.write(b"W,domain=sensor,entity_id=a value=9 300\n")
    with Reader(target) as copy:
        assert list(copy.sql("SELECT count(*) FROM points")[1]) == [(4,)]
    again = Store(target)
    again.write(FIRST)
    again.close()
    with pytest.raises(StoreError, match="exists already"):
        reader.backup(target)
    with pytest.raises(StoreError):
        list(reader.sql("ATTACH 'x.db' AS x")[1])


def test_lines_are_the_points_that_were_written(reader) -> None:
    """The store as line protocol, by series and time, and within a span."""
    assert "".join(reader.lines()).encode() == (
        FIRST.replace(b"=1 ", b"=1.0 ")
        + SECOND.replace(b"=2 ", b"=2.0 ")
        + OTHER.replace(b"=3 ", b"=3.0 ")
    )
    assert len(list(reader.lines(start_ns=150, end_ns=200))) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(points, max_size=6, unique_by=lambda p: (p[0], str(p[1]), p[3])),
    st.integers(1, 7),
)
def test_any_point_leaves_as_it_came(tmp_path_factory, found, page) -> None:
    """Whatever the page size, lines out are lines in."""
    store = Store(tmp_path_factory.mktemp("any") / "hiq.db")
    lines = [line(point).decode() for point in found]
    store.write("".join(lines).encode())
    before, reader_module.PAGE = reader_module.PAGE, page
    try:
        with Reader(store.path) as reader:
            assert sorted(reader.lines()) == sorted(lines)
    finally:
        reader_module.PAGE = before
        store.close()
