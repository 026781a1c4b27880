"""Lines that a database has refused for good, kept with its words.

One file of NDJSON per sink, `{"time", "sink", "reason", "line"}`, that a person or a
tool can read and send again. It is bounded: a full file becomes `<name>.1`, whose
former content is gone, which is counted. It knows no database and no journal.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import orjson

from hiq.journal.files import Files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["DeadLetter", "DeadLetters"]

MAX_BYTES = 64 * 1024 * 1024
CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused line.

    Attributes:
        line: the line protocol as it was sent, without the newline.
        reason: the database's own words.
        time: when it was refused, Unix seconds.
        sink: name of the sink.
        advice: what can be done about it, if anything is known.
    """

    line: bytes
    reason: str
    time: float
    sink: str
    advice: str = ""

    def json(self) -> bytes:
        """Return the letter as one line of JSON."""
        content = {
            "time": self.time,
            "sink": self.sink,
            "reason": self.reason,
            **({"advice": self.advice} if self.advice else {}),
            "line": self.line.decode(errors="backslashreplace"),
        }
        return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


class _Written(msgspec.Struct):
    """A letter as it lies in the file."""

    line: str
    reason: str = ""
    time: float = 0.0
    sink: str = ""
    advice: str = ""


class DeadLetters:
    """The file of one sink.

    - After calling `append`: the letters are on the disk, or OSError was raised and
      the file is as before.
    - `rotations` counts how often a full file was put aside, `removed` how many
      bytes of older letters that cost, `damaged` the lines that `read` could not.
    """

    def __init__(
        self, path: Path, max_bytes: int = MAX_BYTES, files: Files | None = None
    ) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self.rotations = 0
        self.removed = 0
        self.damaged = 0
        self._files = files or Files()
        self._name_lasts = False

    @property
    def aside(self) -> Path:
        """Where a full file is put."""
        return self.path.with_name(self.path.name + ".1")

    def append(self, letters: list[DeadLetter]) -> None:
        """Write the letters and wait until they are on the disk. Blocks.

        Raises:
            OSError: the disk failed.
        """
        data = b"".join(letter.json() for letter in letters)
        files = self._files
        self._make_folder()
        self._rotate(len(data))
        there = self.path.exists()
        fd = files.open_end(self.path) if there else files.create(self.path)
        try:
            size = os.fstat(fd).st_size
            try:
                # A power cut may have left half a line: it must not join with ours.
                files.write(fd, data if self._ends_well(size) else b"\n" + data)
                files.sync(fd)
                if not (there and self._name_lasts):
                    files.sync_folder(self.path.parent)
            except OSError:
                files.truncate(fd, size)
                raise
        finally:
            files.close(fd)
        self._name_lasts = True

    def read(self) -> Iterator[DeadLetter]:
        """Yield the letters, oldest first; what is damaged is counted. Blocks."""
        self.damaged = 0
        for path in (self.aside, self.path):
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue
            with file:
                for text in file:
                    if not text.strip():
                        continue
                    try:
                        found = msgspec.json.decode(text, type=_Written)
                    except ValueError:  # also what is no UTF-8
                        self.damaged += 1
                        continue
                    yield _letter(found)

    def newest(self, most: int) -> list[DeadLetter]:
        """Return the newest letters of the file, oldest first. Blocks."""
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - CHUNK))
                lines = file.read(CHUNK).splitlines()
        except FileNotFoundError:
            return []
        if size > CHUNK:
            del lines[0]  # its beginning is not here
        found = []
        for text in lines[-most:]:
            try:
                letter = msgspec.json.decode(text, type=_Written)
            except ValueError:  # also what is no UTF-8
                continue
            found.append(_letter(letter))
        return found

    def replace(self, letters: Iterable[DeadLetter]) -> None:
        """Keep only these letters, however many; both files become one. Blocks.

        After a crash on the way all former letters are there, or only these.

        Raises:
            OSError: the disk failed; the letters are as before.
        """
        files = self._files
        fresh = self.path.with_name(self.path.name + ".new")
        fd = files.create(fresh)
        try:
            for letter in letters:
                files.write(fd, letter.json())
            files.sync(fd)
        finally:
            files.close(fd)
        files.rename(fresh, self.path)
        files.sync_folder(self.path.parent)
        files.remove(self.aside)

    def _make_folder(self) -> None:
        folder = self.path.parent
        if folder.exists():
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.parent.exists():
            self._files.sync_folder(folder.parent)

    def _ends_well(self, size: int) -> bool:
        """Whether the file ends with a whole line."""
        if not size:
            return True
        fd = self._files.open_read(self.path)
        try:
            return self._files.read(fd, size - 1, 1) == b"\n"
        finally:
            self._files.close(fd)

    def _rotate(self, coming: int) -> None:
        """Put the file aside if the letters to come would make it too big."""
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if not size or size + coming <= self.max_bytes:
            return
        if self.aside.exists():
            self.removed += self.aside.stat().st_size
        self._files.rename(self.path, self.aside)
        # Before there is a new file of this name: a power cut may leave that one alone.
        self._files.sync_folder(self.path.parent)
        self.rotations += 1


def _letter(found: _Written) -> DeadLetter:
    line = found.line.encode()
    return DeadLetter(line, found.reason, found.time, found.sink, found.advice)
