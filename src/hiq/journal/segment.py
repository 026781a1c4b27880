"""Bytes of a record, and the way back: a scan that steps over damage.

A segment is nothing but records, one after the other. A record is a header of fixed
layout and a body. The scan never raises and never stops at damage: it searches the
next magic whose record has the right checksum, so damage costs only the records it
touches. It knows no file, no clock, and not what a body holds.

Every version of the format begins with magic, version, source, header length and
body length, and ends its header with the CRC32C of all that precedes it and of the
body: so an older hiq can tell a newer record from damage. Version 2 added a checksum
of the header alone: where only a body is damaged, its header still says how many
points of which time are lost. Version 1 is read, and no longer written.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

from hiq._core.crc import crc32c

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "HEADER_SIZE",
    "MAGIC",
    "MAX_BODY",
    "VERSION",
    "Damage",
    "Found",
    "Header",
    "Source",
    "encode",
    "read_header",
    "scan",
]

MAGIC = b"\xb5hiQ"
VERSION = 2
MAX_BODY = 64 * 1024 * 1024
"""A longer body is refused by `encode` and taken for damage by `scan`."""

_PREFIX = struct.Struct("<4sBBHI")
_REST = struct.Struct("<QQIqqq")
_CRC = struct.Struct("<I")
_COMMON = _PREFIX.size + _REST.size
HEADER_SIZE = _COMMON + 2 * _CRC.size
"""Bytes of a header of this version."""
HEADER_SIZES = {1: _COMMON + _CRC.size, 2: HEADER_SIZE}
"""Bytes of a header per version that can be read."""


class Source(IntEnum):
    """Where the points of a record came from."""

    LIVE = 0
    SNAPSHOT = 1
    BACKFILL = 2
    REPLAY = 3
    EXTRA = 4  # no states: they say nothing about how far those are known


@dataclass(frozen=True, slots=True)
class Header:
    """What a record says about itself.

    Attributes:
        sequence: number of the record in its stream, from 0, without holes unless
            something was lost.
        offset: points journaled before it in this stream, ever.
        points: points in the body.
        first_ns: earliest time stamp of a point, nanoseconds since 1970.
        last_ns: latest time stamp of a point.
        appended_ns: when the record was written.
        source: where the points came from.
        body_size: bytes of the body.
        version: version of the format; other fields mean nothing if it is newer.
    """

    sequence: int
    offset: int
    points: int
    first_ns: int
    last_ns: int
    appended_ns: int
    source: int = Source.LIVE
    body_size: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Found:
    """A good record; `start`, `body` and `end` are byte positions in the data."""

    start: int
    body: int
    end: int
    header: Header


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes `start` to `end` hold no good record.

    Attributes:
        start: position of the first byte.
        end: position behind the last one.
        torn: they are the beginning of a record which the end of the data cuts off:
            what an interrupted write leaves.
        lost: what the records among them were whose headers are undamaged; there
            may have been more.
    """

    start: int
    end: int
    torn: bool
    lost: tuple[Header, ...] = ()


Piece: TypeAlias = Found | Damage


def encode(header: Header, body: bytes) -> bytes:
    """Return the record: header, checksum, body. `body_size` is worked out here.

    Raises:
        ValueError: the body is longer than MAX_BODY.
    """
    if len(body) > MAX_BODY:
        raise ValueError(f"a body has at most {MAX_BODY} bytes, got {len(body)}")
    head = _PREFIX.pack(MAGIC, VERSION, header.source, HEADER_SIZE, len(body))
    head += _REST.pack(
        header.sequence,
        header.offset,
        header.points,
        header.first_ns,
        header.last_ns,
        header.appended_ns,
    )
    head += _CRC.pack(crc32c(head))
    return b"".join((head, _CRC.pack(crc32c(body, crc32c(head))), body))


def read_header(data: bytes, at: int = 0) -> Header | None:
    """Return the header at a position, unchecked but for its form; None if none.

    For telling what a damaged record may have held; only `scan` finds good ones.
    """
    if len(data) - at < _PREFIX.size or not data.startswith(MAGIC, at):
        return None
    _, version, source, size, body_size = _PREFIX.unpack_from(data, at)
    if HEADER_SIZES.get(version) != size or len(data) - at < size:
        return None
    if body_size > MAX_BODY:
        return None
    sequence, offset, points, first, last, appended = _REST.unpack_from(
        data, at + _PREFIX.size
    )
    return Header(
        sequence, offset, points, first, last, appended, source, body_size, version
    )


def scan(data: bytes, start: int = 0) -> Iterator[Piece]:
    """Yield the good records and the damage of the data from `start` on, in order.

    The pieces follow each other without a hole and cover everything.
    """
    at = start
    bad = -1
    lost: list[Header] = []
    while at < len(data):
        found = _record(data, at)
        if found is None:
            if bad < 0:
                bad = at
            header = _sure_header(data, at)
            if header is not None:
                lost.append(header)
            following = data.find(MAGIC, at + 1)
            at = len(data) if following < 0 else following
            continue
        if bad >= 0:
            yield Damage(bad, at, torn=False, lost=tuple(lost))
            bad = -1
            lost.clear()
        yield found
        at = found.end
    if bad >= 0:
        yield Damage(bad, len(data), torn=_is_cut(data, bad), lost=tuple(lost))


def _record(data: bytes, at: int) -> Found | None:
    """Return the record at a position if it is whole and its checksum is right."""
    if len(data) - at < _PREFIX.size or not data.startswith(MAGIC, at):
        return None
    _, version, _, size, body_size = _PREFIX.unpack_from(data, at)
    body = at + size
    end = body + body_size
    if size <= _PREFIX.size + _CRC.size or body_size > MAX_BODY or end > len(data):
        return None
    with memoryview(data) as view:
        crc = crc32c(view[at : body - _CRC.size])
        crc = crc32c(view[body:end], crc)
    if crc != _CRC.unpack_from(data, body - _CRC.size)[0]:
        return None
    header = read_header(data, at)
    if header is None:
        if version <= VERSION:
            return None
        header = Header(0, 0, 0, 0, 0, 0, 0, body_size, version)
    return Found(at, body, end, header)


def _sure_header(data: bytes, at: int) -> Header | None:
    """Return the header at a position if its own checksum is right."""
    header = read_header(data, at)
    if header is None or header.version < 2:
        return None
    with memoryview(data) as view:
        crc = crc32c(view[at : at + _COMMON])
    return header if crc == _CRC.unpack_from(data, at + _COMMON)[0] else None


def _is_cut(data: bytes, at: int) -> bool:
    """Whether the bytes from here are a record's beginning that the end cuts off.

    A whole header whose checksum is wrong is none: it was written, and then damaged.
    """
    rest = data[at : at + HEADER_SIZE]
    header = read_header(rest)
    if header is not None and (header.version < 2 or _sure_header(rest, 0)):
        return at + HEADER_SIZES[header.version] + header.body_size > len(data)
    if len(rest) < HEADER_SIZE:
        return rest.startswith(MAGIC) or MAGIC.startswith(rest[: len(MAGIC)])
    return False
