"""What the embedded store forgets: samples beyond an age, or beyond a size.

Work is bounded: each call of `step` removes a limited number of samples inside the
transaction of a write, so a store that is far over its limit comes down batch by
batch and no batch waits for it. Time is cut in spans of ten minutes; a sweep removes
whole spans, series by series, and the newest span always stays. It must not know how
samples come in, only which spans they touch.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

__all__ = ["SPAN_NS", "Retention"]

SPAN_NS = 600 * 10**9

MIN_SAMPLES = 5_000
"""Samples that a step may always remove; more when more came in, so that it wins."""

MAX_SERIES = 500
"""Series that a step visits at most."""

VACUUM_PAGES = 500
"""Free pages that a step gives back to the file system at most."""

KNOWN_SPANS = 10_000
"""Spans remembered as recorded, to save statements; forgotten when there are more."""

logger = logging.getLogger("hiq.sink.sqlite")

_DELETE = """
    DELETE FROM samples WHERE series = ?1 AND (time_ns, field) IN (
        SELECT time_ns, field FROM samples
        WHERE series = ?1 AND time_ns < ?2 ORDER BY time_ns LIMIT ?3)
"""
_COUNT = """
    INSERT INTO removed VALUES (?, ?)
    ON CONFLICT (reason) DO UPDATE SET samples = samples + excluded.samples
"""


class Retention:
    """The limits of one store.

    Args:
        retention_s: age in seconds after which samples go; None keeps all.
        max_bytes: size of the database file; None has no limit. The write-ahead log
            beside it is not counted.
        clock: Unix seconds.

    After calling `reset`: nothing is assumed about the file, as after a rollback.
    """

    def __init__(
        self,
        retention_s: float | None,
        max_bytes: int | None,
        clock: Callable[[], float],
    ) -> None:
        self._retention_s = retention_s
        self._max_bytes = max_bytes
        self._clock = clock
        self._known: set[int] = set()
        self._cutoff: int | None = None
        self._reason = ""
        self._series = 0
        self._again = False

    def reset(self) -> None:
        """Forget what was remembered about the file."""
        self._known.clear()
        self._cutoff = None

    def note(self, database: sqlite3.Connection, spans: set[int]) -> None:
        """Record the starts of the spans that a batch touches."""
        if self._cutoff is not None and spans and min(spans) < self._cutoff:
            self._again = True  # a late sample may lie where the sweep has been
        new = spans - self._known
        if new:
            database.executemany(
                "INSERT OR IGNORE INTO spans VALUES (?)", [(span,) for span in new]
            )
            if len(self._known) > KNOWN_SPANS:
                self._known.clear()
            self._known |= new

    def step(self, database: sqlite3.Connection, inserted: int) -> int:
        """Do a bounded piece of work; return how many samples were removed.

        Args:
            database: in a transaction of the writer.
            inserted: samples that this transaction brought in.
        """
        if self._cutoff is None and not self._begin(database):
            return 0
        budget = max(MIN_SAMPLES, 2 * inserted)
        removed = self._sweep(database, budget)
        if removed:
            database.execute(_COUNT, (self._reason, removed))
        return removed

    def shrink(self, database: sqlite3.Connection) -> None:
        """Give a bounded number of free pages back, if the file is over its limit.

        Outside a transaction: a script is the only way in which Python's module runs
        this statement to its end, and it commits first.
        """
        if self._max_bytes is None or file_bytes(database) <= self._max_bytes:
            return
        if file_bytes(database) > used_bytes(database):
            database.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")

    def _begin(self, database: sqlite3.Connection) -> bool:
        """Decide whether a sweep is due, and up to which time."""
        if self._retention_s is None and self._max_bytes is None:
            return False
        oldest, newest = database.execute(
            "SELECT min(start_ns), max(start_ns) FROM spans"
        ).fetchone()
        if oldest is None or oldest == newest:
            return False
        cutoff = None
        if self._retention_s is not None:
            limit = int((self._clock() - self._retention_s) * 10**9)
            if oldest + SPAN_NS <= limit:
                cutoff = min(limit // SPAN_NS * SPAN_NS, newest)
                self._reason = "age"
        if cutoff is None and self._max_bytes is not None:
            if used_bytes(database) <= self._max_bytes:
                return False
            cutoff = oldest + SPAN_NS
            self._reason = "size"
        self._cutoff = cutoff
        self._series = 0
        self._again = False
        return cutoff is not None

    def _sweep(self, database: sqlite3.Connection, budget: int) -> int:
        removed = 0
        series = database.execute(
            "SELECT id FROM series WHERE id > ? ORDER BY id LIMIT ?",
            (self._series, MAX_SERIES),
        ).fetchall()
        for (number,) in series:
            want = budget - removed
            if want <= 0:
                return removed
            gone = database.execute(_DELETE, (number, self._cutoff, want)).rowcount
            removed += gone
            if gone == want:
                return removed  # there may be more in this series: come back to it
            self._series = number
        if len(series) < MAX_SERIES:
            self._end(database)
        return removed

    def _end(self, database: sqlite3.Connection) -> None:
        self._series = 0
        if self._again:
            self._again = False
            return
        database.execute("DELETE FROM spans WHERE start_ns < ?", (self._cutoff,))
        self._known = {span for span in self._known if span >= (self._cutoff or 0)}
        logger.debug("swept", extra={"reason": self._reason, "before_ns": self._cutoff})
        self._cutoff = None


def used_bytes(database: sqlite3.Connection) -> int:
    """Return the bytes of the file that hold something."""
    (free,) = database.execute("PRAGMA freelist_count").fetchone()
    return file_bytes(database) - int(free) * _page_bytes(database)


def file_bytes(database: sqlite3.Connection) -> int:
    """Return the size of the database file as this transaction sees it."""
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    return int(pages) * _page_bytes(database)


def _page_bytes(database: sqlite3.Connection) -> int:
    (size,) = database.execute("PRAGMA page_size").fetchone()
    return int(size)
