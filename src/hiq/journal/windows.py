"""What a segment holds, read piece by piece, so that it never is in memory whole.

A segment is some MiB, and who looks at it wants one record after the other. Only a
record that is longer than a window, or damage, makes a longer one. It opens nothing,
and does not know what a record means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.journal.segment import Damage, Found, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["WINDOW", "pieces"]

WINDOW = 256 * 1024


def pieces(
    fetch: Callable[[int, int], bytes], at: int, size: int
) -> Iterator[tuple[Found | Damage, bytes]]:
    """Yield what lies between two bytes of a segment, positions counted in the file.

    Each good record comes with its bytes. Blocks as `fetch` does.

    Args:
        fetch: returns so many bytes from a position, fewer only at the end.
        at: the first byte.
        size: behind the last one.
    """
    length = WINDOW
    while at < size:
        wanted = min(length, size - at)
        data = fetch(at, wanted)
        whole = at + len(data) >= size or len(data) < wanted
        decided = 0
        for piece in scan(data):
            begin, end = at + piece.start, at + piece.end
            if isinstance(piece, Damage):
                if not whole and piece.end == len(data):
                    break
                yield Damage(begin, end, piece.torn, piece.lost), b""
            else:
                moved = Found(begin, at + piece.body, end, piece.header)
                yield moved, data[piece.start : piece.end]
            decided = piece.end
        if whole:
            return
        length = WINDOW if decided else length * 2
        at += decided
