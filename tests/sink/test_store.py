"""The store file: what is written is there, once, typed, whole or not at all."""

from __future__ import annotations

import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sink.strategies import line, points

from hiq.sink import store as store_module
from hiq.sink.decode import LineError
from hiq.sink.reader import Reader
from hiq.sink.store import Store

WRITER = """
import sys
from pathlib import Path
from hiq.sink.store import Store
store = Store(Path(sys.argv[1]))
for number in range(10_000):
    store.write(b"".join(b"m,entity_id=a v=%d %d\\n" % (number, number * 100 + i + 1)
                         for i in range(20)))
    print(number, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path):
    made = Store(tmp_path / "store" / "hiq.db")
    yield made
    made.close()


def rows(path: Path, query: str = "SELECT * FROM points"):
    with Reader(path) as reader:
        return list(reader.sql(query)[1])


def test_the_view_shows_points(store: Store) -> None:
    """The documented columns hold measurement, entity, domain, tags, field, values."""
    store.write(
        b'W,domain=sensor,entity_id=power,room=a\\ b value=1.5,state_str="on",b=t,i=7i 5\n'
    )
    names = "measurement, entity_id, domain, tags, field, time_ns, number, text"
    found = rows(store.path, f"SELECT {names} FROM points ORDER BY field")
    tags = '{"domain":"sensor","entity_id":"power","room":"a b"}'
    head = ("W", "sensor.power", "sensor", tags)
    assert found == [
        (*head, "b", 5, 1, "true"),
        (*head, "i", 5, 7, None),
        (*head, "state_str", 5, None, "on"),
        (*head, "value", 5, 1.5, None),
    ]


@pytest.mark.parametrize(
    ("tags", "entity_id", "domain"),
    [
        (b",domain=light,entity_id=a", "light.a", "light"),
        (b",entity_id=light.a", "light.a", "light"),
        (b",domain=light,entity_id=light.a", "light.a", "light"),
        (b",entity_id=a", "a", None),
        (b"", None, None),
    ],
)
def test_the_full_entity_id_is_found(store, tags, entity_id, domain) -> None:
    """Whatever form the tags have, entity_id is the one Home Assistant shows."""
    store.write(b"m" + tags + b" v=1 5\n")
    assert rows(store.path, "SELECT entity_id, domain FROM points") == [
        (entity_id, domain)
    ]


def test_a_repeat_is_the_same_row_and_the_last_value_wins(store) -> None:
    """Series, time and field are the identity, across batches and reopening."""
    store.write(b"m,t=a v=1,w=1 5\nm,t=a v=2 5\n")
    store.write(b"m,t=a v=2,w=1 5\n")
    store.close()
    store.write(b"m,t=a v=3 5\nm,t=b v=4 5\nm,t=a v=5 6\n")
    found = rows(store.path, "SELECT tags, field, time_ns, number FROM points")
    assert sorted(found) == [
        ('{"t":"a"}', "v", 5, 3.0),
        ('{"t":"a"}', "v", 6, 5.0),
        ('{"t":"a"}', "w", 5, 1.0),
        ('{"t":"b"}', "v", 5, 4.0),
    ]


def test_order_of_tags_does_not_make_another_series(store) -> None:
    """A series is its tags, not the order in which they came."""
    store.write(b"m,a=1,b=2 v=1 5\nm,b=2,a=1 v=2 5\n")
    assert rows(store.path, "SELECT number FROM points") == [(2.0,)]


def test_a_bad_line_stores_nothing_of_its_batch(store) -> None:
    """A batch is one transaction, and the names it brought are forgotten too."""
    with pytest.raises(LineError):
        store.write(b"new,t=x v=1 5\nbad\n")
    assert rows(store.path) == []
    store.write(b"other,t=x w=1 5\nnew,t=x v=1 5\n")
    found = rows(store.path, "SELECT measurement, field FROM points ORDER BY 1")
    assert found == [("new", "v"), ("other", "w")]


def test_values_keep_their_type(store) -> None:
    """-0.0, large floats and integers of 64 bits come back as they were."""
    store.write(b"m a=-0.0,b=1e308,c=9223372036854775807i,d=0.1,e=3 5\n")
    found = dict(rows(store.path, "SELECT field, number FROM points"))
    assert math.copysign(1, found.pop("a")) == -1
    assert found == {"b": 1e308, "c": 2**63 - 1, "d": 0.1, "e": 3.0}
    assert isinstance(found["e"], float)


def test_many_names_are_forgotten_not_hoarded(store, monkeypatch) -> None:
    """The memory for names is bounded, and forgetting changes nothing."""
    monkeypatch.setattr(store_module, "KNOWN_NAMES", 10)
    for number in range(40):
        store.write(b"m%d,t=a f%d=1 5\n" % (number % 20, number % 20))
        assert len(store._series) + len(store._fields) <= 12
    assert rows(store.path, "SELECT count(*) FROM points") == [(20,)]


def test_commits_are_synchronous(store) -> None:
    """WAL with synchronous=FULL: what is confirmed survives a power cut."""
    database = store.open()
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_was_moved_away_is_made_anew(store) -> None:
    """Nobody writes into a file that has no name any more."""
    store.write(b"m v=1 5\n")
    for one in store.path.parent.iterdir():
        one.rename(one.with_name("old-" + one.name))
    store.write(b"m v=2 6\n")
    assert rows(store.path, "SELECT number FROM points") == [(2.0,)]


def test_a_reader_neither_blocks_nor_sees_half(store) -> None:
    """While somebody reads, batches are committed; the reader keeps its state."""
    store.write(b"m v=1 1\nm v=1 2\n")
    other = sqlite3.connect(store.path, isolation_level=None)
    try:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM points").fetchone() == (2,)
        store.write(b"m v=1 3\nm v=1 4\n")
        assert other.execute("SELECT count(*) FROM points").fetchone() == (2,)
        other.execute("COMMIT")
        assert other.execute("SELECT count(*) FROM points").fetchone() == (4,)
    finally:
        other.close()


@pytest.mark.parametrize("wanted", [1, 7, 30])
def test_a_killed_writer_keeps_what_it_confirmed(tmp_path: Path, wanted: int) -> None:
    """After kill -9 every confirmed batch is there, and no batch is there in part."""
    path = tmp_path / "hiq.db"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    confirmed = -1
    for text in process.stdout:
        confirmed = int(text)
        if confirmed >= wanted:
            break
    os.kill(process.pid, signal.SIGKILL)
    confirmed = max([confirmed, *map(int, process.stdout.read().split())])
    process.stdout.close()
    process.wait(timeout=30)
    counts = dict(rows(path, "SELECT number, count(*) FROM points GROUP BY number"))
    assert set(counts.values()) == {20}
    assert set(range(confirmed + 1)) <= set(counts)
    assert max(counts) <= confirmed + 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(points, max_size=8))
def test_any_point_is_stored_equal(tmp_path_factory, found) -> None:
    """Names, tags and values of any point come back from the view as they were."""
    store = Store(tmp_path_factory.mktemp("any") / "hiq.db")
    expected = {}
    for measurement, tags, fields, time_ns in found:
        shown = "\\" * measurement.startswith("#") + measurement
        for name, value in fields.items():
            key = (shown, tuple(sorted(tags.items())), time_ns, name)
            expected[key] = value
    store.write(b"".join(map(line, found)))
    store.close()
    there = {
        (measurement, tuple(sorted(json.loads(tags).items())), time_ns, field): (
            text if number is None else number
        )
        for measurement, _e, _d, tags, field, time_ns, number, text in rows(store.path)
    }
    assert there == expected
