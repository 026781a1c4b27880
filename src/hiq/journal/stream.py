"""The segment files of one encoding: what is written, what is published, what goes.

A stream is written by one thread at a time and read by others: bytes become visible
to readers only when `publish` is called, which is after the sync. After any failed
write the file is cut back to what was published and left alone, because nobody can
say what a disk holds whose sync has failed; the next write begins a new file. It
knows no cap, no cursor and no clock.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hiq.journal.loss import Listed
from hiq.journal.segment import HEADER_SIZE, Found
from hiq.journal.tail import Record, Tail
from hiq.journal.windows import pieces

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hiq.journal.files import Files
    from hiq.journal.segment import Header

__all__ = ["SUFFIX", "Position", "Segment", "Stream"]

SUFFIX = ".seg"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place between two records of a stream.

    Attributes:
        sequence: number of the next record.
        offset: points journaled before it in this stream, ever.
    """

    sequence: int
    offset: int


@dataclass(slots=True, eq=False)
class Segment:
    """One file.

    Attributes:
        first: sequence of its first record; also its name.
        path: the file.
        size: bytes that readers may see.
        newest: when its last record was appended, Unix seconds.
        reported: byte positions of damage that was already counted.
        failures: how often the disk could not read it.
        unreadable: some of it was given up because the disk cannot read it.
    """

    first: int
    path: Path
    size: int
    newest: float
    reported: set[int] = field(default_factory=set)
    failures: int = 0
    unreadable: bool = False


class Stream:
    """One folder of segments.

    - After calling `write`: the bytes are on the disk, and no reader sees them.
    - After calling `publish`: readers see them, and `end` is behind them.
    - After calling `rollback`: everything is as before `write`.
    - `tail` holds the newest of what was published, for readers that keep pace.
    - `given_up` is the point offset before which everything was removed unsent;
      `listed` are the losses that were told already.
    - `latest` is the latest time stamp of each source, in nanoseconds, since it was
      last emptied.
    - `segments`, `end`, `tail`, `latest`, `publish` and `remove` belong to whoever
      holds the journal's lock.
    """

    def __init__(
        self,
        folder: Path,
        files: Files,
        segments: list[Segment],
        end: Position,
        *,
        segment_bytes: int,
        appendable: bool,
    ) -> None:
        self.folder = folder
        self.segments = segments
        self.end = end
        self.given_up = 0
        self.listed = Listed()
        self.tail = Tail()
        self.latest: dict[int, int] = {}
        self._files = files
        self._segment_bytes = segment_bytes
        self._fd: int | None = None
        self._open = segments[-1] if segments and appendable else None
        self._written = 0

    @property
    def size(self) -> int:
        """Bytes of all published segments."""
        return sum(segment.size for segment in self.segments)

    def write(self, data: bytes, sequence: int) -> int:
        """Write whole records, the first of which has this sequence, and sync them.

        Returns the number of syncs. Blocks.

        Raises:
            OSError: the disk failed; call `rollback`.
        """
        created = False
        if self._fd is not None and not self._files.is_named(self._fd):
            self.seal()  # nobody would ever read what is written there
        if self._open is None or self._open.size >= self._segment_bytes:
            self.seal()
            if not self.folder.exists():
                self.folder.mkdir(mode=0o700)
                self._files.sync_folder(self.folder.parent)
            path = self.folder / f"{sequence:020d}{SUFFIX}"
            self._open = Segment(sequence, path, 0, 0.0)
            self._fd = self._files.create(path)
            created = True
        elif self._fd is None:
            self._fd = self._files.open_end(self._open.path)
        assert self._fd is not None
        self._files.write(self._fd, data)
        self._files.sync(self._fd)
        self._written = len(data)
        if created:
            self._files.sync_folder(self.folder)
        return 2 if created else 1

    def publish(
        self, end: Position, now: float, records: Iterable[tuple[Header, bytes]] = ()
    ) -> None:
        """Make what was written visible; `end` is the position behind it.

        `records` are the headers and bodies of what was written, in order.
        """
        self.end = end
        if self._open is None or not self._written:
            self.tail.clear()
            return
        segment = self._open
        at = segment.size
        if not at:
            self.segments.append(segment)
        fresh = []
        for header, body in records:
            at += HEADER_SIZE + len(body)
            fresh.append(Record(header, body, segment, at))
            known_ns = self.latest.get(header.source)
            if known_ns is None or header.last_ns > known_ns:
                self.latest[header.source] = header.last_ns
        self.tail.add(fresh)
        segment.size += self._written
        segment.newest = now
        self._written = 0

    def remove(self, gone: list[Segment]) -> None:
        """Take segments out of what readers see."""
        self.segments = [s for s in self.segments if s not in gone]
        self.tail.leave(gone)

    def rollback(self) -> None:
        """Take back what was written but not published; never raises."""
        segment = self._open
        if segment is not None and self._fd is not None:
            with contextlib.suppress(OSError):
                self._files.truncate(self._fd, segment.size)
        self.seal()
        if segment is not None and not segment.size:
            with contextlib.suppress(OSError):
                self._files.remove(segment.path)

    def seal(self) -> None:
        """Write no more to the present segment."""
        self._written = 0
        self._open = None
        fd, self._fd = self._fd, None
        if fd is not None:
            with contextlib.suppress(OSError):
                self._files.close(fd)

    def is_open(self, segment: Segment) -> bool:
        """Whether the segment is still written to."""
        return segment is self._open

    def limits(self) -> list[tuple[Segment, int]]:
        """Return each segment with the sequence that its records stay below."""
        firsts = [segment.first for segment in self.segments[1:]]
        return list(zip(self.segments, [*firsts, self.end.sequence], strict=False))

    def view(self, sequence: int) -> list[tuple[Segment, int, int]]:
        """Return the segments that may hold records from this sequence on.

        Each comes with its visible size and the sequence that its records stay
        below.
        """
        begin = max(0, bisect_right(self.segments, sequence, key=_first) - 1)
        return [(s, s.size, below) for s, below in self.limits()[begin:]]

    def oldest(self) -> Position:
        """Return the position before the oldest record, damaged or not. Blocks."""
        if not self.segments:
            return self.end
        headers = map(self.first_header, self.segments)
        good = next((header for header in headers if header), None)
        return Position(
            self.segments[0].first, good.offset if good else self.end.offset
        )

    def first_header(self, segment: Segment) -> Header | None:
        """Return the header of a segment's first good record, None if it has none."""
        try:
            fd = self._files.open_read(segment.path)
        except OSError:
            return None

        def fetch(at: int, size: int) -> bytes:
            return self._files.read_around(fd, at, size)[0]

        try:
            found = (piece for piece, _ in pieces(fetch, 0, segment.size))
            good = (piece.header for piece in found if isinstance(piece, Found))
            return next(good, None)
        except OSError:
            return None
        finally:
            self._files.close(fd)


def _first(segment: Segment) -> int:
    """Return the sequence by which segments are ordered."""
    return segment.first
