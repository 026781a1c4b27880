"""Records of a stream from the disk, from one place on, with what is lost between.

Damage and missing files cost only the records they touch: the reader goes on at the
next good one and says what it stepped over; so it does around sectors that the disk
cannot read, once it is sure that it is not the disk that is away. What a loss means
for counters and cursors is not known.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hiq.journal.loss import earliest_behind
from hiq.journal.recovery import check_version
from hiq.journal.segment import Damage
from hiq.journal.stream import Position, Segment, Stream
from hiq.journal.tail import Record
from hiq.journal.windows import pieces

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from hiq.journal.files import Files
    from hiq.journal.segment import Found

__all__ = ["Hole", "Place", "Reader"]

PATIENCE = 5
"""So many failed readings of a file, and its unreadable sectors are given up."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a position lies: segment, byte, and what stamps come from here on.

    Attributes:
        segment: the file.
        at: the byte.
        before_ns: see `earliest_behind`; None if the record before is not known.
    """

    segment: object
    at: int
    before_ns: int | None


@dataclass(frozen=True, slots=True)
class Hole:
    """What lies between the place asked for and the first good record, or the end.

    Attributes:
        to: position of that record, or the end of the stream.
        damage: bytes that hold no good record, and their segments.
        since_ns: the earliest stamp of what was there, if the record before was met.
        until_ns: when the record behind was journaled.
    """

    to: Position
    damage: list[tuple[Segment, Damage]]
    since_ns: int | None
    until_ns: int | None


class Reader:
    """Reads one stream; several may, each in its own thread.

    Args:
        stream: what is read.
        files: how.
        lock: the journal's, held shortly.
        prove: writes something to the same disk and syncs it; raises OSError if the
            disk does not take it.
    """

    def __init__(
        self,
        stream: Stream,
        files: Files,
        lock: threading.Lock,
        prove: Callable[[], object],
    ) -> None:
        self._stream = stream
        self._files = files
        self._lock = lock
        self._prove = prove

    def records(self, start: Position, place: Place | None) -> Iterator[Record | Hole]:
        """Yield the records from a position on; before the first, what is lost. Blocks.

        Args:
            start: position of the first one.
            place: where `start` lies, if that is known.

        Raises:
            JournalError: a record is of a newer format.
            OSError: the disk failed.
        """
        with self._lock:
            view = self._stream.view(start.sequence)
            end = self._stream.end
        damage: list[tuple[Segment, Damage]] = []
        first = True
        since = None
        for segment, size, below in view:
            at = 0
            if place is not None and place.segment is segment:
                at, since = place.at, place.before_ns
            for piece, data in self._pieces(segment, at, size):
                if isinstance(piece, Damage):
                    damage.append((segment, piece))
                    continue
                header = piece.header
                check_version(segment.path, header.version)
                if header.sequence < start.sequence:
                    damage.clear()
                    since = earliest_behind(header)
                    continue
                if header.sequence >= below:
                    break
                if first:
                    here = Position(header.sequence, header.offset)
                    if here != start:
                        yield Hole(here, damage, since, header.appended_ns)
                    first = False
                body = data[piece.body - piece.start :]
                yield Record(header, body, segment, piece.end)
        if first and end > start:
            yield Hole(end, damage, since, None)

    def _pieces(
        self, segment: Segment, at: int, size: int
    ) -> Iterator[tuple[Found | Damage, bytes]]:
        """Yield what a segment holds from a byte on, positions counted in the file.

        Each good record comes with its bytes.
        """
        try:
            fd = self._files.open_read(segment.path)
        except FileNotFoundError:
            return
        try:
            yield from pieces(partial(self._fetch, fd, segment), at, size)
        finally:
            self._files.close(fd)

    def _fetch(self, fd: int, segment: Segment, at: int, size: int) -> bytes:
        """Read a piece of a segment, in the end around what the disk cannot read.

        That a disk is away looks the same at first: only if it has failed some
        times, and takes a synced write, is it the sectors that are bad.
        """
        try:
            return self._files.read(fd, at, size)
        except OSError as exc:
            segment.failures += 1
            if exc.errno != errno.EIO or segment.failures < PATIENCE:
                raise
        self._prove()
        data, lost = self._files.read_around(fd, at, size)
        segment.unreadable |= lost > 0
        return data
