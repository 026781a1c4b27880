"""Reading the embedded store while the service writes to it.

Read-only by every means there is: the file is opened with mode=ro, `query_only` is
on, and ATTACH is refused, so SQL of a user can change nothing anywhere. A reader sees
one consistent state and never blocks the writer (WAL); each query has a deadline. It
must not know the writer: they meet in the file only.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from hiq.errors import StoreError
from hiq.sink.encode import encode, encode_series
from hiq.sink.schema import APPLICATION_ID, TRUE, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from hiq.sink.decode import Value

__all__ = ["Reader"]

STEPS_PER_LOOK = 10_000
"""Virtual machine steps of SQLite between two looks at the clock."""

PAGE = 10_000
"""Values that are read at once when the store is read as lines."""

PAGE_ROWS = 500
"""Rows of a query that are fetched at once."""

MIN_NS, MAX_NS = -(1 << 63), (1 << 63) - 1

_ENTITY = """
    SELECT time_ns, entity_id, measurement, field, coalesce(number, text) AS value
    FROM points
    WHERE {match} AND time_ns >= ? AND time_ns < ? {field}
    ORDER BY time_ns DESC, entity_id DESC, field DESC LIMIT ?
"""
_OVERVIEW = """
    SELECT entity_id, measurement,
           (SELECT min(time_ns) FROM samples WHERE series = series.id) AS first_ns,
           (SELECT max(time_ns) FROM samples WHERE series = series.id) AS last_ns
    FROM series ORDER BY entity_id, measurement LIMIT ?
"""
_SERIES = "SELECT id, measurement, tags FROM series ORDER BY id"
_PAGE = """
    SELECT samples.time_ns, samples.field, fields.name, samples.value
    FROM samples JOIN fields ON fields.id = samples.field
    WHERE samples.series = ?1 AND (samples.time_ns, samples.field) > (?2, ?3)
      AND samples.time_ns < ?4
    ORDER BY samples.time_ns, samples.field LIMIT ?5
"""


LONGEST_VALUE = 64 * 1024 * 1024
"""Bytes of one value or row: what a query may make of the memory of this machine."""


class Reader:
    """A read-only view of one store file; a context manager.

    Every method raises StoreError if the file is missing, is not a store, or the
    query is wrong or takes longer than `timeout_s` (None: no deadline).
    """

    def __init__(
        self,
        path: Path,
        *,
        timeout_s: float | None = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not path.is_file():
            text = "nothing was written yet, or `data_dir` is another folder"
            raise StoreError(f"there is no store at {path}: {text}")
        self.path = path
        self._timeout_s = timeout_s
        self._clock = clock
        with self._said():
            self._database = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0
            )
            self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        try:
            with self._said():
                self._look()
        except StoreError:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sql(
        self, text: str, parameters: Sequence[object] = ()
    ) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """Run one statement; return the column names and the rows, read as needed."""
        with self._said():
            cursor = self._database.execute(text, parameters)
        names = [column[0] for column in cursor.description or ()]
        return names, self._rows(cursor)

    def entity(
        self,
        entity: str,
        *,
        start_ns: int = MIN_NS,
        end_ns: int = MAX_NS,
        fields: tuple[str, ...] = (),
        limit: int = -1,
    ) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """Return the newest values of an entity, oldest first; -1 has no limit.

        Args:
            entity: an entity id; `*`, `?` and `[...]` match as in a shell.
            start_ns: from this time, nanoseconds since 1970.
            end_ns: before this time.
            fields: only these; empty means all.
            limit: how many values at most.
        """
        marks = ", ".join("?" * len(fields))
        query = _ENTITY.format(
            match="entity_id GLOB ?"
            if any(c in entity for c in "*?[")
            else "entity_id = ?",
            field=f"AND field IN ({marks})" if fields else "",
        )
        with self._said():
            cursor = self._database.execute(
                query, (entity, start_ns, end_ns, *fields, limit)
            )
        names = [column[0] for column in cursor.description]
        return names, reversed(list(self._rows(cursor)))

    def overview(self, limit: int = -1) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """Return every series with the time of its first and last value."""
        with self._said():
            cursor = self._database.execute(_OVERVIEW, (limit,))
        return [column[0] for column in cursor.description], self._rows(cursor)

    def lines(self, start_ns: int = MIN_NS, end_ns: int = MAX_NS) -> Iterator[str]:
        """Yield the stored points as line protocol, grouped by series, by time.

        The points are those that were written: same measurement, tags, fields, time.
        It is read in pages and holds no snapshot between them, so that a slow taker
        does not make the write-ahead log grow; what is written meanwhile may or may
        not be among them.
        """
        with self._said():
            series = self._database.execute(_SERIES).fetchall()
        for number, measurement, tags in series:
            head = encode_series(measurement, json.loads(tags))
            fields: list[tuple[str, Value]] = []
            stamp = start_ns
            for time_ns, name, value in self._samples(number, start_ns, end_ns):
                if time_ns != stamp and fields:
                    yield encode(head, stamp, fields)
                    fields = []
                stamp = time_ns
                fields.append((name, _value(value)))
            if fields:
                yield encode(head, stamp, fields)

    def _samples(
        self, series: int, start_ns: int, end_ns: int
    ) -> Iterator[tuple[int, str, Any]]:
        time_ns, field = start_ns, -1
        while True:
            with self._said():
                page = self._database.execute(
                    _PAGE, (series, time_ns, field, end_ns, PAGE)
                ).fetchall()
            for stamp, _field, name, value in page:
                yield stamp, name, value
            if len(page) < PAGE:
                return
            time_ns, field = page[-1][:2]

    def backup(self, target: Path) -> None:
        """Write a compact, consistent copy to a new file, while the service writes."""
        if target.exists():
            raise StoreError(f"{target} exists already: name a new file")
        unfinished = target.with_name(target.name + ".part")
        unfinished.unlink(missing_ok=True)
        with self._said():
            # VACUUM INTO attaches the new file itself
            self._database.set_authorizer(None)
            self._database.execute("PRAGMA query_only = OFF")
            self._database.execute("VACUUM INTO ?", (str(unfinished),))
            self._protect()
        unfinished.rename(target)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _look(self) -> None:
        (owner,) = self._database.execute("PRAGMA application_id").fetchone()
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if owner != APPLICATION_ID:
            raise StoreError(f"{self.path} is not a store of hiq")
        if version > VERSION:
            raise StoreError(
                f"{self.path} has schema version {version}, this hiq knows {VERSION}"
            )
        self._protect()
        if self._timeout_s is not None:
            end = self._clock() + self._timeout_s
            self._database.set_progress_handler(
                lambda: int(self._clock() > end), STEPS_PER_LOOK
            )

    def _protect(self) -> None:
        self._database.execute("PRAGMA query_only = ON")
        self._database.set_authorizer(_authorize)

    def _rows(self, cursor: sqlite3.Cursor) -> Iterator[tuple[Any, ...]]:
        while True:
            with self._said():
                page = cursor.fetchmany(PAGE_ROWS)
            if not page:
                return
            yield from page

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Turn what SQLite says into what the user can use."""
        try:
            yield
        except sqlite3.Error as exc:
            if getattr(exc, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                raise StoreError(
                    f"the query took more than {self._timeout_s:g} s: narrow it, or "
                    "raise --timeout"
                ) from exc
            hint = ""
            if getattr(exc, "sqlite_errorcode", 0) == sqlite3.SQLITE_CANTOPEN:
                hint = "; ask as the user that runs hiq"
            raise StoreError(f"{self.path}: {exc}{hint}") from exc


def _authorize(action: int, first: str | None, *_: object) -> int:
    """Refuse what could touch another file or lift the protection."""
    if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() == "query_only":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _value(value: Any) -> Value:
    if isinstance(value, bytes):
        return value == TRUE
    result: Value = value
    return result
