"""What was journaled last, read without being a sink: nothing moves, nothing is told.

Backfill asks it which points the live path has delivered already. Damaged records are
passed over in silence: the sinks meet and count them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hiq.journal.segment import VERSION, Found
from hiq.journal.windows import pieces

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from hiq.journal.files import Files
    from hiq.journal.segment import Damage, Header
    from hiq.journal.stream import Segment, Stream

__all__ = ["Scout"]


class Scout:
    """Reads one stream from a sequence on.

    - After going through `read()`: `sequence` is behind all that was there, and the
      next `read()` gives what came since.
    """

    def __init__(
        self, stream: Stream, sequence: int, files: Files, lock: threading.Lock
    ) -> None:
        self.sequence = sequence
        self._stream = stream
        self._files = files
        self._lock = lock
        self._segment: Segment | None = None
        self._at = 0

    @property
    def end(self) -> int:
        """The sequence of the record that will be appended next."""
        return self._stream.end.sequence

    def read(self) -> Iterator[tuple[Header, bytes]]:
        """Yield header and body of each good record, oldest first. Blocks.

        Raises:
            OSError: the disk failed.
        """
        with self._lock:
            view = self._stream.view(self.sequence)
            end = self._stream.end.sequence
        for segment, size, below in view:
            begin = self._at if segment is self._segment else 0
            for piece, data in self._pieces(segment, begin, size):
                if not isinstance(piece, Found):
                    continue
                header = piece.header
                if header.version > VERSION or header.sequence >= below:
                    break
                if header.sequence < self.sequence:
                    continue
                self._segment, self._at = segment, piece.end
                self.sequence = header.sequence + 1
                yield header, data[piece.body - piece.start :]
        self.sequence = max(self.sequence, end)

    def _pieces(
        self, segment: Segment, begin: int, size: int
    ) -> Iterator[tuple[Found | Damage, bytes]]:
        """Yield what a segment holds from a byte on."""
        try:
            fd = self._files.open_read(segment.path)
        except FileNotFoundError:
            return
        try:
            yield from pieces(partial(self._files.read, fd), begin, size)
        finally:
            self._files.close(fd)
