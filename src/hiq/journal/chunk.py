"""Records in a row, joined into one chunk: what a reader is handed at once.

As many are joined as the reader takes, and never over a hole. What is lost before the
first of them is passed on as it was found: what that means for a place, and who is to
be told, is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hiq.journal.loss import earliest_behind
from hiq.journal.reading import Hole, Place
from hiq.journal.stream import Position

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hiq.journal.segment import Header
    from hiq.journal.tail import Record

__all__ = ["Chunk", "join"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some records in a row, without a hole between them.

    Attributes:
        body: their bodies, one behind the other (gzip members).
        points: points in them.
        first_ns: earliest time stamp of a point.
        last_ns: latest time stamp of a point.
        records: how many records.
        appended_ns: when the oldest of them was journaled.
        start: position of the first record.
        end: position behind the last one; for `Cursor.advance`.
    """

    body: bytes
    points: int
    first_ns: int
    last_ns: int
    records: int
    appended_ns: int
    start: Position
    end: Position


def join(
    found: Iterable[Record | Hole],
    start: Position,
    max_points: int,
    max_bytes: int,
    *,
    members: bool,
    until: Position | None,
) -> tuple[Hole | None, tuple[Chunk, Place] | None]:
    """Make a chunk of the first records, as many as may be joined.

    Returns what is lost before them, None if nothing is; and the chunk with where its
    end lies, None if there is no record.

    Args:
        found: the records from `start` on; they are asked for one by one, and no
            more of them than are needed.
        start: position that was asked for.
        max_points: stop before more points than that.
        max_bytes: stop before more bytes of bodies than that. The first record is
            taken however big it is.
        members: whether several records may be joined.
        until: stop at this position, which lies between two records.

    Raises:
        JournalError, OSError: as going through `found` does.
    """
    bodies: list[bytes] = []
    heads: list[Header] = []
    size = points = 0
    begin, following = start, start.offset
    hole = last = None
    for piece in found:
        if isinstance(piece, Hole):
            hole = piece
            begin, following = piece.to, piece.to.offset
            continue
        header, body = piece.header, piece.body
        if until is not None and header.sequence >= until.sequence:
            break
        if heads and (
            header.offset != following
            or points + header.points > max_points
            or size + len(body) > max_bytes
        ):
            break
        bodies.append(body)
        heads.append(header)
        size += len(body)
        points += header.points
        following = header.offset + header.points
        last = piece
        if not members:
            break
    if last is None:
        return hole, None
    chunk = Chunk(
        body=b"".join(bodies),
        points=points,
        first_ns=min(head.first_ns for head in heads),
        last_ns=max(head.last_ns for head in heads),
        records=len(heads),
        appended_ns=heads[0].appended_ns,
        start=begin,
        end=Position(last.header.sequence + 1, following),
    )
    return hole, (chunk, Place(last.segment, last.end, earliest_behind(last.header)))
