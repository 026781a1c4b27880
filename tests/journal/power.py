"""A file layer that remembers what a power cut would leave.

Harsher than any real file system: after a cut each change of a folder since its last
sync is there or not, whatever became of the others; of what was written to a file
since its last sync, any first part is there, the rest of it missing or zeros. Files
are real, so everything that only reads needs no model.
"""

from __future__ import annotations

import os
import shutil
from itertools import count

from hiq.journal.files import Files


class PowerCutError(Exception):
    """The power went at this moment."""


class PowerFiles(Files):
    """Real files below a root; `cut` leaves of them what the disk has kept.

    - `die_after(n)`: the n-th change from now raises PowerCutError, as all after it.
    """

    def __init__(self, root):
        self.root = root
        self._fresh = count()
        self._ids = {}  # inode -> our number: systems use an inode again
        self._kept = {}  # number -> content that is on the disk
        self._last = {}  # number -> content when its name went
        self._names = {}  # folder -> name -> number, on the disk
        self._pending = {}  # folder -> changes since its last sync
        self._folders = set()
        self._left = None

    def die_after(self, changes):
        """Let the power go in the midst of what comes."""
        self._left = changes

    def _step(self):
        if self._left is not None:
            if self._left <= 0:
                raise PowerCutError
            self._left -= 1

    def _number(self, path):
        return self._ids[path.stat().st_ino]

    def _change(self, folder, *change):
        self._pending.setdefault(folder, []).append(change)

    def create(self, path):
        self._step()
        there = path.exists()
        fd = super().create(path)
        if not there:
            number = next(self._fresh)
            self._ids[os.fstat(fd).st_ino] = number
            self._kept[number] = b""
            self._change(path.parent, "add", path.name, number)
        return fd

    def write(self, fd, data):
        try:
            self._step()
        except PowerCutError:
            super().write(fd, data[: len(data) // 2])
            raise
        super().write(fd, data)

    def sync(self, fd):
        self._step()
        super().sync(fd)
        found = os.fstat(fd)
        with open(f"/proc/self/fd/{fd}", "rb") as file:
            self._kept[self._ids[found.st_ino]] = file.read()

    def sync_folder(self, path):
        self._step()
        super().sync_folder(path)
        names = self._names.setdefault(path, {})
        for change in self._pending.pop(path, ()):
            self._apply(names, change)
        self._folders |= {entry for entry in path.iterdir() if entry.is_dir()}

    def truncate(self, fd, size):
        self._step()
        super().truncate(fd, size)

    def rename(self, path, other):
        self._step()
        if other.exists():
            self._last[self._number(other)] = other.read_bytes()
        number = self._number(path)
        super().rename(path, other)
        self._change(path.parent, "rename", path.name, other.name, number)

    def replace(self, path, data, *, sync):
        fresh = path.with_name(path.name + ".new")
        fd = self.create(fresh)
        try:
            self.write(fd, data)
            if sync:
                self.sync(fd)
        finally:
            self.close(fd)
        self.rename(fresh, path)
        if sync:
            self.sync_folder(path.parent)

    def remove(self, path):
        self._step()
        if path.exists():
            self._last[self._number(path)] = path.read_bytes()
            self._change(path.parent, "remove", path.name)
        super().remove(path)

    @staticmethod
    def _apply(names, change):
        kind, name, *rest = change
        if kind == "add":
            names[name] = rest[0]
        elif kind == "remove":
            names.pop(name, None)
        elif names.pop(name, rest[1]) == rest[1]:
            names[rest[0]] = rest[1]

    def cut(self, random):
        """Leave what the disk has kept, by the choices of `random`."""
        self._left = None
        folders = [f for f in self._pending | self._names if self._lasts(f, random)]
        contents = {}
        for folder in folders:
            names = dict(self._names.get(folder, {}))
            for change in self._pending.get(folder, ()):
                known = change[0] != "rename" or change[1] in names
                if known and random.random() < 0.5:
                    self._apply(names, change)
            for name, number in names.items():
                contents[folder / name] = self._content(number, random)
        shutil.rmtree(self.root)
        self.root.mkdir()
        self.__init__(self.root)
        for folder in sorted(folders):
            folder.mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)
        for path, data in contents.items():
            path.write_bytes(data)
            number = self._ids[path.stat().st_ino] = next(self._fresh)
            self._kept[number] = data
            self._names.setdefault(path.parent, {})[path.name] = number

    def _lasts(self, folder, random):
        """Whether a folder is there after the cut."""
        if folder in self._folders or folder == self.root:
            return True
        return random.random() < 0.5

    def _content(self, number, random):
        kept = self._kept[number]
        current = self._last.get(number)
        if current is None:
            current = next(
                (
                    path.read_bytes()
                    for path in self.root.rglob("*")
                    if path.is_file() and self._ids.get(path.stat().st_ino) == number
                ),
                kept,
            )
        if current == kept or random.random() < 0.25:
            return kept
        if len(current) < len(kept):
            return kept[: random.randint(len(current), len(kept))]
        size = random.randint(len(kept), len(current))
        if random.random() < 0.5:
            return current[:size]
        return current[:size] + bytes(random.randint(0, len(current) - size))
