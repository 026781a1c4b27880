"""How far one sink has come in one stream: read from there, then move on.

Reading changes nothing durable; `advance` does. What is missing in between (damage,
or records that a full journal gave up) shows as a jump of the point offset: the
cursor steps over it, and `Chunk.start` tells the reader where it landed, so no loss
goes uncounted. A cursor file that is lost or old only makes points be sent again.
"""

from __future__ import annotations

import errno
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hiq.errors import JournalError
from hiq.journal.loss import Cause, Loss, span
from hiq.journal.recovery import check_version
from hiq.journal.segment import Damage, Found, Header, scan
from hiq.journal.stream import Position, Segment, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hiq.journal.files import Files
    from hiq.stats import JournalStats

__all__ = ["Chunk", "Cursor", "Owner"]

logger = logging.getLogger("hiq.journal")

WINDOW = 256 * 1024
PATIENCE = 5
"""So many failed readings of a file, and its unreadable sectors are given up."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some records in a row, without a hole between them.

    Attributes:
        body: their bodies, one behind the other (gzip members).
        points: points in them.
        first_ns: earliest time stamp of a point.
        last_ns: latest time stamp of a point.
        records: how many records.
        appended_ns: when the oldest of them was journaled.
        start: position of the first record.
        end: position behind the last one; for `Cursor.advance`.
    """

    body: bytes
    points: int
    first_ns: int
    last_ns: int
    records: int
    appended_ns: int
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a position lies: segment, byte, and when the record before was written."""

    position: Position
    segment: Segment
    at: int
    before_ns: int | None


class Owner(Protocol):
    """What a cursor needs of its journal."""

    files: Files
    stats: JournalStats
    lock: threading.Lock

    def reclaim(self, stream: Stream) -> None:
        """Remove the segments that nobody needs any more."""

    def lose(self, loss: Loss) -> None:
        """Tell a loss to whoever listens."""


class Cursor:
    """The place of one sink in one stream; each call may come from another thread.

    - After calling `read`: the place is the same, but for records that are lost.
    - After calling `advance`: the place is the given one and, unless it raised, in
      the cursor's file; a power cut may bring an older place back.
    - Gives no position behind records that it has not handed out or found lost.
    """

    def __init__(
        self,
        name: str,
        stream: Stream,
        position: Position,
        owner: Owner,
        store: Callable[[Position, bool], None],
        *,
        required: bool = True,
    ) -> None:
        self.name = name
        self.stream = stream
        self.position = position
        self.required = required
        self.oldest_ns: int | None = None
        self._owner = owner
        self._store = store
        self._lock = threading.Lock()
        self._place: _Place | None = None
        self._ahead: _Place | None = None

    @property
    def end_offset(self) -> int:
        """Points ever journaled in the stream."""
        return self.stream.end.offset

    @property
    def pending_points(self) -> int:
        """Points behind the place, lost ones that were not yet met included."""
        return max(0, self.stream.end.offset - self.position.offset)

    @property
    def pending_bytes(self) -> int:
        """Bytes of the records behind the place."""
        place = self._place
        with self._owner.lock:
            view = self.stream.view(self.position.sequence)
        if self.position.sequence >= self.stream.end.sequence:
            return 0
        total = sum(size for _, size, _ in view)
        if place and view and self._is_at(place, self.position, view[0][0]):
            total -= place.at
        return total

    def read(
        self, max_points: int, max_bytes: int, members: bool = True
    ) -> Chunk | None:
        """Return the next records, None if there are none. Blocks.

        Args:
            max_points: stop before more points than that.
            max_bytes: stop before more bytes of bodies than that. The first record
                is returned however big it is.
            members: whether several records may be joined.

        Raises:
            JournalError: the disk failed, or a record is of a newer format.
        """
        try:
            with self._lock:
                return self._read(max_points, max_bytes, members=members)
        except OSError as exc:
            raise JournalError(str(self.stream.folder), str(exc)) from exc

    def advance(self, end: Position) -> None:
        """Move behind what was delivered. Blocks.

        Raises:
            JournalError: the file could not be written; the place has moved all the
                same, so that nothing is sent twice while hiq runs.
        """
        with self._lock:
            self.position = max(self.position, end)
            if self._ahead is not None and self._ahead.position == end:
                self._place = self._ahead
            self.oldest_ns = None
        try:
            self.save(sync=False)
        finally:
            self._owner.reclaim(self.stream)

    def save(self, *, sync: bool) -> None:
        """Write the cursor's file. Blocks.

        Raises:
            JournalError: it could not be written.
        """
        with self._lock:
            try:
                self._store(self.position, sync)
            except OSError as exc:
                raise JournalError(
                    str(self.stream.folder), f"cursor of {self.name}: {exc}"
                ) from exc

    def _read(self, max_points: int, max_bytes: int, *, members: bool) -> Chunk | None:
        bodies: list[bytes] = []
        heads: list[Header] = []
        size = points = 0
        end = self.position
        for header, body, segment, at in self._records():
            if heads and (
                header.offset != end.offset
                or points + header.points > max_points
                or size + len(body) > max_bytes
            ):
                break
            bodies.append(body)
            heads.append(header)
            size += len(body)
            points += header.points
            end = Position(header.sequence + 1, header.offset + header.points)
            self._ahead = _Place(end, segment, at, header.appended_ns)
            if not members:
                break
        if not heads:
            return None
        self.oldest_ns = heads[0].appended_ns
        return Chunk(
            body=b"".join(bodies),
            points=points,
            first_ns=min(head.first_ns for head in heads),
            last_ns=max(head.last_ns for head in heads),
            records=len(heads),
            appended_ns=heads[0].appended_ns,
            start=self.position,
            end=end,
        )

    def _records(self) -> Iterator[tuple[Header, bytes, Segment, int]]:
        """Yield header, body, segment and byte position behind each record.

        The cursor itself is moved over what is lost before the first of them.
        """
        start = self.position
        with self._owner.lock:
            view = self.stream.view(start.sequence)
            end = self.stream.end
        damage: list[tuple[Segment, Damage]] = []
        first = True
        since = None
        for segment, size, below in view:
            at = 0
            if self._place and self._is_at(self._place, start, segment):
                at, since = self._place.at, self._place.before_ns
            for piece, data in self._pieces(segment, at, size):
                if isinstance(piece, Damage):
                    damage.append((segment, piece))
                    continue
                header = piece.header
                check_version(segment.path, header.version)
                if header.sequence < start.sequence:
                    damage.clear()
                    since = header.appended_ns
                    continue
                if header.sequence >= below:
                    break
                if first:
                    here = Position(header.sequence, header.offset)
                    self._step_over(here, damage, since, header.appended_ns)
                    first = False
                body = data[piece.body - piece.start :]
                yield header, body, segment, piece.end
        if first and end > self.position:
            self._step_over(end, damage, since, None)

    def _pieces(
        self, segment: Segment, at: int, size: int
    ) -> Iterator[tuple[Found | Damage, bytes]]:
        """Yield what a segment holds from a byte on, positions counted in the file.

        Each good record comes with its bytes.
        """
        files = self._owner.files
        try:
            fd = files.open_read(segment.path)
        except FileNotFoundError:
            return
        try:
            length = WINDOW
            while at < size:
                data = self._fetch(fd, segment, at, min(length, size - at))
                whole = at + len(data) >= size or len(data) < min(length, size - at)
                decided = 0
                for piece in scan(data):
                    if isinstance(piece, Damage):
                        if not whole and piece.end == len(data):
                            break
                        start, end = at + piece.start, at + piece.end
                        yield Damage(start, end, piece.torn, piece.lost), b""
                    else:
                        moved = Found(
                            at + piece.start,
                            at + piece.body,
                            at + piece.end,
                            piece.header,
                        )
                        yield moved, data[piece.start : piece.end]
                    decided = piece.end
                if whole:
                    return
                length = WINDOW if decided else length * 2
                at += decided
        finally:
            files.close(fd)

    def _fetch(self, fd: int, segment: Segment, at: int, size: int) -> bytes:
        """Read a piece of a segment, in the end around what the disk cannot read.

        That a disk is away looks the same at first: only if it has failed some
        times, and takes a synced write, is it the sectors that are bad.
        """
        files = self._owner.files
        try:
            return files.read(fd, at, size)
        except OSError as exc:
            segment.failures += 1
            if exc.errno != errno.EIO or segment.failures < PATIENCE:
                raise
        self._store(self.position, True)
        data, lost = files.read_around(fd, at, size)
        segment.unreadable |= lost > 0
        return data

    @staticmethod
    def _is_at(place: _Place, position: Position, segment: Segment) -> bool:
        """Whether the place is where this position lies in this segment."""
        return place.position == position and place.segment is segment

    def _step_over(
        self,
        to: Position,
        damage: list[tuple[Segment, Damage]],
        since_ns: int | None,
        until_ns: int | None,
    ) -> None:
        """Move the place over what is lost, and tell it once.

        The times are those at which the records around the loss were journaled.
        """
        if to == self.position:
            return
        lost = max(0, to.offset - self.position.offset)
        untold = self.stream.listed.untold(self.position.offset, to.offset)
        self.position = to
        self._place = None
        fresh = [
            (segment, piece)
            for segment, piece in damage
            if piece.start not in segment.reported
        ]
        with self._owner.lock:
            for segment, piece in fresh:
                segment.reported.add(piece.start)
            self._owner.stats.corrupt_records += len(fresh)
            if fresh:
                self._owner.stats.lost_points += lost
        if untold:
            heads = [head for _, piece in damage for head in piece.lost]
            self._owner.lose(
                Loss(
                    stream=self.stream.folder.name,
                    cause=_cause(damage),
                    points=untold,
                    span=span(
                        heads,
                        complete=sum(head.points for head in heads) == lost,
                        since_ns=since_ns,
                        until_ns=until_ns,
                    ),
                    sinks=(self.name,),
                    file=damage[0][0].path.name if damage else "",
                )
            )
        if lost or fresh:
            logger.warning(
                "stepped over %s of the journal",
                "damaged records" if damage else "records that are gone",
                extra={
                    "sink": self.name,
                    "stream": self.stream.folder.name,
                    "points": lost,
                    "files": sorted({s.path.name for s, _ in damage}),
                    "bytes": sum(p.end - p.start for _, p in damage),
                    "since_ns": since_ns,
                    "until_ns": until_ns,
                },
            )


def _cause(damage: list[tuple[Segment, Damage]]) -> Cause:
    """Return why records between good ones are lost."""
    if any(segment.unreadable for segment, _ in damage):
        return "unreadable"
    return "damaged" if damage else "gone"
