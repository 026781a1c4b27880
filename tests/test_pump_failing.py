"""The pump while the disk fails or the journal is full: all is kept, and bounded."""

from __future__ import annotations

import errno

import hiq
from hiq.flow import Gate
from hiq.pump import COMMIT_BYTES
from hiq.settings.schema import JournalSettings
from tests.journal.clockwork import until
from tests.journal.pumping import Bench, bench, frame, running

__all__ = ["bench"]


async def test_nothing_counts_while_the_disk_fails(bench):
    """A failing disk: data is kept, health is told, each retry waits longer."""
    bench.disk.fail("sync", errno.EIO)
    async with running(bench.pump):
        bench.feed(frame(1))
        await bench.time.tick()
        await until(lambda: not bench.stats.journal.writable)
        assert bench.stats.accepted == bench.commits == 0
        bench.feed(frame(2))
        for _ in range(3):
            await bench.time.tick()
        await until(lambda: bench.time.waiting == [8.0])
        assert bench.time.asked == [0.25, 1.0, 2.0, 4.0, 8.0]
        assert "Input/output error" in bench.stats.journal.last_error
        assert (bench.stats.buffered, bench.stats.imbalance()) == (2, 0)
        bench.disk.heal()
        await bench.time.tick()
        await until(lambda: bench.stats.journal.writable)
        assert bench.stats.journal.last_error == ""
        bench.feed(frame(3))
        await until(lambda: bench.time.waiting == [0.25])
        await bench.time.tick()
        await until(lambda: bench.commits == 2)
    assert (bench.stats.accepted, bench.stats.buffered) == (3, 0)
    assert len(bench.lines()) == 3


async def test_one_line_is_logged_per_change(bench, caplog):
    """A failing disk is told once, its healing once."""
    caplog.set_level("INFO", "hiq.pump")
    bench.disk.fail("write", errno.ENOSPC, times=4)
    async with running(bench.pump):
        bench.feed(frame(1))
        for _ in range(5):
            await bench.time.tick()
        await until(lambda: bench.commits == 1)
    mine = [r for r in caplog.records if r.name == "hiq.pump"]
    assert [r.levelname for r in mine] == ["WARNING", "INFO"]
    assert (mine[1].tries, mine[1].seconds) == (4, 15.0)


async def test_a_full_journal_closes_the_gate_and_opens_it_again(tmp_path):
    """With nowhere to put points reading stops at the mark, and goes on later."""
    calls = []
    gate = Gate(2_000, 500, lambda: calls.append("pause"), lambda: calls.append("go"))
    bench = Bench(tmp_path, hiq.Pipeline(), gate=gate, max_bytes=100)
    async with running(bench.pump):
        number = 0
        while not gate.closed:
            number += 1
            bench.feed(frame(number))
            if number == 5:
                await bench.time.tick()
                await until(lambda: not bench.stats.journal.writable)
        assert "max_bytes 100" in bench.stats.journal.last_error
        assert calls == ["pause"]
        assert bench.stats.buffered == number
        bench.journal._room._settings = JournalSettings(min_free_bytes=0)
        await bench.time.tick()
        await until(lambda: bench.stats.accepted == number)
    assert calls == ["pause", "go"]
    assert len(bench.lines()) == number
    bench.journal.close()


async def test_what_comes_while_the_disk_fails_is_compressed(tmp_path):
    """So much more of it fits into memory than its lines alone would need."""
    gate = Gate(4 * COMMIT_BYTES)
    bench = Bench(tmp_path, hiq.Pipeline(), gate=gate)
    bench.disk.fail("sync", errno.EIO)
    text = "y" * 900
    number = asked = 0
    async with running(bench.pump):
        while bench.stats.received * len(text) < 8 * COMMIT_BYTES:
            number += 1
            bench.feed(frame(number, text))
            if bench.pipeline.buffered_bytes >= COMMIT_BYTES:
                await until(lambda: bench.stats.buffered_bytes < COMMIT_BYTES)
            if bench.stats.journal.writable:
                await bench.time.tick()
                await until(lambda: not bench.stats.journal.writable)
                asked = len(bench.disk.calls)
        assert (gate.closings, len(bench.disk.calls)) == (0, asked)
        assert (bench.stats.accepted, bench.stats.buffered) == (0, number)
        assert bench.stats.buffered_bytes < COMMIT_BYTES
        bench.disk.heal()
        await bench.time.tick()
        await until(lambda: bench.commits)
    assert (bench.stats.accepted, bench.stats.buffered) == (number, 0)
    assert len(bench.lines()) == number
    bench.journal.close()


async def test_a_closed_gate_waits_for_no_commit_time(tmp_path):
    """What is there is committed at once: until then nothing more would come."""
    gate = Gate(COMMIT_BYTES)
    bench = Bench(tmp_path, hiq.Pipeline(), gate=gate, commit=5.0)
    number = 0
    async with running(bench.pump):
        while not gate.closings:
            number += 1
            bench.feed(frame(number, "y" * 900))
        assert COMMIT_BYTES / 2 <= bench.pipeline.buffered_bytes < COMMIT_BYTES
        await until(lambda: bench.commits == 1)
    assert not gate.closed
    assert bench.stats.accepted == number
    bench.journal.close()
