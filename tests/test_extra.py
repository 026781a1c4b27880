"""Points that are no state changes: into the journal, counted, bounded, kept in a fault."""

from __future__ import annotations

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from hiq import extra
from hiq.errors import JournalError
from hiq.extra import ExtraPoints
from hiq.journal.journal import Journal
from hiq.journal.segment import Source
from hiq.settings.schema import JournalSettings
from hiq.stats import Stats

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from hiq.journal.journal import Entry

DEADLINE_S = 10.0


class Recording:
    """A real journal, and what was appended to it; it fails when it is told to."""

    def __init__(self, path: Path, stats: Stats) -> None:
        settings = JournalSettings(min_free_bytes=0)
        self.journal = Journal.open(path, settings, stats.journal)
        self.entries: list[tuple[str, Entry]] = []
        self.broken = False
        self.broken_stream = ""

    def append(self, entries: list[tuple[str, Entry]]) -> None:
        """Append for good, or fail."""
        if self.broken or self.broken_stream in dict(entries):
            raise JournalError("journal", "the disk says no")
        self.journal.append(entries)
        self.entries += entries

    def lines(self, schema: str) -> list[bytes]:
        """The lines of one stream."""
        bodies = [entry.body for name, entry in self.entries if name == schema]
        return b"".join(map(gzip.decompress, bodies)).splitlines()


class Rig:
    """Extra points with what belongs to them, running."""

    def __init__(self, path: Path, schemas: tuple[str, ...]) -> None:
        self.stats = Stats()
        self.journal = Recording(path, self.stats)
        self.committed = asyncio.Event()
        self.threads = ThreadPoolExecutor(1)
        self.points = ExtraPoints(
            self.journal,
            self.stats,
            schemas,
            executor=self.threads,
            committed=self.committed.set,
            commit_s=0.01,
            pauses=lambda: iter([0.01] * 1000),
        )

    async def written(self) -> None:
        """Wait until something was committed."""
        async with asyncio.timeout(DEADLINE_S):
            await self.committed.wait()
        self.committed.clear()


@pytest.fixture(name="schemas")
def _schemas() -> tuple[str, ...]:
    return ("ha",)


@pytest.fixture(name="rig")
async def _rig(tmp_path: Path, schemas: tuple[str, ...]) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path, schemas)
    task = asyncio.create_task(rig.points.run())
    yield rig
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    rig.journal.journal.close()
    rig.threads.shutdown()


async def test_they_are_journaled_and_counted(rig: Rig) -> None:
    """One record for what came together; it says nothing about states."""
    assert rig.points.add("events", b"a v=1 5\nb v=1 3\n", [5, 3])
    assert rig.points.add("snapshot", b"c v=1 4\n", [4])
    assert rig.points.add("snapshot", b"", [])
    await rig.written()
    [(schema, entry)] = rig.journal.entries
    assert (schema, entry.points) == ("ha", 3)
    assert (entry.first_ns, entry.last_ns, entry.source) == (3, 5, Source.EXTRA)
    assert rig.journal.lines("ha") == [b"a v=1 5", b"b v=1 3", b"c v=1 4"]
    assert rig.stats.extra == {"events": 2, "snapshot": 1}
    assert (rig.stats.received, rig.stats.accepted) == (3, 3)
    assert rig.stats.imbalance() == 0


@pytest.mark.parametrize("schemas", [("ha", "tidy")])
async def test_every_stream_has_them(rig: Rig) -> None:
    """The first stream is written last, as the pump does."""
    rig.points.add("events", b"a v=1 5\n", [5])
    await rig.written()
    assert [schema for schema, _ in rig.journal.entries] == ["tidy", "ha"]
    assert rig.journal.lines("tidy") == rig.journal.lines("ha") == [b"a v=1 5"]
    assert rig.stats.streams == {"ha": 1, "tidy": 1}
    assert rig.stats.accepted == 1


async def test_a_disk_that_fails_loses_nothing(rig: Rig) -> None:
    """What waits is written as soon as it can be, once."""
    rig.journal.broken = True
    rig.points.add("events", b"a v=1 5\n", [5])
    for _ in range(5):
        await asyncio.sleep(0.01)
    assert (rig.stats.received, rig.stats.accepted) == (0, 0)
    rig.journal.broken = False
    rig.points.add("events", b"b v=1 6\n", [6])
    await rig.written()
    await rig.points.close()  # the second one may have come too late for the first
    assert rig.journal.lines("ha") == [b"a v=1 5", b"b v=1 6"]
    assert rig.stats.extra == {"events": 2}


@pytest.mark.parametrize("schemas", [("ha", "tidy")])
async def test_a_stream_that_has_them_gets_them_once(rig: Rig) -> None:
    """Where only the last stream fails, the others are not written again."""
    rig.journal.broken_stream = "ha"
    rig.points.add("events", b"a v=1 5\n", [5])
    async with asyncio.timeout(DEADLINE_S):
        while not rig.journal.entries:
            await asyncio.sleep(0.01)
    rig.points.add("events", b"b v=1 6\n", [6])
    await asyncio.sleep(0.05)
    rig.journal.broken_stream = ""
    await rig.written()
    await rig.points.close()
    for schema in ("ha", "tidy"):
        assert rig.journal.lines(schema) == [b"a v=1 5", b"b v=1 6"]
    assert rig.stats.streams == {"ha": 2, "tidy": 2}


async def test_what_finds_no_room_is_counted(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound holds for what waits; afterwards there is room again."""
    monkeypatch.setattr(extra, "MAX_BYTES", 10)
    assert rig.points.add("events", b"a v=1 5\n", [5])
    assert not rig.points.add("events", b"b v=1 6\nc v=1 7\n", [6, 7])
    assert rig.stats.extra_dropped == {"events": 2}
    await rig.written()
    assert rig.points.add("events", b"d v=1 8\n", [8])
    await rig.written()
    assert rig.journal.lines("ha") == [b"a v=1 5", b"d v=1 8"]


async def test_a_full_journal_keeps_its_room_for_states(rig: Rig) -> None:
    """From half of its cap on nothing is added."""
    rig.stats.journal.bytes = rig.stats.journal.max_bytes
    rig.points.add("events", b"a v=1 5\n", [5])
    await rig.points.close()
    assert rig.journal.entries == []
    assert rig.stats.extra_dropped == {"events": 1}


async def test_closing_writes_what_is_left(rig: Rig) -> None:
    """Nothing waits for the next commit time."""
    rig.points.add("events", b"a v=1 5\n", [5])
    await rig.points.close()
    assert rig.journal.lines("ha") == [b"a v=1 5"]
    assert rig.stats.extra_dropped == {}


async def test_what_hiq_made_itself_is_no_event(rig: Rig) -> None:
    """Counted apart, and whoever puts it knows when it is on the disk."""
    await rig.points.put("registry", b"a v=1 5\n", [5])
    assert rig.journal.lines("ha") == [b"a v=1 5"]
    await rig.points.put("registry", b"", [])
    stats = rig.stats
    assert (stats.received, stats.accepted, stats.imbalance()) == (0, 0, 0)
    assert (stats.extra, stats.own) == ({"registry": 1}, {"ha": 1})
    assert stats.accepted_in("ha") == 1


@pytest.mark.parametrize("schemas", [("ha", "tidy")])
async def test_lines_for_one_stream_are_not_in_the_others(rig: Rig) -> None:
    """Beside lines for all, in one record each."""
    async with asyncio.TaskGroup() as group:
        for stream, line in (
            ("ha", b"a v=1 5\n"),
            ("tidy", b"b v=1 6\n"),
            ("", b"c\n"),
        ):
            group.create_task(rig.points.put("snapshot", line, [7], stream))
    assert rig.journal.lines("ha") == [b"a v=1 5", b"c"]
    assert rig.journal.lines("tidy") == [b"b v=1 6", b"c"]
    assert rig.stats.own == {"ha": 2, "tidy": 2}
    await rig.points.put("snapshot", b"d v=1 8\n", [8], "tidy")
    assert rig.journal.lines("ha") == [b"a v=1 5", b"c"]
    assert rig.stats.accepted_in("tidy") == 3


async def test_who_puts_more_than_fits_waits(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is dropped, also while the disk fails."""
    monkeypatch.setattr(extra, "MAX_BYTES", 10)
    rig.journal.broken = True
    async with asyncio.TaskGroup() as group:
        for number in range(5):
            line = b"a v=%d 5\n" % number
            group.create_task(rig.points.put("registry", line, [5]))
        await asyncio.sleep(0.05)
        assert rig.stats.own == {}
        rig.journal.broken = False
    assert len(rig.journal.lines("ha")) == 5
    assert rig.stats.extra_dropped == {}


async def test_what_cannot_be_journaled_before_the_end_is_told_to_its_maker(
    rig: Rig,
) -> None:
    """It keeps it for the next start."""
    rig.journal.broken = True
    task = asyncio.create_task(rig.points.put("registry", b"a v=1 5\n", [5]))
    await asyncio.sleep(0)
    await rig.points.close()
    with pytest.raises(JournalError):
        await task
    with pytest.raises(JournalError):
        await rig.points.put("registry", b"a v=1 5\n", [5])
    assert rig.stats.extra_dropped == {}
