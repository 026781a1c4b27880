"""The write-ahead journal: a folder of streams, one per encoding, and its cursors.

`append` returns when the records are on the disk, and only then do they count as
accepted. A segment goes when every cursor has passed it. The journal has a cap in
bytes and leaves some of the disk free; what then happens is a setting. It does not
know who reads, nor what a body holds.

Threads: appends from one thread, reads and advances from others, at the same time.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from hiq.errors import JournalError, JournalFull
from hiq.journal.cursor import Cursor
from hiq.journal.files import Files
from hiq.journal.folder import Folder
from hiq.journal.recovery import recover
from hiq.journal.segment import Header, Source, encode
from hiq.journal.stream import Position, Segment, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from hiq.settings.schema import JournalSettings
    from hiq.stats import JournalStats

__all__ = ["SEGMENT_BYTES", "Entry", "Journal"]

logger = logging.getLogger("hiq.journal")

SEGMENT_BYTES = 8 * 1024 * 1024
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}

Plan: TypeAlias = "dict[Stream, tuple[bytes, Position, int]]"
"""Per stream: the bytes to write, the position behind them, how many records."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch to append.

    Attributes:
        body: gzip of lines that each end in a newline.
        points: how many lines.
        first_ns: earliest time stamp, nanoseconds since 1970.
        last_ns: latest time stamp.
        source: where the points came from.
    """

    body: bytes
    points: int
    first_ns: int
    last_ns: int
    source: int = Source.LIVE


class Journal:
    """An open journal; made by `open`.

    - After calling `append`: all entries are on the disk, or none counts.
    - After calling `cursor`: that sink's backlog is kept until it has passed it.
    - After calling `close`: the lock is released; a second call does nothing.
    """

    def __init__(
        self,
        folder: Folder,
        settings: JournalSettings,
        stats: JournalStats,
        *,
        clock: Callable[[], float],
        files: Files,
        segment_bytes: int,
    ) -> None:
        self.path = folder.path
        self.stats = stats
        self.files = files
        self.lock = threading.Lock()
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._segment_bytes = min(segment_bytes, max(settings.max_bytes // 4, 1))
        self._writing = threading.Lock()
        self._streams: dict[str, Stream] = {}
        self._cursors: list[Cursor] = []

    @classmethod
    def open(
        cls,
        path: Path,
        settings: JournalSettings,
        stats: JournalStats,
        *,
        clock: Callable[[], float] = time.time,
        files: Files | None = None,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> Journal:
        """Take the lock, recover what is there, and return the journal. Blocks.

        Raises:
            JournalLocked: another process has it.
            JournalError: the folder cannot be used, or is of a newer format.
        """
        files = files or Files()
        folder = Folder(path, files)
        journal = cls(
            folder,
            settings,
            stats,
            clock=clock,
            files=files,
            segment_bytes=segment_bytes,
        )
        try:
            folder.acquire()
            for name in folder.streams():
                journal._stream(name)
        except OSError as exc:
            folder.release()
            raise JournalError(str(path), str(exc)) from exc
        except JournalError:
            folder.release()
            raise
        stats.writable = True
        stats.last_error = ""
        stats.max_bytes = settings.max_bytes
        journal._measure()
        return journal

    def append(self, entries: Iterable[tuple[str, Entry]]) -> None:
        """Write the entries to their streams and sync each touched file once. Blocks.

        Under `drop_new` a full journal takes the entries without storing them: they
        count as journaled points that every cursor then finds lost.

        Raises:
            JournalFull: no room, and the setting says to wait for it.
            JournalError: the disk failed; nothing was appended.
        """
        with self._writing:
            if not self._folder.owned:
                raise JournalError(str(self.path), "is closed")
            now = self._clock()
            try:
                plan = self._plan(entries, int(now * 1e9))
                total = sum(len(data) for data, _, _ in plan.values())
                kept = self._make_room(total)
                if kept:
                    self._write(plan)
            except OSError as exc:
                kind = JournalFull if exc.errno in NO_SPACE else JournalError
                raise kind(str(self.path), str(exc)) from exc
            with self.lock:
                for stream, (_, end, count) in plan.items():
                    if kept:
                        stream.publish(end, now)
                        self.stats.records += count
                    else:
                        self.stats.lost_points += end.offset - stream.end.offset
                        stream.publish(Position(stream.end.sequence, end.offset), now)
            if kept:
                self.stats.commits += 1
                self.stats.written_bytes += total
            self._measure()

    def cursor(
        self,
        sink: str,
        stream: str,
        start: Literal["oldest", "now"] = "oldest",
        *,
        required: bool = True,
    ) -> Cursor:
        """Return the sink's cursor in a stream. Blocks.

        Args:
            sink: name of the sink, also of the cursor's file.
            stream: name of the encoding.
            start: where a sink begins that has no cursor yet.
            required: whether a full journal keeps the backlog of this sink.

        Raises:
            JournalError: the cursor's file cannot be written.
        """
        with self._writing:
            there = self._stream(stream)
        saved = self._folder.place(sink, stream)
        place = saved or (there.oldest() if start == "oldest" else there.end)

        def store(position: Position, sync: bool) -> None:
            self._folder.save(sink, stream, position, sync=sync)

        cursor = Cursor(sink, there, place, self, store, required=required)
        if saved is None:
            cursor.save(sync=True)
        with self.lock:
            self._cursors.append(cursor)
        return cursor

    def reclaim(self, stream: Stream) -> None:
        """Remove the segments that every cursor has passed and `keep` is over for."""
        keep = self._settings.keep
        before = self._clock() - keep if keep > 0 else math.inf
        with self.lock:
            gone = [
                segment
                for segment in self._passed(stream, self._readers(stream))
                if not stream.is_open(segment) and segment.newest <= before
            ]
        if gone and self._readers(stream) and self._save_cursors(stream):
            self._remove(stream, gone)
            self._measure()

    def close(self) -> None:
        """Save the cursors and release the lock. Blocks; call it when all is quiet."""
        with self._writing:
            if not self._folder.owned:
                return
            for stream in self._streams.values():
                stream.seal()
            for cursor in self._cursors:
                with contextlib.suppress(JournalError):
                    cursor.save(sync=True)
            self._folder.release()

    def _stream(self, name: str) -> Stream:
        """Return the stream of this name, recovered if it is first asked for."""
        if name not in self._streams:
            found = recover(self.path / name, self.files, self.stats)
            self._streams[name] = Stream(
                self.path / name,
                self.files,
                found.segments,
                self._folder.furthest(name, found.end),
                segment_bytes=self._segment_bytes,
                appendable=found.appendable,
            )
        return self._streams[name]

    def _plan(self, entries: Iterable[tuple[str, Entry]], now_ns: int) -> Plan:
        """Work out what is to be written where."""
        parts: dict[Stream, list[bytes]] = {}
        ends: dict[Stream, Position] = {}
        for name, entry in entries:
            stream = self._stream(name)
            at = ends.get(stream, stream.end)
            header = Header(
                sequence=at.sequence,
                offset=at.offset,
                points=entry.points,
                first_ns=entry.first_ns,
                last_ns=entry.last_ns,
                appended_ns=now_ns,
                source=entry.source,
            )
            parts.setdefault(stream, []).append(encode(header, entry.body))
            ends[stream] = Position(at.sequence + 1, at.offset + entry.points)
        return {s: (b"".join(p), ends[s], len(p)) for s, p in parts.items()}

    def _write(self, plan: Plan) -> None:
        """Write all of the plan to the disk, or take all of it back."""
        touched = []
        try:
            for stream, (data, _, _) in plan.items():
                touched.append(stream)
                self.stats.fsyncs += stream.write(data, stream.end.sequence)
        except OSError:
            for stream in touched:
                stream.rollback()
            raise

    def _make_room(self, total: int) -> bool:
        """Return whether there is room for so many bytes, made if the setting says so.

        Raises:
            JournalFull: there is none, and nothing may be given up.
        """
        reason = self._lack(total)
        if reason:
            for stream in self._streams.values():
                self._give_up(stream)
            reason = self._lack(total)
        if reason and self._settings.when_full == "drop_new":
            return False
        while reason:
            if self._settings.when_full == "block" or not self._evict():
                raise JournalFull(str(self.path), reason)
            reason = self._lack(total)
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

    def _give_up(self, stream: Stream) -> None:
        """Remove what every required sink has, whatever `keep` says."""
        with self.lock:
            readers = self._readers(stream)
            gone = self._passed(stream, [c for c in readers if c.required])
        self._drop(stream, gone)

    def _evict(self) -> bool:
        """Remove the oldest segment of all, delivered or not; False if none is left."""
        streams = [stream for stream in self._streams.values() if stream.segments]
        if not streams:
            return False
        oldest = min(streams, key=lambda stream: stream.segments[0].newest)
        self._drop(oldest, oldest.segments[:1])
        return True

    def _drop(self, stream: Stream, gone: list[Segment]) -> None:
        """Remove the first segments of a stream, and count what sinks lose by it."""
        if not gone:
            return
        if len(gone) == len(stream.segments):
            stream.seal()
            behind = stream.end.offset
        else:
            header = stream.first_header(stream.segments[len(gone)])
            behind = header.offset if header else 0
        self._save_cursors(stream)
        readers = self._readers(stream)
        slowest = min((c.position.offset for c in readers), default=behind)
        lost = behind - max(slowest, stream.given_up)
        self._remove(stream, gone)
        self._measure()
        if lost > 0:
            stream.given_up = behind
            self.stats.lost_points += lost
            logger.warning(
                "the journal is full: its oldest records were given up",
                extra={"stream": stream.folder.name, "points": lost},
            )

    def _readers(self, stream: Stream) -> list[Cursor]:
        """Return the cursors in a stream."""
        return [cursor for cursor in self._cursors if cursor.stream is stream]

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
        for cursor in self._readers(stream):
            try:
                cursor.save(sync=True)
            except JournalError:
                saved = False
        return saved

    def _remove(self, stream: Stream, gone: list[Segment]) -> None:
        """Remove segments."""
        with self.lock:
            stream.segments = [s for s in stream.segments if s not in gone]
        for segment in gone:
            with contextlib.suppress(OSError):
                self.files.remove(segment.path)

    def _measure(self) -> None:
        """Bring the figures of the folder up to date."""
        with self.lock:
            streams = list(self._streams.values())
            self.stats.bytes = sum(stream.size for stream in streams)
            self.stats.segments = sum(len(stream.segments) for stream in streams)
