"""A journal folder to open again and again, and short ways to fill and empty it."""

from __future__ import annotations

from hiq.journal.journal import Entry, Journal
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats
from tests.journal.disk import Disk

MIB = 1024 * 1024


class Home:
    """A journal folder that can be opened again and again."""

    def __init__(self, path):
        self.path = path
        self.disk = Disk()
        self.now = 1_000.0
        self.stats = JournalStats()
        self.losses = []

    def open(self, segment_bytes=MIB, **settings):
        """Open the journal with fresh counters."""
        self.stats = JournalStats()
        settings.setdefault("min_free_bytes", 0)
        return Journal.open(
            self.path,
            JournalSettings(**settings),
            self.stats,
            clock=lambda: self.now,
            files=self.disk,
            segment_bytes=segment_bytes,
            on_loss=self.losses.append,
        )


def entry(number, points=10, size=96):
    """An entry whose body tells its number."""
    return Entry(b"%06d" % number + bytes(size), points, number, number + 5)


def append(journal, *numbers, stream="ha", **kwargs):
    """Append entries one by one."""
    for number in numbers:
        journal.append([(stream, entry(number, **kwargs))])


def drain(cursor):
    """Everything that the cursor has, moved over: the numbers of the entries."""
    numbers = []
    while (chunk := cursor.read(1, 1, members=False)) is not None:
        numbers.append(int(chunk.body[:6]))
        cursor.advance(chunk.end)
    return numbers
