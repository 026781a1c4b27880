"""Restored points into the journal: once to each stream, whatever fails between."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hiq._core.taken import Taken
from hiq.repair.convert import Converted
from hiq.repair.writer import Writer
from hiq.stats import Stats
from tests.test_extra import Recording

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_stream_that_has_them_gets_them_once(tmp_path: Path) -> None:
    """Where only the first stream fails, the other is not written again."""
    stats = Stats()
    journal = Recording(tmp_path, stats)
    journal.broken_stream = "ha"

    async def heal(_seconds: float) -> None:
        journal.broken_stream = ""

    writer = Writer(journal, stats, executor=None, committed=lambda: None, sleep=heal)
    taken = Taken(b"a v=1 5\n", 1, 5, 5)
    converted = Converted([("ha", taken), ("tidy", taken)], Counter(events=1, points=1))
    assert await writer.write(converted, 0) == 1
    assert [schema for schema, _ in journal.entries] == ["tidy", "ha"]
    assert stats.streams == {"ha": 1, "tidy": 1}
    journal.journal.close()
