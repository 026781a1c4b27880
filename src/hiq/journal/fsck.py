"""What a journal holds, looked at from outside: read-only, beside a running service.

`survey` reads every record of a folder without taking its lock, so files may grow and
go meanwhile; what the service is just writing is not taken for damage. It changes
nothing (`mend` does) and does not know how a finding is shown.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hiq.journal.files import Files
from hiq.journal.folder import CURSORS, read_cursor
from hiq.journal.loss import Span, earliest_behind, span
from hiq.journal.segment import VERSION, Damage, Found, scan
from hiq.journal.stream import SUFFIX, Position

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hiq.journal.segment import Header

__all__ = [
    "ASIDE",
    "Finding",
    "Place",
    "SegmentReport",
    "Survey",
    "bodies",
    "owner",
    "read_file",
    "survey",
]

UNKNOWN = Span(None, None)
ASIDE = ".damaged"
"""What `mend.repair` adds to the name of a file that it puts aside."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        kind: damaged, unreadable, torn (a write that was interrupted before it
            counted), gone (a file that is missing), cursor (one that is damaged),
            newer (records of a later format).
        file: name of the file below the journal, "" for what has none.
        start: first byte.
        end: byte behind the last one.
        points: how many points are lost; None if that cannot be known.
        span: of which time.
    """

    kind: str
    file: str
    start: int = 0
    end: int = 0
    points: int | None = None
    span: Span = UNKNOWN


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """One file; times are nanoseconds since 1970, None if it has no good record."""

    stream: str
    file: str
    bytes: int
    records: int
    points: int
    first_ns: int | None
    last_ns: int | None
    appended_ns: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """How far a sink has come in a stream."""

    sink: str
    stream: str
    sequence: int
    offset: int
    pending: int


@dataclass(slots=True)
class Survey:
    """Everything that was found.

    `owner` is the process id of the service that runs, None if none does; `aside`
    are files that an earlier repair has put aside.
    """

    path: Path
    owner: str | None
    segments: list[SegmentReport] = field(default_factory=list)
    cursors: list[Place] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)


def survey(path: Path, files: Files | None = None, *, alone: bool = False) -> Survey:
    """Read the whole journal. Blocks.

    Args:
        path: the folder.
        files: how to read.
        alone: the caller holds the lock, so that no service is writing.

    Raises:
        OSError: there is no journal, or it cannot be read at all.
    """
    files = files or Files()
    found = Survey(path, None if alone else owner(path))
    ends: dict[str, Position] = {}
    for stream in _streams(path):
        ends[stream] = _survey_stream(path, stream, files, found)
        found.aside += sorted(
            f"{stream}/{file.name}" for file in (path / stream).glob(f"*{ASIDE}*")
        )
    for file in sorted((path / CURSORS).glob("*.json")):
        try:
            known = read_cursor(file)
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            found.findings.append(Finding("cursor", f"{CURSORS}/{file.name}"))
            continue
        for stream, place in sorted(known.positions.items()):
            end = ends.get(stream, place)
            pending = max(0, end.offset - place.offset)
            found.cursors.append(
                Place(known.sink, stream, place.sequence, place.offset, pending)
            )
    return found


def bodies(
    path: Path,
    stream: str,
    *,
    after: int = 0,
    files: Files | None = None,
) -> Iterator[tuple[Header, bytes]]:
    """Yield header and body of every good record from a sequence on, in order."""
    files = files or Files()
    for file in _segments(path / stream):
        data, _ = read_file(file, files)
        for piece in scan(data):
            if isinstance(piece, Found) and piece.header.sequence >= after:
                yield piece.header, data[piece.body : piece.end]


def owner(path: Path) -> str | None:
    """Return the process id of the service that holds the journal; None if none.

    Asks the system for its list of locks: trying the lock could refuse a service
    that starts just now.
    """
    try:
        found = os.stat(path / "lock")  # noqa: PTH116  the numbers of the file
        with open("/proc/locks", encoding="ascii") as table:  # noqa: PTH123
            held = any(_locks(line, found) for line in table)
        text = (path / "lock").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return (text or "unknown") if held else None


def _locks(line: str, found: os.stat_result) -> bool:
    """Whether a line of /proc/locks is an flock of this file."""
    parts = line.split()
    if "->" in parts or "FLOCK" not in parts:
        return False
    device, _, inode = parts[5].rpartition(":")
    major, _, minor = device.partition(":")
    here = (os.major(found.st_dev), os.minor(found.st_dev), found.st_ino)
    return (int(major, 16), int(minor, 16), int(inode)) == here


def _streams(path: Path) -> list[str]:
    return sorted(
        entry.name
        for entry in path.iterdir()
        if entry.is_dir() and entry.name != CURSORS
    )


def _segments(folder: Path) -> list[Path]:
    return sorted(f for f in folder.glob(f"*{SUFFIX}") if f.stem.isdecimal())


def read_file(file: Path, files: Files) -> tuple[bytes, int]:
    """Return what is in a file, with zeros for what cannot be read, and how much."""
    try:
        fd = files.open_read(file)
    except FileNotFoundError:
        return b"", 0  # a running service removed it
    try:
        return files.read_around(fd, 0, os.fstat(fd).st_size)
    finally:
        files.close(fd)


def _survey_stream(path: Path, stream: str, files: Files, found: Survey) -> Position:
    """Report the segments of one stream; return the position behind the last record."""
    end: Position | None = None
    last: Header | None = None
    damage: list[tuple[str, Damage, bool]] = []
    names = _segments(path / stream)
    for file in names:
        name = f"{stream}/{file.name}"
        data, unreadable = read_file(file, files)
        heads: list[Header] = []
        for piece in scan(data):
            if isinstance(piece, Damage):
                newest = file == names[-1] and piece.end == len(data)
                if newest and piece.torn and not unreadable:
                    if found.owner is None:
                        where = Finding("torn", name, piece.start, piece.end, 0)
                        found.findings.append(where)
                else:
                    damage.append((name, piece, unreadable > 0))
                continue
            header = piece.header
            if header.version > VERSION:
                found.findings.append(Finding("newer", name, piece.start, piece.end))
                continue
            if damage or (end and header.offset != end.offset):
                _lost(found, damage, end, last, header)
                damage = []
            heads.append(header)
            last = header
            end = Position(header.sequence + 1, header.offset + header.points)
        if data:
            found.segments.append(_report(stream, name, len(data), heads))
    if damage:
        _lost(found, damage, end, last, None)
    return end or Position(0, 0)


def _report(stream: str, name: str, size: int, heads: list[Header]) -> SegmentReport:
    return SegmentReport(
        stream=stream,
        file=name,
        bytes=size,
        records=len(heads),
        points=sum(head.points for head in heads),
        first_ns=min((head.first_ns for head in heads), default=None),
        last_ns=max((head.last_ns for head in heads), default=None),
        appended_ns=heads[-1].appended_ns if heads else None,
    )


def _lost(
    found: Survey,
    damage: list[tuple[str, Damage, bool]],
    end: Position | None,
    before: Header | None,
    behind: Header | None,
) -> None:
    """Report what is lost between two good records."""
    heads = [head for _, piece, _ in damage for head in piece.lost]
    known = sum(head.points for head in heads)
    points: int | None = known if heads else None
    if behind is not None and end is not None:
        points = max(0, behind.offset - end.offset)
    where = span(
        heads,
        complete=points == known,
        since_ns=earliest_behind(before) if before else None,
        until_ns=behind.appended_ns if behind else None,
    )
    if not damage:
        found.findings.append(Finding("gone", "", points=points, span=where))
    for number, (name, piece, unreadable) in enumerate(damage):
        found.findings.append(
            Finding(
                "unreadable" if unreadable else "damaged",
                name,
                piece.start,
                piece.end,
                points if number == 0 else 0,
                where,
            )
        )
