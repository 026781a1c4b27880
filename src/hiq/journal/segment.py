"""Bytes of a record, and the way back: a scan that steps over damage.

A segment is nothing but records, one after the other. A record is a header of fixed
layout and a body. The scan never raises and never stops at damage: it searches the
next magic whose record has the right checksum, so damage costs only the records it
touches. It knows no file, no clock, and not what a body holds.

Every version of the format begins with magic, version, source, header length and
body length, and ends its header with the CRC32C of all that precedes it and of the
body: so an older hiq can tell a newer record from damage.
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
VERSION = 1
MAX_BODY = 64 * 1024 * 1024
"""A longer body is refused by `encode` and taken for damage by `scan`."""

_PREFIX = struct.Struct("<4sBBHI")
_REST = struct.Struct("<QQIqqqI")
_CRC = struct.Struct("<I")
HEADER_SIZE = _PREFIX.size + _REST.size


class Source(IntEnum):
    """Where the points of a record came from."""

    LIVE = 0
    SNAPSHOT = 1
    BACKFILL = 2
    REPLAY = 3


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

    `torn` says that they are the beginning of a record which the end of the data
    cuts off: what an interrupted write leaves.
    """

    start: int
    end: int
    torn: bool


Piece: TypeAlias = Found | Damage


def encode(header: Header, body: bytes) -> bytes:
    """Return the record: header, checksum, body. `body_size` is worked out here.

    Raises:
        ValueError: the body is longer than MAX_BODY.
    """
    if len(body) > MAX_BODY:
        raise ValueError(f"a body has at most {MAX_BODY} bytes, got {len(body)}")
    prefix = _PREFIX.pack(MAGIC, VERSION, header.source, HEADER_SIZE, len(body))
    head = (
        prefix
        + _REST.pack(
            header.sequence,
            header.offset,
            header.points,
            header.first_ns,
            header.last_ns,
            header.appended_ns,
            0,
        )[: -_CRC.size]
    )
    return b"".join((head, _CRC.pack(crc32c(body, crc32c(head))), body))


def read_header(data: bytes, at: int = 0) -> Header | None:
    """Return the header at a position, unchecked but for its form; None if none.

    For telling what a damaged record may have held; only `scan` finds good ones.
    """
    if len(data) - at < HEADER_SIZE or not data.startswith(MAGIC, at):
        return None
    _, version, source, size, body_size = _PREFIX.unpack_from(data, at)
    if version != VERSION or size != HEADER_SIZE or body_size > MAX_BODY:
        return None
    sequence, offset, points, first, last, appended, _ = _REST.unpack_from(
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
    while at < len(data):
        found = _record(data, at)
        if found is None:
            if bad < 0:
                bad = at
            following = data.find(MAGIC, at + 1)
            at = len(data) if following < 0 else following
            continue
        if bad >= 0:
            yield Damage(bad, at, torn=False)
            bad = -1
        yield found
        at = found.end
    if bad >= 0:
        yield Damage(bad, len(data), torn=_is_cut(data, bad))


def _record(data: bytes, at: int) -> Found | None:
    """Return the record at a position if it is whole and its checksum is right."""
    if len(data) - at < HEADER_SIZE or not data.startswith(MAGIC, at):
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


def _is_cut(data: bytes, at: int) -> bool:
    """Whether the bytes from here are a record's beginning that the end cuts off."""
    rest = data[at : at + HEADER_SIZE]
    if len(rest) < HEADER_SIZE:
        return rest.startswith(MAGIC) or MAGIC.startswith(rest[: len(MAGIC)])
    header = read_header(rest)
    return header is not None and at + HEADER_SIZE + header.body_size > len(data)
