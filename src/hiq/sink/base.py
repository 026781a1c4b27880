"""The port of every sink: a batch goes in, one of six outcomes comes back.

A sink sends what it is given and says truthfully what the database answered. It
does not retry, wait, split, count or know the journal: `deliver` does. A new engine
is one file that implements `Sink`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Batch",
    "Check",
    "Done",
    "Hold",
    "Outcome",
    "Refused",
    "Retry",
    "Sink",
    "TooBig",
]


PART_BYTES = 8 * 1024
"""Of a body that is unpacked little by little: about 100 KB of lines."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Line protocol as it lies in the journal.

    Attributes:
        body: gzip, one or more members, of lines that each end in a newline;
            time stamps are nanoseconds.
        points: how many lines.
        first_ns: earliest time stamp, nanoseconds since 1970.
        last_ns: latest time stamp.
    """

    body: bytes
    points: int
    first_ns: int = 0
    last_ns: int = 0

    def lines(self) -> bytes:
        """Return the lines, unpacked from all members; zlib.error if one is cut."""
        return b"".join(self.parts(len(self.body)))

    def parts(self, size: int = PART_BYTES) -> Iterator[bytes]:
        """Yield the lines, cut anywhere, of `size` compressed bytes after the other.

        So they need not be in memory all at once. zlib.error if a member is cut.
        """
        at = 0
        with memoryview(self.body) as view:
            while at < len(view):
                member = zlib.decompressobj(wbits=31)
                while at < len(view) and not member.eof:
                    part = view[at : at + size]
                    yield member.decompress(part)
                    at += len(part)
                if not member.eof:
                    raise zlib.error("the last gzip member is cut short")
                at -= len(member.unused_data)


@dataclass(frozen=True, slots=True)
class Done:
    """The database has confirmed the whole batch."""


@dataclass(frozen=True, slots=True)
class Retry:
    """It can heal by itself: send the identical bytes again, for ever.

    `after_s` is what the server asked for (Retry-After). `sent` says that the
    request may have been stored although no good answer came.
    """

    reason: str
    after_s: float | None = None
    sent: bool = True


@dataclass(frozen=True, slots=True)
class Hold:
    """The user has to repair something (401, 403, 404): keep all, alarm, probe."""

    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class TooBig:
    """The batch is too big (413): send it in halves."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Some line is bad (400, 422): find it by halving; `reason`: the server's words."""

    reason: str


Outcome: TypeAlias = Done | Retry | Hold | TooBig | Refused


@dataclass(frozen=True, slots=True)
class Check:
    """What `hiq check` found: one row of its table."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


class Sink(Protocol):
    """One database.

    After calling `start`: connections may be open, but the database need not be up.
    After calling `write`: the outcome is known; `write` never raises but for bugs and
    cancellation, and always ends by its own deadline. After calling `close`: nothing
    is open; calling it twice does nothing.
    """

    @property
    def name(self) -> str:
        """Name given in the settings."""

    @property
    def joins_members(self) -> bool:
        """Whether one body may hold several gzip members (RFC 1952, section 2.2)."""

    async def start(self) -> None:
        """Prepare; does not need the database."""

    async def write(self, batch: Batch) -> Outcome:
        """Send one batch and wait for the answer."""

    async def check(self) -> list[Check]:
        """Write one test point, read it back, say what is wrong and what to do."""

    async def close(self) -> None:
        """Release everything."""
