"""The file of what is kept of clients: damaged, bad rows, a disk that takes nothing."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from hiq.clients.hub import Hub
from hiq.clients.sessions import Forever
from hiq.clients.store import Store
from hiq.guests import Guests
from hiq.observe import Observers
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from hiq.stats import Stats
from hiq.web.parts import Parts
from tests.clients.kept import FULL, Kept, in_thread
from tests.serving import running, settings_for


def change(path: Path, *statements: str) -> None:
    """Do something to the file while nobody has it open."""
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


def filled(folder: Path) -> Kept:
    """Return what was written and closed: two users, a session each."""
    kept = Kept(folder)
    for number, sub in enumerate(("alice", "bob")):
        kept.write(sub, number)
        kept.session(sub)
    kept.flush()
    kept.store.close()
    return kept


def spoil(path: Path, table: str) -> None:
    """Overwrite the page on which a table begins."""
    database = sqlite3.connect(path)
    (page,) = database.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
    ).fetchone()
    (size,) = database.execute("PRAGMA page_size").fetchone()
    database.close()
    data = bytearray(path.read_bytes())
    data[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(data)


# opening


def test_a_file_that_is_no_database_is_moved_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its bytes stay beside it, a new one takes its place, and the log says so."""
    path = tmp_path / "clients.db"
    garbage = b"\x00garbage" * 1000
    path.write_bytes(garbage)
    kept = Kept(tmp_path)
    assert (tmp_path / "clients.db.damaged").read_bytes() == garbage
    kept.write("alice", 1)
    kept.flush()
    assert kept.documents() == {"alice": 2}
    kept.store.close()
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert "damaged" in record.getMessage()
    assert record.aside == str(tmp_path / "clients.db.damaged")  # type: ignore[attr-defined]


@pytest.mark.parametrize("table", ["sessions", "runs"])
def test_damage_that_reading_finds(tmp_path: Path, table: str) -> None:
    """What was read is kept, and so is the key; sessions begin anew."""
    before = filled(tmp_path)
    spoil(before.path, table)
    kept = Kept(tmp_path)
    assert (tmp_path / "clients.db.damaged").exists()
    assert kept.key == before.key
    assert len(kept.hub.sessions) == 0
    assert kept.hub.user("bob").document.state == {"n": 1}
    kept.session("alice")
    kept.flush()
    assert kept.documents() == {"alice": 2, "bob": 2}
    kept.store.close()
    again = Kept(tmp_path)
    assert len(again.hub.sessions) == 1
    again.store.close()


def test_a_damaged_page_of_documents(tmp_path: Path) -> None:
    """It stops nothing either."""
    spoil(filled(tmp_path).path, "documents")
    kept = Kept(tmp_path)
    assert kept.hub.user("alice").document.version == 1
    assert (tmp_path / "clients.db.damaged").exists()
    kept.write("alice", 1)
    kept.flush()
    assert kept.documents() == {"alice": 2}
    kept.store.close()


def test_tables_of_another_shape(tmp_path: Path) -> None:
    """Such a file is none that can be used."""
    change(
        tmp_path / "clients.db",
        "CREATE TABLE documents (a)",
        "INSERT INTO documents VALUES (1)",
    )
    kept = Kept(tmp_path)
    assert (tmp_path / "clients.db.damaged").exists()
    kept.write("alice", 1)
    kept.flush()
    assert kept.documents() == {"alice": 2}
    kept.store.close()


@pytest.mark.parametrize(
    "state", ["'{bro'", "NULL", "CAST('[1]' AS BLOB)", "CAST('{\"a\":' AS BLOB)"]
)
def test_a_bad_document_is_left_out(
    tmp_path: Path, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are there, and a line names the one that is not."""
    change(
        filled(tmp_path).path,
        f"UPDATE documents SET state = {state} WHERE sub = 'alice'",
    )
    kept = Kept(tmp_path)
    assert kept.hub.user("alice").document.version == 1
    assert kept.hub.user("bob").document.state == {"n": 1}
    assert len(kept.hub.sessions) == 2
    assert [one.user for one in caplog.records if hasattr(one, "user")] == ["alice"]
    kept.store.close()


@pytest.mark.parametrize(
    "damage", ["scopes = '{'", "filters = NULL", "next_seq = 'x'", "sub = x'ff'"]
)
def test_a_bad_session_is_left_out(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are there, a line names it, and it is forgotten."""
    kept = filled(tmp_path)
    bad, good = (session.id for session in kept.hub.sessions)
    change(kept.path, f"UPDATE sessions SET {damage} WHERE id = '{bad}'")
    kept = Kept(tmp_path)
    assert [session.id for session in kept.hub.sessions] == [good]
    assert [one.session for one in caplog.records if hasattr(one, "session")] == [bad]
    kept.flush()
    kept.store.close()
    caplog.clear()
    Kept(tmp_path).store.close()
    assert not caplog.records


@pytest.mark.parametrize("damage", ["body = NULL", "marks = 'x'", "alive_at = 'x'"])
def test_a_bad_row_of_events_is_left_out(tmp_path: Path, damage: str) -> None:
    """Sessions live on."""
    change(filled(tmp_path).path, f"UPDATE runs SET {damage}")
    kept = Kept(tmp_path)
    assert len(kept.hub.sessions) == 2
    kept.flush()
    kept.store.close()


def test_a_disk_that_takes_nothing_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Clients are served, and nothing is kept; the file is left as it is."""
    connect = sqlite3.connect

    def full(*args: Any, **options: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*args, **options)
        database.execute("PRAGMA max_page_count = 1")
        return database

    (tmp_path / "clients.db").write_bytes(b"")
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", full)
        kept = Kept(tmp_path)
    assert len(kept.key) == 32
    kept.session("alice")
    (session,) = kept.hub.sessions
    assert session.durable == Forever
    kept.write("alice", 1)
    kept.flush()
    assert [one.levelno for one in caplog.records] == [logging.ERROR]
    assert not (tmp_path / "clients.db.damaged").exists()
    kept.store.close()


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """The same holds for it."""
    (tmp_path / "clients.db").mkdir()
    kept = Kept(tmp_path)
    kept.write("alice", 1)
    kept.flush()
    kept.store.close()


def test_a_disk_that_fails_while_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there stays there, for the next start."""
    path = filled(tmp_path).path
    with monkeypatch.context() as patch:

        def broken(*_args: Any) -> Any:
            raise FULL

        patch.setattr("hiq.clients.store.read_runs", broken)
        kept = Kept(tmp_path)
    assert kept.hub.user("bob").document.state == {"n": 1}
    assert len(kept.hub.sessions) == 0
    kept.write("bob", 5)
    kept.flush()
    kept.store.close()
    again = Kept(tmp_path)
    assert again.path == path
    assert len(again.hub.sessions) == 2
    assert again.documents() == {"alice": 2, "bob": 2}
    again.store.close()


async def test_a_service_starts_with_a_damaged_file(tmp_path: Path) -> None:
    """The stream goes on, whatever is left of clients."""
    home = Simulator(World(entities=5, seed=1), rate=0)
    await home.start()
    try:
        settings = settings_for(home, tmp_path)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        (settings.data_dir / "clients.db").write_bytes(b"\x00garbage" * 1000)
        async with asyncio.timeout(20), running(settings):
            pass
    finally:
        await home.stop()
    assert (settings.data_dir / "clients.db.damaged").exists()


async def test_what_fails_after_opening_closes_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next client opens it again."""
    home = Simulator(World(entities=5, seed=1), rate=0)
    settings = settings_for(home, tmp_path)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    filled(settings.data_dir)
    guests = Guests(settings, Stats(), Parts(), Observers(), in_thread=in_thread)
    opened: list[Store] = []
    restore = Store.restore

    def noting(store: Store, hub: Hub) -> None:
        opened.append(store)
        restore(store, hub)

    monkeypatch.setattr(Store, "restore", noting)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr("hiq.guests.verdict_of", Mock(side_effect=RuntimeError))
        await guests.open()
    assert opened[0]._database is None
    await guests.open()
    assert guests._server is not None
    assert guests._server.hub.user("alice").document.version == 2
    await guests.close()
    assert opened[1]._database is None
