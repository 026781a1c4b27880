"""Events of all runs by type, in a small file that survives a restart.

    <journal>/totals    two places of 2 KiB; the one with the higher number counts

Each save goes over the older of the two places, without waiting for the disk: what was
saved survives the process, however it ends, and a power cut leaves the other place. A
save adds no sync and no new block. It must not know what counts events, nor when it is
time to save.
"""

from __future__ import annotations

import logging
import os
import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from hiq.journal.files import Files
from hiq.stats import MOST_KINDS, OTHER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["NAME", "Saved", "Totals"]

logger = logging.getLogger("hiq.totals")

NAME: Final = "totals"
PLACE_BYTES: Final = 2048
SUM_BYTES: Final = 8
MODE: Final = 0o600


class Saved(msgspec.Struct, frozen=True):
    """What one place holds.

    Attributes:
        number: of the save, higher than that of all earlier ones.
        since: when counting began, Unix seconds.
        events: of all runs, by type.
    """

    number: int
    since: float
    events: dict[str, int]


class Totals:
    """Events of earlier runs, and of this one on top.

    - After it is made: what earlier runs saved is known. Blocks.
    - After `save`: what this run has counted is in the file, or the log says why not.
      Blocks, and nothing is raised: no event may be lost for the sake of a count.
    - `events` can be asked from any thread.
    """

    def __init__(
        self, path: Path, events: Callable[[], Mapping[str, int]], now: float
    ) -> None:
        self._path = path
        self._events = events
        self._number = 0
        self._place = 0
        self._before: Mapping[str, int] = {}
        self._failing = False
        self._saved: Mapping[str, int] = {}
        self.since = now
        self._load()

    def events(self) -> dict[str, int]:
        """Return the events of all runs by type, this one included."""
        found = dict(self._before)
        for kind, count in self._events().items():
            if kind not in found and len(found) >= MOST_KINDS:
                kind = OTHER  # noqa: PLW2901  types differ from run to run
            found[kind] = found.get(kind, 0) + count
        return found

    def save(self, *, sync: bool = False) -> None:
        """Write what has changed; with `sync` it is on the disk afterwards."""
        events = self.events()
        if events == self._saved and not sync:
            return
        content = msgspec.json.encode(Saved(self._number + 1, self.since, events))
        try:
            self._write(_packed(content), sync=sync)
        except OSError as exc:
            if not self._failing:
                text = "the totals cannot be saved"
                logger.warning(
                    text, extra={"file": str(self._path), "reason": str(exc)}
                )
            self._failing = True
            return
        self._failing = False
        self._number += 1
        self._place ^= 1
        self._saved = events

    # inside

    def _load(self) -> None:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as exc:
            logger.warning(
                "the totals cannot be read; they begin anew",
                extra={"file": str(self._path), "reason": str(exc)},
            )
            return
        places = (data[:PLACE_BYTES], data[PLACE_BYTES : 2 * PLACE_BYTES])
        found = [
            (saved, at) for at, text in enumerate(places) if (saved := _read(text))
        ]
        if not found:
            logger.warning(
                "the totals are damaged; they begin anew",
                extra={"file": str(self._path)},
            )
            return
        newest, at = max(found, key=lambda it: it[0].number)
        self._number, self._place = newest.number, at ^ 1
        self._before = self._saved = newest.events
        self.since = newest.since

    def _write(self, place: bytes, *, sync: bool) -> None:
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            os.pwrite(fd, place, self._place * PLACE_BYTES)
            if sync:
                os.fdatasync(fd)
        finally:
            os.close(fd)
        if sync:
            Files().sync_folder(self._path.parent)


def _packed(content: bytes) -> bytes:
    """Return a place: a check sum, the content, spaces to its end."""
    found = b"%08x%s" % (zlib.crc32(content), content)
    return found.ljust(PLACE_BYTES - 1) + b"\n"


def _read(place: bytes) -> Saved | None:
    """Return what a place holds; None if it was never, or not wholly, written."""
    content = place[SUM_BYTES:].rstrip()
    if place[:SUM_BYTES] != b"%08x" % zlib.crc32(content):
        return None
    try:
        return msgspec.json.decode(content, type=Saved)
    except msgspec.DecodeError:
        return None
