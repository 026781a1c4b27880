"""Sessions, what waits in them, and documents, in a file that a kill does not damage.

SQLite in WAL mode. Events are gathered while the last ones are written and then kept
in one row, however many clients get them. Numbers are reserved ahead, so that sending
need not wait for the disk, and yet after a kill no number means two things. It must not
know sockets, nor what events mean.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from hiq.clients.changes import Changes, write
from hiq.clients.kept import Mark, RunBuilder
from hiq.clients.session_rows import to_row, to_session
from hiq.clients.sessions import Forever
from hiq.clients.storefile import (
    is_damage,
    open_file,
    read_documents,
    read_runs,
    replaced,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hiq.clients.clocks import Clocks
    from hiq.clients.hub import Hub
    from hiq.clients.kept import Restored
    from hiq.clients.rules import Rules
    from hiq.clients.sessions import Session
    from hiq.clients.state import Document

__all__ = ["Store"]

logger = logging.getLogger("hiq.clients")

RESERVED: Final = 10_000
FREE_AFTER: Final = 32
"""Rows that nobody waits for are deleted by so many."""


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
        self._changes = Changes()
        self._database: sqlite3.Connection | None = None
        self._key = b""
        self._alive: dict[str, Session] = {}
        self._held: deque[tuple[int, dict[str, int]]] = deque()
        self._run_id = 0
        self._freed = self._free_to = 0
        self.changed: Callable[[], object] = lambda: None

    # opening: in a thread

    def open(self) -> bytes:
        """Open the file; return the key of seals, the same at each start.

        If the disk does not take it, nothing is kept, and that is logged.
        """
        try:
            self._database, self._key = open_file(self._path)
        except (sqlite3.Error, OSError) as exc:
            self._key = secrets.token_bytes(32)
            self._keep_nothing(exc)
        return self._key

    def close(self) -> None:
        """Close the file; calling it twice does nothing."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def restore(self, hub: Hub) -> None:
        """Put back what the last run had; what nobody can know becomes a gap."""
        if self._database is None:
            return
        documents: dict[str, Document] = {}
        sessions: list[Session] = []
        try:
            documents.update(read_documents(self._database))
            sessions = self._kept_sessions(self._database, hub)
        except sqlite3.Error as exc:
            self._begin_anew(exc, documents)
        for sub, document in documents.items():
            hub.user(sub).document = document
        for session in sessions:
            hub.sessions.put_back(session)
            self._alive[session.id] = self._changes.reached[session.id] = session
            self._changes.moved = True

    def _begin_anew(self, why: sqlite3.Error, documents: dict[str, Document]) -> None:
        """Reading failed: with a new file if it is damaged, without one if not."""
        self.close()
        self._changes = Changes()
        self._held.clear()
        self._run_id = 0
        if not is_damage(why):
            self._keep_nothing(why)
            return
        try:
            self._database, _ = replaced(self._path, why, self._key)
        except (sqlite3.Error, OSError) as exc:
            self._keep_nothing(exc)
            return
        for sub, document in documents.items():
            self.document(sub, document)

    def _keep_nothing(self, why: Exception) -> None:
        self._durable = False
        logger.error(
            "sessions and documents of clients are not kept until the next start",
            extra={"reason": str(why)},
        )

    def _kept_sessions(self, database: sqlite3.Connection, hub: Hub) -> list[Session]:
        if not self._durable:
            database.executescript("DELETE FROM sessions; DELETE FROM runs;")
            return []
        alive, marks, waiting = self._kept(database)
        found: list[Session] = []
        rows = database.execute(
            "SELECT id, sub, scopes, filters, acked, next_seq, detached_at"
            " FROM sessions"
        )
        for row in rows.fetchall():
            session = None
            try:
                session = to_session(row, marks, waiting, alive, hub, self._clocks)
            except Exception:
                logger.exception(
                    "a session cannot be read, it is left out",
                    extra={"session": str(row[0])},
                )
            if session is None:
                self.gone_by_id(row[0])
            else:
                found.append(session)
        return found

    def _kept(
        self, database: sqlite3.Connection
    ) -> tuple[float | None, dict[str, Mark], dict[str, list[Restored]]]:
        """Return when hiq was last alive, how far sessions were, what they wait for."""
        alive: float | None = None
        marks: dict[str, Mark] = {}
        waiting: dict[str, list[Restored]] = {}
        for run in read_runs(database, -self._steady_to_wall_s, self._clocks.steady()):
            self._run_id, alive = run.id, run.alive_at
            if run.marks is not None:
                marks = {mark.session: mark for mark in run.marks}
            last: dict[str, int] = {}
            for entry in run.entries:
                waiting.setdefault(entry.session, []).append(entry)
                last[entry.session] = entry.seq
            self._held.append((run.id, last))
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

    def take(self, *, last: bool = False) -> Changes:
        """Take what is to be written now; the `last` time no numbers are reserved."""
        changes, self._changes = self._changes, Changes()
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

    def write(self, changes: Changes, wall_s: float) -> None:
        """Write it, all of it or nothing; `failure`. Blocks."""
        if self._database is not None:
            write(self._database, changes, wall_s)

    def written(self, changes: Changes) -> None:
        """What was written may be sent."""
        for session, seq in changes.safe:
            if session.id in self._changes.sessions:
                continue  # it has changed since
            waits = session.durable < session.outbox.last_seq
            session.durable = max(session.durable, seq)
            if waits and session.peer is not None:
                session.peer.wake()

    def not_written(self, changes: Changes) -> None:
        """The disk failed: what cannot be kept is sent all the same."""
        newer, self._changes.sessions = self._changes.sessions, {}
        self.written(changes)
        self._changes.sessions = newer
        self._changes.documents = {**changes.documents, **self._changes.documents}
        self._changes.sessions = {**changes.sessions, **self._changes.sessions}
        self._changes.gone |= changes.gone
        self._moved()

    @property
    def _steady_to_wall_s(self) -> float:
        return self._clocks.wall() - self._clocks.steady()
