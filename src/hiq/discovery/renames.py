"""The renames of entities: remembered by what never changes, the registry's id.

The first name of each renamed entity is kept, and the last renames with their time;
both are bounded. It knows no file: `encode` and `decode` are for the one who keeps it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FIRST_LIMIT", "LIMIT", "Rename", "Renames"]

LIMIT: Final = 1000
FIRST_LIMIT: Final = 20_000


class Rename(Struct, frozen=True):
    """One rename; `rid` is the registry's id, "" if it was not known."""

    at_s: float
    old: str
    new: str
    rid: str = ""


class _Saved(Struct, frozen=True):
    renames: list[Rename]
    first: dict[str, str]
    forgotten: int = 0
    format: int = 1


class Renames:
    """All renames that are remembered.

    - `forgotten`: first names that gave way to newer ones.
    """

    def __init__(self) -> None:
        self._last: deque[Rename] = deque(maxlen=LIMIT)
        self._first: dict[str, str] = {}
        self.forgotten = 0

    @property
    def last(self) -> tuple[Rename, ...]:
        """The last renames, oldest first."""
        return tuple(self._last)

    @property
    def first_ids(self) -> Mapping[str, str]:
        """Registry id -> first entity id; a copy."""
        return dict(self._first)

    def add(self, rename: Rename) -> None:
        """Remember a rename."""
        self._last.append(rename)
        if rename.rid:
            self._first.setdefault(rename.rid, rename.old)
        while len(self._first) > FIRST_LIMIT:
            del self._first[next(iter(self._first))]
            self.forgotten += 1

    def encode(self) -> bytes:
        """Return all of it as JSON."""
        return msgspec.json.encode(
            _Saved(list(self._last), self._first, self.forgotten)
        )

    @classmethod
    def decode(cls, data: bytes) -> Renames:
        """Return what `encode` was called on; raises ValueError."""
        saved = msgspec.json.decode(data, type=_Saved)
        found = cls()
        found._last.extend(saved.renames)
        found._first = saved.first
        found.forgotten = saved.forgotten
        return found
