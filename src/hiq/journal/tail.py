"""The newest records of a stream, still in memory: what a sink that keeps pace reads.

They are on the disk as well, so everything here may be forgotten at any time; it is
bounded in bytes. It knows no file, and no cursor.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from hiq.journal.segment import Header

__all__ = ["TAIL_BYTES", "Record", "Tail"]

TAIL_BYTES = 2 * 1024 * 1024
"""Bytes of bodies in memory per stream: a dozen records of the largest usual size."""
OVERHEAD_BYTES = 512
"""About what a record needs beside its body."""


@dataclass(frozen=True, slots=True)
class Record:
    """One good record.

    Attributes:
        header: its header.
        body: its body.
        segment: the file that holds it.
        end: byte position behind it in that file.
    """

    header: Header
    body: bytes
    segment: object
    end: int


class Tail:
    """Records in a row, without a hole; what does not continue it begins it anew."""

    def __init__(self, max_bytes: int = TAIL_BYTES) -> None:
        self.size = 0
        self._max_bytes = max_bytes
        self._records: deque[Record] = deque()

    def add(self, records: Iterable[Record]) -> None:
        """Take what was just published, and forget the oldest above the bound."""
        for record in records:
            last = self._records[-1].header if self._records else None
            if last is not None and (
                record.header.sequence != last.sequence + 1
                or record.header.offset != last.offset + last.points
            ):
                self.clear()
            self._records.append(record)
            self.size += len(record.body) + OVERHEAD_BYTES
        while self.size > self._max_bytes:
            self._forget()

    def following(self, sequence: int, offset: int) -> Iterator[Record]:
        """Yield the records from a place on; none if the place is not in memory."""
        if not self._records:
            return iter(())
        index = sequence - self._records[0].header.sequence
        if not 0 <= index < len(self._records):
            return iter(())
        if self._records[index].header.offset != offset:
            return iter(())
        return islice(self._records, index, None)

    def pass_by(self, sequence: int) -> None:
        """Forget what lies before a sequence: nobody reads it any more."""
        while self._records and self._records[0].header.sequence < sequence:
            self._forget()

    def leave(self, segments: Container[object]) -> None:
        """Forget what lay in these segments, which are gone."""
        if any(record.segment in segments for record in self._records):
            self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()
        self.size = 0

    def _forget(self) -> None:
        self.size -= len(self._records.popleft().body) + OVERHEAD_BYTES
