"""The file of what was said of the registries, so that each change is said once.

Each line is one change: measurement, id, the two parts of its point, its time. A line
is here before its point is in the journal; a mark says up to where they are. After a
crash what is behind the last mark is said again, with the same time: the same point.
The file is written anew when most of it is old. Everything here blocks.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from hiq.discovery.points import REMOVED, Said
from hiq.journal.files import Files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["NAME", "Change", "PointLog"]

logger = logging.getLogger("hiq.discovery")

NAME: Final = "registry_history.ndjson"
MARK: Final = b"null\n"
SLACK: Final = 1000
"""Old lines that are always let be."""


class Change(NamedTuple):
    """One row that says something new, or is gone (`fields` is REMOVED)."""

    measurement: str
    key: str
    series: str
    fields: str
    time_ns: int

    @property
    def said(self) -> Said:
        """What is said, without when."""
        return Said(self.series, self.fields)


_LINE = msgspec.json.Decoder(Change | None)


class PointLog:
    """One file.

    - `told`: what was said last, by measurement and id; without what is gone.
    - `owed`: what is not, or may not be, in the journal.
    """

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self.path = folder / NAME
        self.told: dict[tuple[str, str], Said] = {}
        self.owed: list[Change] = []
        self._files = files or Files()
        self._lines = 0
        self._damaged = False

    def load(self) -> None:
        """Read the file; one that cannot be read is begun anew, and that is told."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as exc:
            self._complain(str(exc))
            return
        bad = 0
        for line in data.splitlines():
            try:
                found = _LINE.decode(line)
            except ValueError:  # a torn end, or no UTF-8
                bad += 1
                continue
            self._lines += 1
            if found is None:
                self.owed.clear()
            else:
                self._take(found)
        self._damaged = bad > 0
        if bad:
            self._complain(f"{bad} lines are damaged")

    def append(self, changes: Sequence[Change]) -> None:
        """Write changes; on the disk when this returns. Raises OSError."""
        data = b"".join(msgspec.json.encode(change) + b"\n" for change in changes)
        self._add(data, sync=True)
        self._lines += len(changes)
        for change in changes:
            self._take(change)

    def mark(self) -> None:
        """Note that all is in the journal. Raises OSError."""
        self.owed.clear()
        if self._damaged or self._lines > 2 * len(self.told) + SLACK:
            self._rewrite()
        else:
            self._add(MARK, sync=False)
            self._lines += 1

    def _take(self, change: Change) -> None:
        self.owed.append(change)
        key = change.measurement, change.key
        if change.fields == REMOVED:
            self.told.pop(key, None)
        else:
            self.told[key] = change.said

    def _add(self, data: bytes, *, sync: bool) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self.path, flags, 0o600)
        try:
            size = os.fstat(fd).st_size
            if size and os.pread(fd, 1, size - 1) != b"\n":
                data = b"\n" + data  # the end was torn
            self._files.write(fd, data)
            if sync:
                os.fdatasync(fd)
        finally:
            os.close(fd)

    def _rewrite(self) -> None:
        """Write only what was said last; its time does not matter any more."""
        lines = [
            msgspec.json.encode(Change(*key, *said, 0))
            for key, said in self.told.items()
        ]
        data = b"\n".join([*lines, MARK])
        self._files.replace(self.path, data, sync=True)
        self._lines, self._damaged = len(lines) + 1, False

    def _complain(self, reason: str) -> None:
        logger.warning(
            "the history of the registries is partly unreadable; what is missing is "
            "said again",
            extra={"file": str(self.path), "reason": reason},
        )
