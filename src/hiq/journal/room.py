"""How much the journal holds: its cap, what may go, and what goes when it is full.

A segment may go when every cursor has passed it. When that is not enough, the setting
`when_full` decides: wait, or give up the oldest or the newest points, and then what
that costs is counted and told. It writes no record and does not know the journal's
folder.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from typing import TYPE_CHECKING

from hiq.errors import JournalError, JournalFull
from hiq.journal.loss import Cause, Loss, span
from hiq.journal.segment import Found
from hiq.journal.windows import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hiq.journal.cursor import Cursor
    from hiq.journal.files import Files
    from hiq.journal.segment import Header
    from hiq.journal.stream import Segment, Stream
    from hiq.settings.schema import JournalSettings
    from hiq.stats import JournalStats

__all__ = ["Room"]

logger = logging.getLogger("hiq.journal")

NEARLY_FULL = 0.8
"""Share of the cap from which on it is said that the journal fills up."""
CALM_AGAIN = 0.7


class Room:
    """The streams and cursors of one journal, and the bytes they may use.

    - `lock` guards the lists of segments and what is published; it is held shortly,
      never while a disk is waited for.
    - `make` and what it calls belong to the thread that appends; `passed` and
      `reclaim` may be called from any.
    """

    def __init__(
        self,
        path: Path,
        settings: JournalSettings,
        stats: JournalStats,
        *,
        clock: Callable[[], float],
        files: Files,
        on_loss: Callable[[Loss], None],
    ) -> None:
        self.path = path
        self.stats = stats
        self.files = files
        self.lock = threading.Lock()
        self.streams: dict[str, Stream] = {}
        self.cursors: list[Cursor] = []
        self.holds: dict[str, int] = {}
        self._settings = settings
        self._clock = clock
        self._dropping = False
        self._filling = False
        self.lose = on_loss

    def passed(self, stream: Stream) -> None:
        """Forget the records in memory that every cursor has passed."""
        with self.lock:
            readers = self.readers(stream)
            if readers:
                stream.tail.pass_by(min(c.position.sequence for c in readers))

    def reclaim(self, stream: Stream) -> None:
        """Remove the segments that every cursor has passed and `keep` is over for."""
        keep = self._settings.keep
        before = self._clock() - keep if keep > 0 else math.inf
        with self.lock:
            readers = self.readers(stream)
            gone = [
                segment
                for segment in self._passed(stream, readers)
                if not stream.is_open(segment) and segment.newest <= before
            ]
            held = self.holds.get(stream.folder.name)
            if held is not None:
                free = {s for s, below in stream.limits() if below <= held}
                gone = [segment for segment in gone if segment in free]
        if gone and readers and self._save_cursors(stream):
            self._remove(stream, gone)
            self.measure()

    def make(self, total: int) -> bool:
        """Return whether there is room for so many bytes, made if the setting says so.

        Raises:
            JournalFull: there is none, and nothing may be given up.
        """
        reason = self._lack(total)
        if reason:
            for stream in self.streams.values():
                self._release(stream)
            reason = self._lack(total)
        while reason and self._give_up():
            reason = self._lack(total)
        if reason and self._settings.when_full == "drop_new":
            if not self._dropping:
                logger.warning("new points are dropped", extra={"reason": reason})
            self._dropping = True
            return False
        while reason:
            if self._settings.when_full == "block" or not self._evict():
                raise JournalFull(str(self.path), reason)
            reason = self._lack(total)
        if self._dropping:
            logger.info("new points are taken again")
        self._dropping = False
        return True

    def _lack(self, total: int) -> str:
        """Return why there is no room for so many bytes; "" if there is."""
        cap = self._settings.max_bytes
        if self.stats.bytes + total > cap:
            return f"full: {self.stats.bytes} bytes of max_bytes {cap} are in use"
        free = self.files.free_bytes(self.path)
        if free - total < self._settings.min_free_bytes:
            spare = self._settings.min_free_bytes
            return f"the disk is full: {free} bytes free, min_free_bytes is {spare}"
        return ""

    def _release(self, stream: Stream) -> None:
        """Remove what every sink has, whatever `keep` says."""
        with self.lock:
            gone = self._passed(stream, self.readers(stream))
        self._drop(stream, gone, "gone")

    def _give_up(self) -> bool:
        """Remove the oldest segment that every required sink has; False if none is.

        One at a time: a sink that is not required keeps what there is room for.
        """
        heads = []
        for stream in self.streams.values():
            with self.lock:
                needed = [c for c in self.readers(stream) if c.required]
                heads += [(s, stream) for s in self._passed(stream, needed)[:1]]
        if not heads:
            return False
        segment, stream = min(heads, key=lambda head: head[0].newest)
        self._drop(stream, [segment], "not_required")
        return True

    def _evict(self) -> bool:
        """Remove the oldest segment of all, delivered or not; False if none is left."""
        with self.lock:
            heads = [(s.segments[0], s) for s in self.streams.values() if s.segments]
        if not heads:
            return False
        segment, stream = min(heads, key=lambda head: head[0].newest)
        self._drop(stream, [segment], "drop_oldest")
        return True

    def _drop(self, stream: Stream, gone: list[Segment], cause: Cause) -> None:
        """Remove the first segments of a stream; count and tell what that costs."""
        if not gone:
            return
        with self.lock:  # `reclaim` may have removed some of them meanwhile
            gone = [segment for segment in stream.segments if segment in gone]
            rest = [segment for segment in stream.segments if segment not in gone]
        if not gone:
            self.measure()
            return
        if not rest:
            stream.seal()
            behind = stream.end.offset
        else:
            header = stream.first_header(rest[0])
            behind = header.offset if header else 0
        self._save_cursors(stream)
        readers = self.readers(stream)
        # In this order: a cursor that moves meanwhile must not bring a later time.
        places = [(c.before_ns, c.position) for c in readers]
        slowest = min((place for _, place in places), default=stream.end)
        losers = tuple(c.name for c in readers if c.position.offset < behind)
        lost = behind - max(slowest.offset, stream.given_up)
        heads = self._heads(gone, slowest.sequence) if lost > 0 else []
        self._remove(stream, gone)
        self.measure()
        if lost <= 0:
            return
        start = behind - lost
        stream.given_up = behind
        stream.listed.add(start, behind)
        self.stats.lost_points += lost
        where = span(
            heads,
            complete=sum(head.points for head in heads) >= lost,
            since_ns=min(
                (ns for ns, place in places if place == slowest and ns is not None),
                default=None,
            ),
            until_ns=int(gone[-1].newest * 1e9),
        )
        logger.warning(
            "the journal is full: its oldest records were given up",
            extra={
                "stream": stream.folder.name,
                "points": lost,
                "sinks": list(losers),
                "first_ns": where.first_ns,
                "last_ns": where.last_ns,
            },
        )
        name = stream.folder.name
        self.lose(Loss(name, cause, lost, where, losers, gone[0].path.name))

    def _heads(self, gone: list[Segment], sequence: int) -> list[Header]:
        """Return the headers in some segments from a sequence on; best effort."""
        heads: list[Header] = []
        for segment in gone:
            with contextlib.suppress(OSError):
                heads += self._heads_of(segment, sequence)
        return heads

    def _heads_of(self, segment: Segment, sequence: int) -> Iterator[Header]:
        """Yield the headers in one segment from a sequence on."""
        fd = self.files.open_read(segment.path)

        def fetch(at: int, size: int) -> bytes:
            return self.files.read_around(fd, at, size)[0]

        try:
            for piece, _ in pieces(fetch, 0, segment.size):
                found = (piece.header,) if isinstance(piece, Found) else piece.lost
                yield from (head for head in found if head.sequence >= sequence)
        finally:
            self.files.close(fd)

    def readers(self, stream: Stream) -> list[Cursor]:
        """Return the cursors in a stream."""
        return [cursor for cursor in self.cursors if cursor.stream is stream]

    def _passed(self, stream: Stream, readers: list[Cursor]) -> list[Segment]:
        """Return the segments that all of these cursors have passed."""
        place = min((c.position.sequence for c in readers), default=math.inf)
        return [segment for segment, below in stream.limits() if below <= place]

    def _save_cursors(self, stream: Stream) -> bool:
        """Make sure that no cursor falls back before what is removed next.

        Returns whether it worked; a disk so full that it does not is helped by
        removing all the same.
        """
        saved = True
        for cursor in self.readers(stream):
            try:
                cursor.store(sync=True)
            except JournalError:
                saved = False
        return saved

    def _remove(self, stream: Stream, gone: list[Segment]) -> None:
        """Remove segments, the oldest first, also as a power cut may leave them.

        Where an old one came back without the next ones, there would be a hole.
        """
        with self.lock:
            stream.remove(gone)
        for segment in gone:
            with contextlib.suppress(OSError):
                self.files.remove(segment.path)
                self.files.sync_folder(segment.path.parent)

    def measure(self) -> None:
        """Bring the figures of the folder up to date; say once that it fills up."""
        with self.lock:
            streams = list(self.streams.values())
            self.stats.bytes = sum(stream.size for stream in streams)
            self.stats.segments = sum(len(stream.segments) for stream in streams)
        share = self.stats.bytes / max(1, self._settings.max_bytes)
        figures = {"bytes": self.stats.bytes, "max_bytes": self._settings.max_bytes}
        if share >= NEARLY_FULL and not self._filling:
            self._filling = True
            logger.warning(
                "the journal is 80 %% full; when it is full: %s",
                self._settings.when_full,
                extra=figures,
            )
        elif share <= CALM_AGAIN and self._filling:
            self._filling = False
            logger.info("the journal has room again", extra=figures)
