"""What a store is to write, and how it is written: all of it in one commit, or nothing.

A row that no database would ever take is left out, so that it costs the others nothing.
It must not know when anything is written.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hiq.clients.kept import Mark, RunBuilder, pack_marks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hiq.clients.sessions import Session

__all__ = ["Changes", "write"]

logger = logging.getLogger("hiq.clients")


@dataclass(slots=True)
class Changes:
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


def write(database: sqlite3.Connection, changes: Changes, wall_s: float) -> None:
    """Write it, all of it or nothing; sqlite3.Error. Blocks."""
    if changes.only_run:
        _write_run(database, changes, wall_s)
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        _write_all(database, changes, wall_s)
        database.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def _write_all(database: sqlite3.Connection, changes: Changes, wall_s: float) -> None:
    _write_each(
        database,
        "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
        changes.sessions.values(),
    )
    database.executemany(
        "DELETE FROM sessions WHERE id = ?", [(name,) for name in changes.gone]
    )
    _write_each(
        database,
        "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
        changes.documents.values(),
    )
    _write_run(database, changes, wall_s)
    if changes.free_to:
        database.execute("DELETE FROM runs WHERE id <= ?", (changes.free_to,))


def _write_each(
    database: sqlite3.Connection, statement: str, rows: Iterable[tuple[Any, ...]]
) -> None:
    for row in rows:
        try:
            database.execute(statement, row)
        except (ValueError, OverflowError):
            # A text or a number that SQLite has no form for: it never takes it.
            logger.exception(
                "something of a client cannot be kept, it is left out",
                extra={"row": ascii(row[0])},
            )


def _write_run(database: sqlite3.Connection, changes: Changes, wall_s: float) -> None:
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
