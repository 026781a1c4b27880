"""Lines -> gzip -> journal: what a thread does for the pump, so that no loop waits.

What could not be appended comes back compressed, in order, with the reason. It does
not know when it is called, nor what is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hiq.errors import JournalError, JournalFull
from hiq.journal.journal import Entry
from hiq.packing import compress

if TYPE_CHECKING:
    from hiq._core import Taken
    from hiq.journal.segment import Source

__all__ = ["Appending", "Result", "append", "pack"]

APPEND_BYTES = 4 * 1024 * 1024
"""Compressed bytes in one append, so that a backlog fits into a journal bit by bit."""


class Appending(Protocol):
    """What is needed of the journal."""

    def append(self, entries: list[tuple[str, Entry]]) -> None:
        """Return when all entries are on the disk."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of the thread came to.

    Attributes:
        done: entries that are in the journal.
        left: entries that are not, because of `error`.
        error: why; empty if all are, None if it was not tried.
    """

    done: list[tuple[str, Entry]]
    left: list[tuple[str, Entry]]
    error: str | None


def pack(
    taken: list[tuple[str, Taken]], encoded: list[tuple[str, Entry]], source: Source
) -> Result:
    """Compress what is new and append nothing.

    Args:
        taken: lines with their schema.
        encoded: what is compressed already, and older.
        source: where the lines come from.
    """
    fresh = [
        (schema, Entry(compress(it.data), it.points, it.first_ns, it.last_ns, source))
        for schema, it in taken
    ]
    return Result([], encoded + fresh, None)


def append(
    journal: Appending,
    taken: list[tuple[str, Taken]],
    encoded: list[tuple[str, Entry]],
    source: Source,
    last: str,
) -> Result:
    """Compress what is new and append everything, the older first.

    Args:
        journal: appended to.
        taken: lines with their schema.
        encoded: what is compressed already, and older.
        source: where the lines come from.
        last: schema of which nothing goes into one append with others.
    """
    left = pack(taken, encoded, source).left
    done: list[tuple[str, Entry]] = []
    alone = False
    try:
        while left:
            count = 1 if alone else _fitting(left, last)
            try:
                journal.append(left[:count])
            except JournalFull:
                if count == 1:
                    raise
                alone = True
                continue
            done += left[:count]
            del left[:count]
    except Exception as exc:  # noqa: BLE001  whatever it is, nothing may be lost
        known = isinstance(exc, JournalError | OSError)
        return Result(done, left, str(exc) if known else repr(exc))
    return Result(done, left, "")


def _fitting(entries: list[tuple[str, Entry]], last: str) -> int:
    """Return how many of the entries go into one append; at least one."""
    size = 0
    alone = entries[0][0] == last
    for count, (schema, entry) in enumerate(entries):
        size += len(entry.body)
        if count and (size > APPEND_BYTES or (schema == last) != alone):
            return count
    return len(entries)
