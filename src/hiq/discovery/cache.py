"""The home on disk, so that the first event after a restart has its tags already.

`registry.msgpack` and `renames.json` in the data folder are always whole, old or new,
and for their owner only. The age of the registry is that of its file. Everything here
blocks and is called in a thread. What is in the files is not known here to be true.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from msgspec import Raw, Struct

from hiq.discovery.renames import Renames
from hiq.ha.home import Home
from hiq.ha.registries import (
    Area,
    ConfigEntry,
    Device,
    Entity,
    Floor,
    Label,
    Registry,
)
from hiq.journal.files import Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["NAME", "RENAMES", "Cache", "Cached"]

logger = logging.getLogger("hiq.discovery")

NAME: Final = "registry.msgpack"
RENAMES: Final = "renames.json"
FORMAT: Final = 1


class Cached(NamedTuple):
    """A home as it was read last, and when (Unix seconds)."""

    home: Home
    read_at_s: float


class _Saved(Struct, frozen=True):
    format: int
    url: str
    floors: list[Floor]
    labels: list[Label]
    areas: list[Area]
    config_entries: list[ConfigEntry]
    devices: list[Device]
    entities: list[Entity]


class _Saving(Struct, frozen=True):
    """The same with rows that are encoded already."""

    format: int
    url: str
    floors: list[Raw]
    labels: list[Raw]
    areas: list[Raw]
    config_entries: list[Raw]
    devices: list[Raw]
    entities: list[Raw]


class Cache:
    """The two files of one data folder."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self._folder = folder
        self._files = files or Files()

    @property
    def path(self) -> Path:
        """The file of the registries."""
        return self._folder / NAME

    def load(self, url: str | None = None) -> Cached | None:
        """Return the home, None if there is none; with `url` only of that address."""
        try:
            data = self.path.read_bytes()
            read_at_s = self.path.stat().st_mtime
            saved = msgspec.msgpack.decode(data, type=_Saved)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as exc:
            self._ignored(str(exc))
            return None
        if saved.format != FORMAT or url not in {None, saved.url}:
            self._ignored("it is of another home, or of another version of hiq")
            return None
        home = (
            Home()
            .with_rows(Registry.FLOORS, saved.floors)
            .with_rows(Registry.LABELS, saved.labels)
            .with_rows(Registry.AREAS, saved.areas)
            .with_rows(Registry.CONFIG_ENTRIES, saved.config_entries)
            .with_rows(Registry.DEVICES, saved.devices)
            .with_rows(Registry.ENTITIES, saved.entities)
        )
        return Cached(home, read_at_s)

    def save(self, home: Home, url: str, read_at_s: float) -> None:
        """Write the home; raises OSError.

        Row by row, so that other threads have their turn in between.
        """
        encode = msgspec.msgpack.Encoder().encode
        rows = {
            registry: [Raw(encode(row)) for row in home.rows(registry).values()]
            for registry in Registry
        }
        saving = _Saving(
            FORMAT,
            url,
            rows[Registry.FLOORS],
            rows[Registry.LABELS],
            rows[Registry.AREAS],
            rows[Registry.CONFIG_ENTRIES],
            rows[Registry.DEVICES],
            rows[Registry.ENTITIES],
        )
        self._write(self.path, encode(saving))
        self.touch(read_at_s)

    def touch(self, read_at_s: float) -> None:
        """Note that the home was read again and is the same; raises OSError."""
        os.utime(self.path, (read_at_s, read_at_s))

    def load_renames(self) -> Renames:
        """Return the renames; none if there is no file, or no good one."""
        path = self._folder / RENAMES
        try:
            return Renames.decode(path.read_bytes())
        except FileNotFoundError:
            return Renames()
        except (OSError, ValueError) as exc:
            logger.warning(
                "the renames of entities cannot be read; they begin anew",
                extra={"file": str(path), "reason": str(exc)},
            )
            return Renames()

    def save_renames(self, data: bytes) -> None:
        """Write what `Renames.encode` returned; raises OSError."""
        self._write(self._folder / RENAMES, data)

    def attempt(self, work: Callable[[], object]) -> str:
        """Do some of the work above; return why it did not succeed, "" if it did."""
        try:
            work()
        except OSError as exc:
            return f"{exc.filename or self._folder}: {exc.strerror or exc}"
        return ""

    def _write(self, path: Path, data: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._files.replace(path, data, sync=True)

    def _ignored(self, reason: str) -> None:
        logger.warning(
            "the cached registry is not used; it is read from Home Assistant",
            extra={"file": str(self.path), "reason": reason},
        )
