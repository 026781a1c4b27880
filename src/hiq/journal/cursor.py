"""How far one sink has come in one stream: read from there, then move on.

Reading changes nothing durable. A place is confirmed in memory and saved now and
then, so an old one only makes points be sent again. What is missing in between
(damage, or records that a full journal gave up) shows as a jump of the point offset:
the cursor steps over it, and `Chunk.start` tells the reader where it landed, so no
loss goes uncounted.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from hiq.errors import JournalError
from hiq.journal.chunk import Chunk, join
from hiq.journal.reading import Reader
from hiq.journal.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hiq.journal.files import Files
    from hiq.journal.loss import Loss
    from hiq.journal.reading import Hole, Place
    from hiq.journal.stream import Position, Stream
    from hiq.journal.tail import Record
    from hiq.stats import JournalStats

__all__ = ["Cursor", "Owner"]

PLACES = 64
"""Ends of chunks whose place in a file is remembered; a forgotten one is searched."""


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
        self._teller = Teller(name, stream, owner)

    @property
    def before_ns(self) -> int | None:
        """When the record before the position was journaled, as far as is known."""
        return self._before_ns

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
            return self._take(
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
            return self._take(
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

    def _take(
        self,
        found: Iterable[Record | Hole],
        start: Position,
        max_points: int,
        max_bytes: int,
        *,
        members: bool,
        until: Position | None,
    ) -> Chunk | None:
        """Return the first records, and remember where their end lies.

        Over a loss the place itself moves, unless it is not there yet: then it
        will with what comes behind the loss.
        """
        hole, joined = join(
            found, start, max_points, max_bytes, members=members, until=until
        )
        if hole is not None:
            self._step_over(start, hole, told=joined is not None)
        if joined is None:
            return None
        chunk, place = joined
        with self._lock:
            self._places[chunk.end] = place
            if len(self._places) > PLACES:
                del self._places[next(iter(self._places))]
            if start == self.position:
                self.oldest_ns = chunk.appended_ns
        return chunk

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
        if mine or told:
            self._teller.tell(start.offset, hole, since_ns)
