"""The points of a journal as line protocol, a record at a time.

Reads beside a running service. It must not know what is done with the lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.journal.fsck import bodies
from hiq.sink.base import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["lines"]

ALWAYS = (-(1 << 63), (1 << 63) - 1)


def lines(
    folder: Path,
    stream: str,
    *,
    after: int = 0,
    start_ns: int | None = None,
    end_ns: int | None = None,
    progress: Callable[[int, int], None] = lambda _points, _time_ns: None,
) -> Iterator[bytes]:
    """Yield the lines of the good records, each ending in a newline.

    Args:
        folder: the journal.
        stream: name of the encoding.
        after: sequence of the first record.
        start_ns: only points from this time on.
        end_ns: only points before this time.
        progress: told before each record how many points have been looked at, and up
            to which time.
    """
    low = ALWAYS[0] if start_ns is None else start_ns
    high = ALWAYS[1] if end_ns is None else end_ns
    points = 0
    for header, body in bodies(folder, stream, after=after):
        progress(points, header.first_ns)
        points += header.points
        if header.last_ns < low or header.first_ns >= high:
            continue
        text = Batch(body, header.points).lines()
        if low <= header.first_ns and header.last_ns < high:
            yield text
            continue
        yield b"".join(
            line
            for line in text.splitlines(keepends=True)
            if low <= int(line[line.rindex(b" ") :]) < high
        )
