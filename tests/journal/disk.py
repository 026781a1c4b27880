"""A file layer on real files that fails where a test wants it to.

ENOSPC on a real full disk needs root for a small file system, so the failures come
from here: at the n-th call of an operation, or from then on.
"""

from __future__ import annotations

import errno
import os

from hiq.journal.files import Files


class Disk(Files):
    """Real files; `fail(operation, ...)` makes calls raise OSError."""

    def __init__(self):
        self.free = 1 << 40
        self.calls = []
        self.unreadable = []
        self._faults = {}

    def fail(self, operation, code=errno.EIO, *, partial=0, times=1 << 30):
        """Let the operation fail so many times; `write` first writes some bytes."""
        self._faults[operation] = [code, partial, times]

    def heal(self):
        """Let everything work again."""
        self._faults.clear()
        self.unreadable.clear()

    def spoil(self, path, first, last, code=errno.EIO):
        """Let reading of the bytes of a file from `first` to below `last` fail."""
        self.unreadable.append((path, first, last, code))

    def _check(self, operation):
        self.calls.append(operation)
        fault = self._faults.get(operation)
        if fault is None or fault[2] <= 0:
            return None
        fault[2] -= 1
        return fault

    def _maybe(self, operation):
        fault = self._check(operation)
        if fault:
            raise OSError(fault[0], os.strerror(fault[0]))

    def create(self, path):
        self._maybe("create")
        return super().create(path)

    def open_end(self, path):
        self._maybe("open_end")
        return super().open_end(path)

    def open_read(self, path):
        self._maybe("open_read")
        return super().open_read(path)

    def write(self, fd, data):
        fault = self._check("write")
        if fault:
            super().write(fd, data[: fault[1]])
            raise OSError(fault[0], os.strerror(fault[0]))
        super().write(fd, data)

    def read(self, fd, at, size):
        name = os.readlink(f"/proc/self/fd/{fd}")
        for path, first, last, code in self.unreadable:
            if name == str(path.resolve()) and at < last and at + size > first:
                raise OSError(code, os.strerror(code))
        return super().read(fd, at, size)

    def sync(self, fd):
        self._maybe("sync")
        super().sync(fd)

    def sync_folder(self, path):
        self._maybe("sync_folder")
        super().sync_folder(path)

    def truncate(self, fd, size):
        self._maybe("truncate")
        super().truncate(fd, size)

    def replace(self, path, data, *, sync):
        self._maybe("replace")
        super().replace(path, data, sync=sync)

    def remove(self, path):
        self._maybe("remove")
        super().remove(path)

    def free_bytes(self, path):
        return self.free
