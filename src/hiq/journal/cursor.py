"""How far one sink has come in one stream: read from there, then move on.

Reading changes nothing durable. A place is confirmed in memory and saved now and
then, so an old one only makes points be sent again. What is missing in between
(damage, or records that a full journal gave up) shows as a jump of the point offset:
the cursor steps over it, and `Chunk.start` tells the reader where it landed, so no
loss goes uncounted.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hiq.errors import JournalError
from hiq.journal.loss import Cause, Loss, earliest_behind, span
from hiq.journal.reading import Hole, Place, Reader
from hiq.journal.stream import Position, Segment, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hiq.journal.files import Files
    from hiq.journal.segment import Damage, Header
    from hiq.journal.tail import Record
    from hiq.stats import JournalStats

__all__ = ["Chunk", "Cursor", "Owner"]

logger = logging.getLogger("hiq.journal")

PLACES = 64
"""Ends of chunks whose place in a file is remembered; a forgotten one is searched."""


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


class Owner(Protocol):
    """What a cursor needs of its journal."""

    files: Files
    stats: JournalStats
    lock: threading.Lock

    def passed(self, stream: Stream) -> None:
        """Forget the records in memory that nobody needs any more."""

    def reclaim(self, stream: Stream) -> None:
        """Remove the segments that nobody needs any more."""

    def lose(self, loss: Loss) -> None:
        """Tell a loss to whoever listens."""


class Cursor:
    """The place of one sink in one stream; each call may come from another thread.

    - After calling `read` or `recent`: the place is the same, but for records that
      are lost.
    - After calling `confirm`: the place is the given one, in memory; `unsaved` says
      that the file is behind.
    - After calling `save` or `advance`: unless it raised, the place is in the
      cursor's file; a power cut may bring an older one back.
    - Gives no position behind records that it has not handed out or found lost.
    """

    def __init__(
        self,
        name: str,
        stream: Stream,
        position: Position,
        owner: Owner,
        store: Callable[[Position, int | None, bool], None],
        *,
        before_ns: int | None = None,
        required: bool = True,
    ) -> None:
        self.name = name
        self.stream = stream
        self.position = position
        self.required = required
        self.oldest_ns: int | None = None
        self._owner = owner
        self._store = store
        self._saved = position
        self._lock = threading.Lock()  # held shortly
        self._saving = threading.Lock()  # held while the disk is waited for
        self._place: Place | None = None
        self._before_ns = before_ns
        self._places: dict[Position, Place] = {}
        self._reader = Reader(
            *(stream, owner.files, owner.lock),
            prove=lambda: self._store(self.position, self._before_ns, True),
        )

    @property
    def end(self) -> Position:
        """Behind what was journaled last."""
        return self.stream.end

    @property
    def end_offset(self) -> int:
        """Points ever journaled in the stream."""
        return self.stream.end.offset

    @property
    def unsaved(self) -> bool:
        """Whether the place has moved since it was saved."""
        return self._saved != self.position

    @property
    def pending_points(self) -> int:
        """Points behind the place, lost ones that were not yet met included."""
        return max(0, self.stream.end.offset - self.position.offset)

    @property
    def pending_bytes(self) -> int:
        """Bytes of the records behind the place."""
        if self.position.sequence >= self.stream.end.sequence:
            return 0
        place = self._place
        with self._owner.lock:
            view = self.stream.view(self.position.sequence)
        total = sum(size for _, size, _ in view)
        if place and view and place.segment is view[0][0]:
            total -= place.at
        return total

    def has_more(self, after: Position | None = None) -> bool:
        """Whether something was journaled behind a position, or behind the place."""
        return (after or self.position) < self.stream.end

    def recent(
        self,
        max_points: int,
        max_bytes: int,
        members: bool = True,
        after: Position | None = None,
        until: Position | None = None,
    ) -> Chunk | None:
        """Return the next records if they are in memory; never waits for a disk.

        For the arguments see `read`.
        """
        start = after or self.position
        with self._owner.lock:
            found = self.stream.tail.following(start.sequence, start.offset)
            return self._join(
                found, start, max_points, max_bytes, members=members, until=until
            )

    def read(
        self,
        max_points: int,
        max_bytes: int,
        members: bool = True,
        after: Position | None = None,
        until: Position | None = None,
    ) -> Chunk | None:
        """Return the next records from the disk, None if there are none. Blocks.

        Args:
            max_points: stop before more points than that.
            max_bytes: stop before more bytes of bodies than that. The first record
                is returned however big it is.
            members: whether several records may be joined.
            after: begin at this position, the end of an earlier chunk, and not at
                the place.
            until: stop at this position, which lies between two records.

        Raises:
            JournalError: the disk failed, or a record is of a newer format.
        """
        start = after or self.position
        with self._lock:
            known = self._places.get(start)
            place = self._place if start == self.position else known
        try:
            found = self._reader.records(start, place)
            return self._join(
                found, start, max_points, max_bytes, members=members, until=until
            )
        except OSError as exc:
            raise JournalError(str(self.stream.folder), str(exc)) from exc

    def confirm(self, end: Position) -> None:
        """Move behind what was delivered, in memory."""
        with self._lock:
            if end <= self.position:
                return
            self.position = end
            self._place = self._places.pop(end, None)
            if self._place is not None:  # else what is known is only too early
                self._before_ns = self._place.before_ns
            if self._places:
                self._places = {p: at for p, at in self._places.items() if p > end}
            self.oldest_ns = None
        self._owner.passed(self.stream)

    def advance(self, end: Position) -> None:
        """Move behind what was delivered, and save it. Blocks.

        Raises:
            JournalError: the file could not be written; the place has moved all the
                same, so that nothing is sent twice while hiq runs.
        """
        self.confirm(end)
        self.save(sync=False)

    def save(self, *, sync: bool) -> None:
        """Write the cursor's file, then let go of what all have passed. Blocks.

        Raises:
            JournalError: it could not be written.
        """
        try:
            self.store(sync=sync)
        finally:
            self._owner.reclaim(self.stream)

    def store(self, *, sync: bool) -> None:
        """Write the cursor's file. Blocks.

        Raises:
            JournalError: it could not be written.
        """
        with self._saving:
            with self._lock:
                position, before_ns = self.position, self._before_ns
            try:
                self._store(position, before_ns, sync)
            except OSError as exc:
                raise JournalError(
                    str(self.stream.folder), f"cursor of {self.name}: {exc}"
                ) from exc
            self._saved = position

    def _join(
        self,
        found: Iterable[Record | Hole],
        start: Position,
        max_points: int,
        max_bytes: int,
        *,
        members: bool,
        until: Position | None,
    ) -> Chunk | None:
        """Make a chunk of the first records, as many as may be joined.

        Over a loss the place itself moves, unless it is not there yet: then it
        will with what comes behind the loss.
        """
        bodies: list[bytes] = []
        heads: list[Header] = []
        size = points = 0
        begin = end = start
        hole = place = None
        for piece in found:
            if isinstance(piece, Hole):
                hole = piece
                begin = end = piece.to
                continue
            header, body = piece.header, piece.body
            if until is not None and header.sequence >= until.sequence:
                break
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
            place = Place(piece.segment, piece.end, earliest_behind(header))
            if not members:
                break
        if hole is not None:
            self._step_over(start, hole, told=bool(heads))
        if place is None:
            return None
        with self._lock:
            self._places[end] = place
            if len(self._places) > PLACES:
                del self._places[next(iter(self._places))]
            if start == self.position:
                self.oldest_ns = heads[0].appended_ns
        return Chunk(
            body=b"".join(bodies),
            points=points,
            first_ns=min(head.first_ns for head in heads),
            last_ns=max(head.last_ns for head in heads),
            records=len(heads),
            appended_ns=heads[0].appended_ns,
            start=begin,
            end=end,
        )

    def _step_over(self, start: Position, hole: Hole, *, told: bool) -> None:
        """Move the place over what is lost if it lies before it, and tell it once.

        What is lost ahead of the place with nothing behind it is met again, and is
        told then.
        """
        since_ns = hole.since_ns
        with self._lock:
            mine = start == self.position
            known = self._places.get(start)
            if since_ns is None and mine:
                since_ns = self._before_ns
            elif since_ns is None and known is not None:
                since_ns = known.before_ns
            if mine:
                self.position = hole.to
                self._place = None
                self._before_ns = hole.until_ns if since_ns is None else since_ns
        if not mine and not told:
            return
        lost = max(0, hole.to.offset - start.offset)
        untold = self.stream.listed.untold(start.offset, hole.to.offset)
        damage = hole.damage
        with self._owner.lock:
            fresh = [
                (segment, piece)
                for segment, piece in damage
                if piece.start not in segment.reported
            ]
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
                        until_ns=hole.until_ns,
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
                    "until_ns": hole.until_ns,
                },
            )


def _cause(damage: list[tuple[Segment, Damage]]) -> Cause:
    """Return why records between good ones are lost."""
    if any(segment.unreadable for segment, _ in damage):
        return "unreadable"
    return "damaged" if damage else "gone"
