"""Lines that a database has refused for good, kept with its words.

One file of NDJSON per sink, `{"time", "sink", "reason", "line"}`, that a person or a
tool can read and send again. It is bounded: a full file becomes `<name>.1`, whose
former content is gone, which is counted. It knows no database and no journal.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DeadLetter", "DeadLetters"]

MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused line.

    Attributes:
        line: the line protocol as it was sent, without the newline.
        reason: the database's own words.
        time: when it was refused, Unix seconds.
        sink: name of the sink.
    """

    line: bytes
    reason: str
    time: float
    sink: str

    def json(self) -> bytes:
        """Return the letter as one line of JSON."""
        content = {
            "time": self.time,
            "sink": self.sink,
            "reason": self.reason,
            "line": self.line.decode(errors="backslashreplace"),
        }
        return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


class DeadLetters:
    """The file of one sink.

    - After calling `append`: the letters are on the disk, or OSError was raised and
      the file is as before.
    - `rotations` counts how often a full file was put aside, `removed` how many
      bytes of older letters that cost.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self.rotations = 0
        self.removed = 0

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
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._rotate(len(data))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self.path, flags, 0o600)
        try:
            size = os.fstat(fd).st_size
            try:
                with memoryview(data) as view:
                    done = 0
                    while done < len(data):
                        done += os.write(fd, view[done:])
                os.fsync(fd)
            except OSError:
                os.ftruncate(fd, size)
                raise
        finally:
            os.close(fd)
        if not size:
            self._sync_folder()

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
        self.path.replace(self.aside)
        self.rotations += 1

    def _sync_folder(self) -> None:
        """Make the file's name last."""
        fd = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
