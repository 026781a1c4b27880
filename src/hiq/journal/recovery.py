"""After a crash: what the files of a stream still hold, and where it goes on.

Only the newest segment can have been written to when the power went, so only it is
read in full: a start does not take longer because a database has been down for a
week. Its torn tail is cut: those bytes were never accepted. Damage elsewhere stays
where it is; a cursor that meets it steps over it and counts it (and records that
every sink already has cost nobody anything). Only a loss at the very end that no
header tells of is told here: no cursor could notice it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hiq.errors import JournalError
from hiq.journal.loss import Cause, Loss, Span, earliest_behind, span
from hiq.journal.segment import (
    HEADER_SIZES,
    VERSION,
    Damage,
    Found,
    Header,
    read_header,
    scan,
)
from hiq.journal.stream import SUFFIX, Position, Segment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hiq.journal.files import Files
    from hiq.stats import JournalStats

__all__ = ["Recovered", "check_version", "recover"]

logger = logging.getLogger("hiq.journal")

PLAUSIBLE_POINTS = 10_000_000


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found.

    Attributes:
        segments: the files that hold something, oldest first.
        end: position behind the last record.
        appendable: whether the last segment ends well, so that it may be continued.
    """

    segments: list[Segment]
    end: Position
    appendable: bool


def check_version(path: Path, version: int) -> None:
    """Refuse a record of a newer format.

    Raises:
        JournalError: this hiq is too old for it.
    """
    if version > VERSION:
        raise JournalError(
            str(path),
            f"holds records of format {version}, this hiq reads up to {VERSION}; "
            "run the newer hiq, or give it another journal folder",
        )


def recover(
    folder: Path,
    files: Files,
    stats: JournalStats,
    lose: Callable[[Loss], None] = lambda _: None,
) -> Recovered:
    """Read the end of a stream, and cut its torn tail. Blocks.

    Raises:
        JournalError: a record is of a newer format.
        OSError: the disk failed.
    """
    segments = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if path.stem.isdecimal():
            found = path.stat()
            first = int(path.stem)
            segments.append(Segment(first, path, found.st_size, found.st_mtime))
    end = Position(0, 0)
    appendable = True
    for segment in reversed(segments):
        last, good = _read_end(segment, files, stats, lose)
        end = Position(max(end.sequence, segment.first), end.offset)
        if segment is segments[-1]:
            appendable = good
        if segment.size:
            end = Position(max(end.sequence, segment.first + 1), end.offset)
        if last is not None:
            end = Position(max(end.sequence, last.sequence), last.offset)
            break
    for segment in segments:
        if not segment.size:
            files.remove(segment.path)
    kept = [segment for segment in segments if segment.size]
    return Recovered(kept, end, appendable and kept[-1:] == segments[-1:])


def _read_end(
    segment: Segment,
    files: Files,
    stats: JournalStats,
    lose: Callable[[Loss], None],
) -> tuple[Position | None, bool]:
    """Return the position behind the last record, and whether the file ends well."""
    fd = files.open_read(segment.path)
    try:
        data, unreadable = files.read_around(fd, 0, segment.size)
    finally:
        files.close(fd)
    end: Position | None = None
    last: Header | None = None
    tail: Damage | None = None
    for piece in scan(data):
        if isinstance(piece, Found):
            check_version(segment.path, piece.header.version)
            last = piece.header
            end = Position(last.sequence + 1, last.offset + last.points)
            tail = None
        else:
            tail = piece
    if unreadable:
        segment.unreadable = True
        logger.warning(
            "a part of the newest journal file cannot be read from the disk",
            extra={"file": segment.path.name, "bytes": unreadable},
        )
    if tail is None:
        return end, True
    if tail.torn and not unreadable:
        _cut(segment, tail, files, stats)
        return end, True
    lost = _claimed(data, tail, end)
    if lost:
        end = Position(lost[-1].sequence + 1, lost[-1].offset + lost[-1].points)
    elif unreadable:
        # What is there may be readable another day: leave it its numbers.
        room = (tail.end - tail.start) // min(HEADER_SIZES.values()) + 1
        end = end or Position(segment.first, 0)
        end = Position(end.sequence + room, end.offset)
    _report(segment, tail, lost, stats)
    if not lost:
        since = earliest_behind(last) if last else None
        cause: Cause = "unreadable" if segment.unreadable else "damaged"
        name = segment.path.parent.name
        where = Span(since, None)
        lose(Loss(name, cause, None, where, file=segment.path.name))
    return end, False


def _claimed(data: bytes, tail: Damage, end: Position | None) -> tuple[Header, ...]:
    """Return the headers of the records that were lost at the end of a file.

    Those with a checksum of their own, else the first if it fits to what precedes it.
    """
    if tail.lost:
        return tail.lost
    guess = read_header(data, tail.start)
    if (
        guess is None
        or guess.version > 1
        or guess.points > PLAUSIBLE_POINTS
        or end not in {None, Position(guess.sequence, guess.offset)}
    ):
        return ()
    return (guess,)


def _report(
    segment: Segment, tail: Damage, lost: tuple[Header, ...], stats: JournalStats
) -> None:
    """Count and tell damage at the end of a file, which stays where it is."""
    segment.reported.add(tail.start)
    points = sum(header.points for header in lost)
    where = span(lost, complete=True)
    stats.corrupt_records += max(1, len(lost))
    stats.lost_points += points
    logger.warning(
        "the newest records of the journal are damaged",
        extra={
            "file": segment.path.name,
            "bytes": tail.end - tail.start,
            "points": points if lost else "unknown",
            "first_ns": where.first_ns if lost else "unknown",
            "last_ns": where.last_ns if lost else "unknown",
        },
    )


def _cut(segment: Segment, tail: Damage, files: Files, stats: JournalStats) -> None:
    """Cut a torn tail."""
    fd = files.open_end(segment.path)
    try:
        files.truncate(fd, tail.start)
        files.sync(fd)
    finally:
        files.close(fd)
    segment.size = tail.start
    stats.torn_tails += 1
    logger.warning(
        "cut the torn tail of the journal: a write was interrupted before it counted",
        extra={"file": segment.path.name, "bytes": tail.end - tail.start},
    )
