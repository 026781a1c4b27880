"""The few things that the journal does to files, each with its promise of safety.

One small class, so that every place where a disk can fail is known, and a test can
let it fail there. It knows nothing of records, segments or cursors.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Files"]

MODE = 0o600
SECTOR = 4096
"""What cannot be read is given up in pieces of so many bytes."""


class Files:
    """File operations on the operating system; all block, all raise OSError."""

    def create(self, path: Path) -> int:
        """Open an empty file for writing at its end; an old content is gone."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        return os.open(path, flags, MODE)

    def open_end(self, path: Path) -> int:
        """Open an existing file for writing at its end."""
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def open_read(self, path: Path) -> int:
        """Open an existing file for reading."""
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def write(self, fd: int, data: bytes) -> None:
        """Write all bytes at the end of the file; after an error some may be there."""
        with memoryview(data) as view:
            done = 0
            while done < len(data):
                done += os.write(fd, view[done:])

    def read(self, fd: int, at: int, size: int) -> bytes:
        """Return `size` bytes from a position, fewer only at the end of the file."""
        parts = []
        while size > 0:
            part = os.pread(fd, size, at)
            if not part:
                break
            parts.append(part)
            at += len(part)
            size -= len(part)
        return b"".join(parts)

    def read_around(self, fd: int, at: int, size: int) -> tuple[bytes, int]:
        """Return `size` bytes from a position, with zeros where the disk fails (EIO).

        Also returns how many bytes were given up. Halves what fails, down to sectors,
        so that a large piece costs few attempts where the disk is sound.
        """
        try:
            return self.read(fd, at, size), 0
        except OSError as exc:
            if exc.errno != errno.EIO:
                raise
        if size <= SECTOR:
            return bytes(size), size
        middle = (at + size // 2) // SECTOR * SECTOR
        if not at < middle < at + size:
            middle = at + size // 2
        first, lost = self.read_around(fd, at, middle - at)
        second, more = self.read_around(fd, middle, at + size - middle)
        return first + second, lost + more

    def sync(self, fd: int) -> None:
        """Return when the content and length of the file are on the disk."""
        os.fdatasync(fd)

    def sync_folder(self, path: Path) -> None:
        """Return when the names in the folder are on the disk."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def is_named(self, fd: int) -> bool:
        """Whether the open file still has a name: nobody has removed it."""
        return os.fstat(fd).st_nlink > 0

    def truncate(self, fd: int, size: int) -> None:
        """Cut the file to its first `size` bytes."""
        os.ftruncate(fd, size)

    def close(self, fd: int) -> None:
        """Close the file."""
        os.close(fd)

    def replace(self, path: Path, data: bytes, *, sync: bool) -> None:
        """Give a small file a new content: readers see the old or the new, whole.

        Without `sync` a power cut may bring the old content back.
        """
        fresh = path.with_name(path.name + ".new")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
        try:
            self.write(fd, data)
            if sync:
                self.sync(fd)
        finally:
            os.close(fd)
        self.rename(fresh, path)
        if sync:
            self.sync_folder(path.parent)

    def rename(self, path: Path, other: Path) -> None:
        """Give the file another name; what had that name is gone."""
        path.replace(other)

    def remove(self, path: Path) -> None:
        """Remove the file if it is there."""
        path.unlink(missing_ok=True)

    def free_bytes(self, path: Path) -> int:
        """Return the bytes that the file system still gives to us."""
        found = os.statvfs(path)
        return found.f_bavail * found.f_frsize
