"""Sessions, what waits in them, and documents, in a file that a kill does not damage.

SQLite in WAL mode. Changes are gathered while the last ones are written, by one thread;
an event may be sent when it is safe, so that after a restart no number means two
things. It must not know sockets, nor what events mean.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hiq.clients.frames import Filter
from hiq.clients.outbox import Item, Outbox
from hiq.clients.principal import Scopes
from hiq.clients.sessions import Forever, Session
from hiq.clients.state import Document
from hiq.clients.subscriptions import Event, Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hiq.clients.clocks import Clocks
    from hiq.clients.hub import Hub
    from hiq.clients.rules import Rules

__all__ = ["Store"]

logger = logging.getLogger("hiq.clients")

MOST_PENDING: Final = 20_000
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  sub TEXT PRIMARY KEY, version INTEGER, state BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY, sub TEXT, scopes BLOB, filters BLOB, acked INTEGER,
  next_seq INTEGER, detached_at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
  event_id TEXT PRIMARY KEY, number INTEGER, entity_id TEXT, time_ns INTEGER,
  event_type TEXT, validation BLOB, json BLOB, added_at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
  session TEXT, seq INTEGER, event_id TEXT, subs TEXT,
  PRIMARY KEY (session, seq)) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


class _Scopes(msgspec.Struct):
    words: list[str]
    entities: list[str] | None
    event_types: list[str] | None


@dataclass(slots=True)
class _Changes:
    """What is to be written."""

    sessions: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    events: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    items: list[tuple[str, int, str, str]] = field(default_factory=list)
    reached: dict[str, tuple[Session, int]] = field(default_factory=dict)
    acked: dict[str, int] = field(default_factory=dict)
    documents: dict[str, tuple[str, int, bytes]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(
            self.sessions or self.gone or self.reached or self.acked or self.documents
        )


class Store:
    """The file, which one thread may use at a time.

    - The methods of a `Keeper` note what is to be written and call `changed`.
    - `take` and `write` write it: `take` in the loop, `write` in a thread, then
      `written` in the loop.
    """

    def __init__(
        self, path: Path, rules: Rules, clocks: Clocks, *, durable: bool
    ) -> None:
        self._path = path
        self._rules = rules
        self._clocks = clocks
        self._durable = durable
        self._changes = _Changes()
        self._database: sqlite3.Connection | None = None
        self.changed: Callable[[], object] = lambda: None
        self.not_kept = 0
        """Events that were not kept because the disk is too slow."""

    # opening: in a thread

    def open(self) -> bytes:
        """Open the file; return the key of seals, the same at each start."""
        database = sqlite3.connect(
            self._path, check_same_thread=False, isolation_level=None
        )
        self._path.chmod(0o600)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(SCHEMA)
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
            self._database.executescript("DELETE FROM sessions; DELETE FROM items;")
            return
        (alive,) = self._database.execute(
            "SELECT max(value) FROM meta WHERE name = 'alive'"
        ).fetchone()
        rows = self._database.execute("SELECT * FROM sessions").fetchall()
        for row in rows:
            session = self._session(row)
            if session is None:
                self.gone_by_id(row[0])
            else:
                now_s = self._clocks.steady()
                session.outbox.interrupted(alive, now_s)
                session.outbox.attach(session.outbox.acked)
                session.outbox.detach()
                hub.sessions.put_back(session)
                self._changes.reached[session.id] = (session, session.outbox.last_seq)

    def _session(self, row: tuple[Any, ...]) -> Session | None:
        assert self._database is not None
        name, sub, scopes, filters, acked, next_seq, detached_at = row
        wall_s, steady_s = self._clocks.wall(), self._clocks.steady()
        if (
            detached_at is not None
            and detached_at <= wall_s - self._rules.session_seconds
        ):
            return None
        given = msgspec.json.decode(scopes, type=_Scopes)
        rights = Scopes(
            frozenset(given.words),
            None if given.entities is None else tuple(given.entities),
            None if given.event_types is None else frozenset(given.event_types),
        )
        rules = self._rules
        outbox = Outbox(
            limit=rules.outbox_events,
            retention_s=rules.outbox_seconds,
            policy=rules.overflow,
            ack_timeout_s=rules.ack_timeout,
            next_seq=next_seq,
            acked=acked,
        )
        found = self._database.execute(
            "SELECT seq, items.subs, added_at, events.event_id, number, entity_id, "
            "time_ns, json, event_type, validation FROM items JOIN events "
            "USING (event_id) WHERE session = ? AND seq > ? ORDER BY seq",
            (name, acked),
        )
        for seq, subs, added_at, *event in found:
            added_s = steady_s - max(0.0, wall_s - added_at)
            names = tuple(msgspec.json.decode(subs))
            outbox.put_back(Item(seq, seq, Event(*event), names, added_s))
        outbox.fill_up(steady_s)
        listed = msgspec.json.decode(filters, type=list[tuple[str, Filter]])
        return Session(
            name,
            sub,
            rights,
            outbox,
            Subscriptions(rights, rules.subscriptions, listed),
            detached_s=steady_s,
            durable=outbox.last_seq,
        )

    # what is to be kept: in the loop

    def session(self, session: Session) -> None:
        """Keep what it is and which filters it has."""
        if not self._durable:
            return
        if session.durable == Forever:
            session.durable = session.outbox.last_seq
        scopes = session.scopes
        detached_at = None
        if session.peer is None:
            detached_at = self._wall(session.detached_s)
        self._changes.sessions[session.id] = (
            session.id,
            session.sub,
            msgspec.json.encode(
                _Scopes(
                    sorted(scopes.words),
                    None if scopes.entities is None else list(scopes.entities),
                    None if scopes.event_types is None else sorted(scopes.event_types),
                )
            ),
            msgspec.json.encode(session.subscriptions.items),
            session.outbox.acked,
            session.outbox.next_seq,
            detached_at,
        )
        self._changes.gone.discard(session.id)
        self.changed()

    def event(self, session: Session, item: Item) -> None:
        """Keep a number; `session.durable` rises when it is safe."""
        if not self._durable:
            return
        changes, event = self._changes, item.event
        changes.reached[session.id] = (session, session.outbox.last_seq)
        if event is not None:
            if len(changes.items) >= MOST_PENDING:
                self.not_kept += 1
            else:
                changes.items.append(
                    (
                        session.id,
                        item.first,
                        event.event_id,
                        msgspec.json.encode(item.subs).decode(),
                    )
                )
                changes.events[event.event_id] = (
                    event.event_id,
                    event.number,
                    event.entity_id,
                    event.time_ns,
                    event.event_type,
                    event.validation,
                    event.json,
                    self._wall(item.added_s),
                )
        self.changed()

    def acked(self, session: Session) -> None:
        """Forget what was confirmed."""
        if self._durable:
            self._changes.acked[session.id] = session.outbox.acked
            self.changed()

    def gone(self, session: Session) -> None:
        """Forget a session."""
        self.gone_by_id(session.id)

    def gone_by_id(self, session_id: str) -> None:
        """Forget a session by its id."""
        if self._durable:
            changes = self._changes
            changes.sessions.pop(session_id, None)
            changes.reached.pop(session_id, None)
            changes.acked.pop(session_id, None)
            changes.gone.add(session_id)
            self.changed()

    def document(self, sub: str, document: Document) -> None:
        """Keep a document."""
        state = msgspec.json.encode(document.state)
        self._changes.documents[sub] = (sub, document.version, state)
        self.changed()

    # writing

    def take(self) -> _Changes:
        """Take what is to be written now."""
        changes, self._changes = self._changes, _Changes()
        return changes

    def write(self, changes: _Changes, wall_s: float) -> None:
        """Write it, all of it or nothing; sqlite3.Error. Blocks."""
        database = self._database
        if database is None:
            return
        database.execute("BEGIN IMMEDIATE")
        try:
            database.executemany(
                "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
                changes.sessions.values(),
            )
            database.executemany(
                "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                changes.events.values(),
            )
            database.executemany(
                "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", changes.items
            )
            database.executemany(
                "UPDATE sessions SET next_seq = ? WHERE id = ?",
                [(seq + 1, name) for name, (_, seq) in changes.reached.items()],
            )
            for name, acked in changes.acked.items():
                database.execute(
                    "UPDATE sessions SET acked = ? WHERE id = ?", (acked, name)
                )
                database.execute(
                    "DELETE FROM items WHERE session = ? AND seq <= ?", (name, acked)
                )
            for name in changes.gone:
                database.execute("DELETE FROM sessions WHERE id = ?", (name,))
                database.execute("DELETE FROM items WHERE session = ?", (name,))
            database.executemany(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
                changes.documents.values(),
            )
            database.execute(
                "INSERT OR REPLACE INTO meta VALUES ('alive', ?)", (wall_s,)
            )
            database.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise

    def purge(self, wall_s: float) -> None:
        """Delete events that are too old for everybody; sqlite3.Error. Blocks."""
        if self._database is None:
            return
        before_s = wall_s - self._rules.outbox_seconds
        self._database.execute("DELETE FROM events WHERE added_at < ?", (before_s,))
        self._database.execute(
            "DELETE FROM items WHERE event_id NOT IN (SELECT event_id FROM events)"
        )

    def written(self, changes: _Changes) -> None:
        """What was written may be sent."""
        for session, seq in changes.reached.values():
            if session.durable < seq:
                session.durable = seq
                if session.peer is not None:
                    session.peer.wake()

    def not_written(self, changes: _Changes) -> None:
        """The disk failed: what cannot be kept is sent all the same."""
        self.written(changes)
        self._changes.documents = {**changes.documents, **self._changes.documents}
        self._changes.sessions = {**changes.sessions, **self._changes.sessions}
        self._changes.gone |= changes.gone

    def _wall(self, steady_s: float) -> float:
        return self._clocks.wall() - self._clocks.steady() + steady_s
