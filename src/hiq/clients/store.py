"""Sessions, what waits in them, and documents, in a file that a kill does not damage.

SQLite in WAL mode. Events are gathered while the last ones are written and then kept
in one row, however many clients get them. Numbers are reserved ahead, so that sending
need not wait for the disk, and yet after a kill no number means two things. It must not
know sockets, nor what events mean.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import sqlite3
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hiq.clients.kept import Mark, RunBuilder, pack_marks, read_marks, read_run
from hiq.clients.session_rows import to_row, to_session
from hiq.clients.sessions import Forever
from hiq.clients.state import Document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hiq.clients.clocks import Clocks
    from hiq.clients.hub import Hub
    from hiq.clients.kept import Restored
    from hiq.clients.rules import Rules
    from hiq.clients.sessions import Session

__all__ = ["Store"]

logger = logging.getLogger("hiq.clients")

RESERVED: Final = 10_000
FREE_AFTER: Final = 32
"""Rows that nobody waits for are deleted by so many."""
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


@dataclass(slots=True)
class _Changes:
    """What is to be written."""

    sessions: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    documents: dict[str, tuple[str, int, bytes]] = field(default_factory=dict)
    reached: dict[str, Session] = field(default_factory=dict)
    moved: bool = False
    # filled by `take`
    run: RunBuilder | None = None
    run_id: int = 0
    marks: list[Mark] = field(default_factory=list)
    safe: list[tuple[Session, int]] = field(default_factory=list)
    free_to: int = 0

    @property
    def only_run(self) -> bool:
        """Whether one row is all."""
        return not (self.sessions or self.gone or self.documents or self.free_to)

    def __bool__(self) -> bool:
        return self.moved


class Store:
    """The file, which one thread may use at a time.

    - The methods of a `Keeper` note what is to be written and call `changed`.
    - `take` and `write` write it: `take` in the loop, `write` in a thread, then
      `written` in the loop.
    - `failure`: what `write` raises if the disk does not take it.
    """

    failure: Final = sqlite3.Error

    def __init__(
        self, path: Path, rules: Rules, clocks: Clocks, *, durable: bool
    ) -> None:
        self._path = path
        self._rules = rules
        self._clocks = clocks
        self._durable = durable
        self._changes = _Changes()
        self._database: sqlite3.Connection | None = None
        self._alive: dict[str, Session] = {}
        self._held: deque[tuple[int, dict[str, int]]] = deque()
        self._run_id = 0
        self._freed = self._free_to = 0
        self.changed: Callable[[], object] = lambda: None

    # opening: in a thread

    def open(self) -> bytes:
        """Open the file; return the key of seals, the same at each start."""
        database = sqlite3.connect(
            self._path, check_same_thread=False, isolation_level=None
        )
        self._path.chmod(0o600)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(f"{SCHEMA}PRAGMA user_version = {VERSION};")
        database.execute(
            "INSERT OR IGNORE INTO meta VALUES ('seal', ?)", (secrets.token_bytes(32),)
        )
        (key,) = database.execute(
            "SELECT value FROM meta WHERE name = 'seal'"
        ).fetchone()
        self._database = database
        return bytes(key)

    def close(self) -> None:
        """Close the file; calling it twice does nothing."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def restore(self, hub: Hub) -> None:
        """Put back what the last run had; what nobody can know becomes a gap."""
        assert self._database is not None
        for sub, version, state in self._database.execute("SELECT * FROM documents"):
            hub.user(sub).document = Document(version, msgspec.json.decode(state))
        if not self._durable:
            self._database.executescript("DELETE FROM sessions; DELETE FROM runs;")
            return
        alive, marks, waiting = self._kept()
        for row in self._database.execute("SELECT * FROM sessions").fetchall():
            session = to_session(row, marks, waiting, alive, hub, self._clocks)
            if session is None:
                self.gone_by_id(row[0])
                continue
            hub.sessions.put_back(session)
            self._alive[session.id] = self._changes.reached[session.id] = session
            self._changes.moved = True

    def _kept(self) -> tuple[float | None, dict[str, Mark], dict[str, list[Restored]]]:
        """Return when hiq was last alive, how far sessions were, what they wait for."""
        assert self._database is not None
        alive: float | None = None
        marks: dict[str, Mark] = {}
        waiting: dict[str, list[Restored]] = {}
        now_s = self._clocks.steady()
        found = self._database.execute("SELECT * FROM runs ORDER BY id")
        for run_id, body, packed, alive_at in found:
            self._run_id, alive = run_id, alive_at
            last: dict[str, int] = {}
            try:
                marks = {mark.session: mark for mark in read_marks(packed)}
                entries = read_run(body, -self._steady_to_wall_s, now_s)
            except (msgspec.MsgspecError, IndexError):
                logger.exception("a row of sessions cannot be read, it is left out")
                continue
            for entry in entries:
                waiting.setdefault(entry.session, []).append(entry)
                last[entry.session] = entry.seq
            self._held.append((run_id, last))
        return alive, marks, waiting

    # what is to be kept: in the loop

    def session(self, session: Session) -> None:
        """Keep what it is and which filters it has."""
        if not self._durable:
            return
        if session.durable == Forever:
            session.kept = session.outbox.last_seq
        # A client that got an event by a filter finds the filter after a kill.
        session.durable = min(session.durable, session.outbox.last_seq)
        self._alive[session.id] = session
        self._changes.sessions[session.id] = to_row(session, self._steady_to_wall_s)
        self._changes.gone.discard(session.id)
        self._moved()

    def reached(self, session: Session) -> None:
        """Keep what it got; numbers up to `session.durable` may be sent meanwhile."""
        if self._durable:
            self._changes.reached[session.id] = session
            self._moved()

    def acked(self, session: Session) -> None:
        """Forget what was confirmed."""
        if session.id in self._alive:
            self._moved()

    def gone(self, session: Session) -> None:
        """Forget a session."""
        self.gone_by_id(session.id)

    def gone_by_id(self, session_id: str) -> None:
        """Forget a session by its id."""
        if self._durable:
            changes = self._changes
            changes.sessions.pop(session_id, None)
            changes.reached.pop(session_id, None)
            self._alive.pop(session_id, None)
            changes.gone.add(session_id)
            self._moved()

    def document(self, sub: str, document: Document) -> None:
        """Keep a document."""
        state = msgspec.json.encode(document.state)
        self._changes.documents[sub] = (sub, document.version, state)
        self._moved()

    def _moved(self) -> None:
        self._changes.moved = True
        self.changed()

    # writing

    def take(self, *, last: bool = False) -> _Changes:
        """Take what is to be written now; the `last` time no numbers are reserved."""
        changes, self._changes = self._changes, _Changes()
        changes.moved |= last
        if not changes.moved:
            return changes
        run = RunBuilder()
        ahead = 0 if last else RESERVED
        for session in changes.reached.values():
            found = session.outbox.newer(session.kept)
            run.add(session.id, found, self._steady_to_wall_s)
            session.kept = session.outbox.last_seq
        self._run_id += 1
        changes.run, changes.run_id = run, self._run_id
        for session in self._alive.values():
            outbox = session.outbox
            mark = Mark(session.id, outbox.acked, outbox.next_seq + ahead)
            changes.marks.append(mark)
            changes.safe.append((session, outbox.last_seq + ahead))
        self._held.append((self._run_id, run.last))
        changes.free_to = self._free(self._run_id)
        return changes

    def _free(self, newest: int) -> int:
        """Return up to which row nobody waits for anything, 0 for none yet.

        The newest stays, because it says how far everybody is.
        """
        held = self._held
        while held and held[0][0] < newest and self._is_settled(held[0][1]):
            self._free_to = held.popleft()[0]
            self._freed += 1
        if self._freed < FREE_AFTER:
            return 0
        self._freed = 0
        return self._free_to

    def _is_settled(self, last: dict[str, int]) -> bool:
        for name, seq in last.items():
            session = self._alive.get(name)
            if session is not None and session.outbox.settled < seq:
                return False
        return True

    def write(self, changes: _Changes, wall_s: float) -> None:
        """Write it, all of it or nothing; `failure`. Blocks."""
        database = self._database
        if database is None:
            return
        if changes.only_run:
            self._write_run(database, changes, wall_s)
            return
        database.execute("BEGIN IMMEDIATE")
        try:
            self._write_all(database, changes, wall_s)
            database.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise

    def _write_all(
        self, database: sqlite3.Connection, changes: _Changes, wall_s: float
    ) -> None:
        database.executemany(
            "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
            changes.sessions.values(),
        )
        database.executemany(
            "DELETE FROM sessions WHERE id = ?", [(name,) for name in changes.gone]
        )
        database.executemany(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
            changes.documents.values(),
        )
        self._write_run(database, changes, wall_s)
        if changes.free_to:
            database.execute("DELETE FROM runs WHERE id <= ?", (changes.free_to,))

    def _write_run(
        self, database: sqlite3.Connection, changes: _Changes, wall_s: float
    ) -> None:
        if changes.run is not None:
            database.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?)",
                (
                    changes.run_id,
                    changes.run.packed(),
                    pack_marks(changes.marks),
                    wall_s,
                ),
            )

    def written(self, changes: _Changes) -> None:
        """What was written may be sent."""
        for session, seq in changes.safe:
            if session.id in self._changes.sessions:
                continue  # it has changed since
            waits = session.durable < session.outbox.last_seq
            session.durable = max(session.durable, seq)
            if waits and session.peer is not None:
                session.peer.wake()

    def not_written(self, changes: _Changes) -> None:
        """The disk failed: what cannot be kept is sent all the same."""
        newer, self._changes.sessions = self._changes.sessions, {}
        self.written(changes)
        self._changes.sessions = newer
        self._changes.documents = {**changes.documents, **self._changes.documents}
        self._changes.sessions = {**changes.sessions, **self._changes.sessions}
        self._changes.gone |= changes.gone

    @property
    def _steady_to_wall_s(self) -> float:
        return self._clocks.wall() - self._clocks.steady()
