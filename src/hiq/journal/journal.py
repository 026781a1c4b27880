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
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from hiq.errors import JournalError, JournalFull
from hiq.journal.cursor import Cursor
from hiq.journal.files import Files
from hiq.journal.folder import Folder
from hiq.journal.loss import Loss, Span
from hiq.journal.recovery import recover
from hiq.journal.room import Room
from hiq.journal.scout import Scout
from hiq.journal.segment import Header, Source, encode
from hiq.journal.stream import Position, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from hiq.settings.schema import JournalSettings
    from hiq.stats import JournalStats

__all__ = ["SEGMENT_BYTES", "Entry", "Journal"]

SEGMENT_BYTES = 8 * 1024 * 1024
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}

Plan: TypeAlias = "dict[Stream, tuple[bytes, Position, list[tuple[Header, bytes]]]]"
"""Per stream: the bytes to write, the position behind them, the records in them."""


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
        on_loss: Callable[[Loss], None],
    ) -> None:
        self.path = folder.path
        self._folder = folder
        self._stats = stats
        self._files = files
        self._room = Room(
            folder.path, settings, stats, clock=clock, files=files, on_loss=on_loss
        )
        self._clock = clock
        self._segment_bytes = min(segment_bytes, max(settings.max_bytes // 4, 1))
        self._writing = threading.Lock()

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
        on_loss: Callable[[Loss], None] = lambda _: None,
    ) -> Journal:
        """Take the lock, recover what is there, and return the journal. Blocks.

        `on_loss` is told once of all that is lost, from whatever thread finds it;
        it must neither wait nor raise.

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
            on_loss=on_loss,
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
        journal._room.measure()
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
            entries = list(entries)
            try:
                plan = self._plan(entries, int(now * 1e9))
                total = sum(len(data) for data, _, _ in plan.values())
                kept = self._room.make(total)
                if kept:
                    self._write(plan)
            except OSError as exc:
                kind = JournalFull if exc.errno in NO_SPACE else JournalError
                raise kind(str(self.path), str(exc)) from exc
            with self._room.lock:
                for stream, (_, end, records) in plan.items():
                    if kept:
                        stream.publish(end, now, records)
                        self._stats.records += len(records)
                    else:
                        self._stats.lost_points += end.offset - stream.end.offset
                        stream.listed.add(stream.end.offset, end.offset)
                        stream.publish(Position(stream.end.sequence, end.offset), now)
            if not kept:
                self._tell_dropped(entries)
            if kept:
                self._stats.commits += 1
                self._stats.written_bytes += total
            self._room.measure()

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

        def store(position: Position, before_ns: int | None, sync: bool) -> None:
            self._folder.save(sink, stream, position, before_ns, sync=sync)

        before_ns = self._folder.before_ns(sink, stream)
        cursor = Cursor(
            *(sink, there, place, self._room, store),
            before_ns=before_ns,
            required=required,
        )
        if saved is None:
            cursor.store(sync=True)
        with self._room.lock:
            self._room.cursors.append(cursor)
        return cursor

    def scout(self, stream: str, sequence: int | None = None) -> Scout:
        """Return a reader from a record on, by default from the end. Blocks."""
        with self._writing:
            there = self._stream(stream)
        start = there.end.sequence if sequence is None else sequence
        return Scout(there, start, self._files, self._room.lock)

    def take_latest(self, stream: str) -> tuple[int, dict[int, int]]:
        """Return what came since the last call, which is for one asker.

        That is the sequence behind the last record, and the latest time stamp of
        each source, in nanoseconds. No file is read, and an append that waits for a
        slow disk is not waited for.
        """
        with self._room.lock:
            there = self._room.streams.get(stream)
            if there is None:  # nobody has asked for it, nor appended to it
                return 0, {}
            latest, there.latest = there.latest, {}
            return there.end.sequence, latest

    def points(self) -> dict[str, int]:
        """Return how many points each stream ever took, those of earlier runs too."""
        streams = self._room.streams
        return {name: stream.end.offset for name, stream in streams.copy().items()}

    def hold(self, stream: str, sequence: int) -> None:
        """Keep delivered records from this one on, while there is room for them."""
        self._room.holds[stream] = sequence

    def close(self) -> None:
        """Save the cursors and release the lock. Blocks; call it when all is quiet."""
        with self._writing:
            if not self._folder.owned:
                return
            for stream in self._room.streams.values():
                stream.seal()
            for cursor in self._room.cursors:
                with contextlib.suppress(JournalError):
                    cursor.store(sync=True)
            self._folder.release()

    def _stream(self, name: str) -> Stream:
        """Return the stream of this name, recovered if it is first asked for."""
        if name not in self._room.streams:
            found = recover(self.path / name, self._files, self._stats, self._room.lose)
            self._room.streams[name] = Stream(
                self.path / name,
                self._files,
                found.segments,
                self._folder.furthest(name, found.end),
                segment_bytes=self._segment_bytes,
                appendable=found.appendable,
            )
        return self._room.streams[name]

    def _tell_dropped(self, entries: Sequence[tuple[str, Entry]]) -> None:
        """Tell what `drop_new` has not stored, per stream."""
        for name in dict.fromkeys(name for name, _ in entries):
            mine = [entry for stream, entry in entries if stream == name]
            first = min(entry.first_ns for entry in mine)
            last = max(entry.last_ns for entry in mine)
            points = sum(entry.points for entry in mine)
            where = Span(first, last, exact=True)
            self._room.lose(Loss(name, "drop_new", points, where))

    def _plan(self, entries: Iterable[tuple[str, Entry]], now_ns: int) -> Plan:
        """Work out what is to be written where."""
        records: dict[Stream, list[tuple[Header, bytes]]] = {}
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
            records.setdefault(stream, []).append((header, entry.body))
            ends[stream] = Position(at.sequence + 1, at.offset + entry.points)
        return {
            stream: (b"".join(encode(*each) for each in found), ends[stream], found)
            for stream, found in records.items()
        }

    def _write(self, plan: Plan) -> None:
        """Write all of the plan to the disk, or take all of it back."""
        touched = []
        try:
            for stream, (data, _, _) in plan.items():
                touched.append(stream)
                self._stats.fsyncs += stream.write(data, stream.end.sequence)
        except OSError:
            for stream in touched:
                stream.rollback()
            raise
