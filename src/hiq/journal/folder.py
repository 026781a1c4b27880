"""The journal's folder: its lock, its format, and the files of the cursors.

    lock                 held while the journal is open; holds the process id
    format               version of this layout, as text
    cursors/<sink>.json  how far each sink has come, per stream
    totals               events of all runs, see `hiq.totals`
    <stream>/*.seg       the segments, named by the sequence of their first record

It knows nothing of records, and not when a cursor moves.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from hiq.errors import JournalError, JournalLocked
from hiq.journal.stream import Position

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.journal.files import Files

__all__ = ["CURSORS", "FORMAT", "CursorFile", "Folder", "read_cursor"]

logger = logging.getLogger("hiq.journal")

FORMAT = 1
"""Version of the folder's layout; that of the records is in `segment`."""
CURSORS = "cursors"


class CursorFile(msgspec.Struct, frozen=True):
    """Content of a cursor's file.

    Attributes:
        sink: whose it is.
        positions: per stream.
        format: of the folder.
        before: per stream when the record before the position was journaled,
            nanoseconds since 1970; tells from when on something is lost, if the
            next record is.
    """

    sink: str
    positions: dict[str, Position]
    format: int = FORMAT
    before: dict[str, int] = msgspec.field(default_factory=dict)


def read_cursor(file: Path) -> CursorFile:
    """Return the content of a cursor's file; ValueError or OSError if it has none.

    Text that is no UTF-8 is a ValueError, but no DecodeError.
    """
    return msgspec.json.decode(file.read_bytes(), type=CursorFile)


class Folder:
    """One folder, owned by this process from `acquire` to `release`."""

    def __init__(self, path: Path, files: Files) -> None:
        self.path = path
        self._files = files
        self._fd: int | None = None
        self._places: dict[str, dict[str, Position]] = {}
        self._before: dict[str, dict[str, int]] = {}

    @property
    def owned(self) -> bool:
        """Whether this process holds the lock."""
        return self._fd is not None

    def acquire(self) -> None:
        """Make the folder if need be, lock it, check its format, read the cursors.

        Raises:
            JournalLocked: another process holds the lock.
            JournalError: the folder is of a newer format.
            OSError: the folder cannot be used.
        """
        (self.path / CURSORS).mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        fd = os.open(self.path / "lock", flags, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            owner = os.pread(fd, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            if exc.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                raise
            reason = f"another hiq uses it (process {owner})"
            raise JournalLocked(str(self.path), reason) from exc
        self._fd = fd
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._check_format()
        for folder in (self.path, *self.path.absolute().parents[:2]):
            # Above the data folder there may be one that we may not even list.
            with contextlib.suppress(PermissionError):
                self._files.sync_folder(folder)
        self._read_cursors()

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def streams(self) -> list[str]:
        """Return the names of the streams that have a folder."""
        return sorted(
            entry.name
            for entry in self.path.iterdir()
            if entry.is_dir() and entry.name != CURSORS
        )

    def place(self, sink: str, stream: str) -> Position | None:
        """Return the saved place of a sink in a stream."""
        return self._places.get(sink, {}).get(stream)

    def before_ns(self, sink: str, stream: str) -> int | None:
        """Return when the record before the saved place was journaled."""
        return self._before.get(sink, {}).get(stream)

    def furthest(self, stream: str, end: Position) -> Position:
        """Return the given end, or what a cursor has seen behind it.

        A record that was delivered and then lost must not give its number to
        another one, which the cursor would take for delivered.
        """
        for places in self._places.values():
            place = places.get(stream, end)
            end = Position(
                max(end.sequence, place.sequence), max(end.offset, place.offset)
            )
        return end

    def save(
        self,
        sink: str,
        stream: str,
        place: Position,
        before_ns: int | None,
        *,
        sync: bool,
    ) -> None:
        """Replace the file of a sink's cursor.

        Raises:
            OSError: the disk failed, or the folder is not ours any more.
        """
        if self._fd is None:
            raise OSError(errno.EBADF, "the journal is closed")
        places = {**self._places.get(sink, {}), stream: place}
        before = {**self._before.get(sink, {})}
        if before_ns is not None:
            before[stream] = before_ns
        content = msgspec.json.encode(CursorFile(sink, places, before=before))
        path = self.path / CURSORS / f"{quote(sink, safe='')}.json"
        self._files.replace(path, content, sync=sync)
        self._places[sink] = places
        self._before[sink] = before

    def _check_format(self) -> None:
        """Refuse a folder of another layout; name the layout of a new one.

        What is no number is damage, not another layout: the records say themselves
        of which version they are.
        """
        path = self.path / "format"
        try:
            text = path.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            text = ""
        if not text.isdecimal():
            if text:
                logger.warning("the journal's format file was damaged; written anew")
            self._files.replace(path, f"{FORMAT}\n".encode(), sync=True)
            return
        if text != str(FORMAT):
            raise JournalError(
                str(self.path),
                f"has format {text!r}, this hiq reads {FORMAT}; run the newer hiq, "
                "or give this one another journal folder",
            )

    def _read_cursors(self) -> None:
        """Read all cursors; one that cannot be read only makes its sink start over."""
        for file in sorted((self.path / CURSORS).glob("*.json")):
            try:
                known = read_cursor(file)
            except (OSError, ValueError) as exc:
                logger.warning(
                    "a cursor cannot be read; its sink starts at the oldest record",
                    extra={"file": file.name, "error": str(exc)},
                )
                continue
            self._places[known.sink] = known.positions
            self._before[known.sink] = known.before
