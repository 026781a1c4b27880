"""The pump with a real pipeline and journal: what it took is on disk, or still held."""

from __future__ import annotations

import asyncio
import gzip
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import hiq
from hiq.journal.segment import Source, scan
from hiq.packing import compress
from hiq.pump import COMMIT_BYTES
from tests.journal.clockwork import until
from tests.journal.pumping import Bench, Breaking, Slow, bench, frame, running

__all__ = ["bench"]


async def test_a_commit_comes_when_its_time_is_over(bench):
    """Points wait for the commit time, counted as buffered, then are accepted."""
    async with running(bench.pump):
        bench.feed(frame(1), frame(2))
        await until(lambda: bench.time.waiting == [0.25])
        assert (bench.stats.buffered, bench.stats.accepted) == (2, 0)
        assert bench.stats.buffered_bytes == bench.pipeline.buffered_bytes > 0
        await bench.time.tick()
        await until(lambda: bench.commits == 1)
    assert (bench.stats.buffered, bench.stats.accepted) == (0, 2)
    assert bench.stats.buffered_bytes == 0
    assert bench.stats.imbalance() == 0
    assert len(bench.lines()) == 2


async def test_idle_costs_nothing(bench):
    """With nothing to commit there is no wait, no commit, no sync."""
    async with running(bench.pump):
        bench.feed(frame(1, "unknown"))
        for _ in range(20):
            await asyncio.sleep(0)
    assert bench.time.asked == []
    assert bench.stats.journal.fsyncs == 0


async def test_a_commit_comes_early_when_much_has_come(tmp_path):
    """Enough bytes end the wait before its time."""
    bench = Bench(tmp_path, hiq.Pipeline(), commit=5.0)
    text = "y" * 900
    async with running(bench.pump):
        bench.feed(frame(1))
        await until(lambda: bench.time.waiting == [5.0])
        number = 2
        while bench.pipeline.buffered_bytes < COMMIT_BYTES:
            bench.feed(frame(number, text))
            number += 1
        await until(lambda: bench.commits == 1)
    assert bench.stats.accepted == number - 1
    assert len(bench.lines()) == number - 1
    bench.journal.close()


async def test_a_batch_is_cut_and_synced_once(tmp_path):
    """Many points become several records, but one append with one sync."""
    bench = Bench(tmp_path, hiq.Pipeline())
    bench.feed(*(frame(n, "on", f"light.l{n % 7}") for n in range(12_000)))
    assert await bench.pump.drain(5)
    records = [h for h in scan((tmp_path / "ha" / f"{0:020d}.seg").read_bytes())]
    assert [r.header.points for r in records] == [4_000, 4_000, 4_000]
    assert bench.stats.journal.commits == 1
    assert bench.stats.journal.fsyncs == 2
    assert len(set(bench.lines())) == 12_000
    bench.journal.close()


async def test_drain_commits_at_once(bench):
    """Drain does not wait for the commit time, and works with and without run."""
    bench.feed(frame(1))
    assert await bench.pump.drain(5)
    async with running(bench.pump):
        bench.feed(frame(2))
        await until(lambda: bench.time.waiting == [0.25])
        assert await bench.pump.drain(5)
    assert await bench.pump.drain(5)
    assert bench.stats.accepted == 2
    assert len(bench.lines()) == 2


async def test_drain_ends_by_its_deadline(bench):
    """If the disk does not heal, drain says so and keeps the points."""
    bench.disk.fail("write")
    bench.feed(frame(1))
    assert not await bench.pump.drain(0.05)
    assert not bench.stats.journal.writable
    assert (bench.stats.buffered, bench.stats.accepted) == (1, 0)
    bench.disk.heal()
    assert await bench.pump.drain(5)
    assert len(bench.lines()) == 1


async def test_drain_tries_again_until_it_heals(bench):
    """Within its deadline drain retries a failed append."""
    bench.disk.fail("write", times=2)
    bench.feed(frame(1))
    draining = asyncio.ensure_future(bench.pump.drain(20))
    await bench.time.tick()
    await bench.time.tick()
    assert await draining
    assert len(bench.lines()) == 1


async def test_a_cancelled_run_neither_loses_nor_repeats(tmp_path):
    """Cancelled while the thread writes: the result still counts, once."""
    with Slow() as thread:
        bench = Bench(tmp_path, hiq.Pipeline(), executor=thread)
        bench.feed(frame(1))
        async with running(bench.pump):
            await bench.time.tick()
            await until(lambda: len(thread.jobs) == 1)
        assert bench.stats.accepted == 0
        bench.feed(frame(2))
        thread.jobs[0].set()
        await until(lambda: bench.stats.accepted == 1)
        draining = asyncio.ensure_future(bench.pump.drain(20))
        await until(lambda: len(thread.jobs) == 2)
        thread.jobs[1].set()
        assert await draining
    assert len(bench.lines()) == 2
    assert bench.stats.imbalance() == 0
    bench.journal.close()


async def test_a_commit_under_way_makes_no_point_wait_longer(tmp_path):
    """Its time begins when it comes; the next write may take as long as the last."""
    with Slow() as thread:
        bench = Bench(tmp_path, hiq.Pipeline(), executor=thread)
        async with running(bench.pump):
            bench.feed(frame(1))
            await bench.time.tick()
            await until(lambda: len(thread.jobs) == 1)
            bench.feed(frame(2))
            bench.time.now += 0.0625
            bench.feed(frame(3))
            thread.jobs[0].set()
            await until(lambda: bench.time.waiting == [0.125])
            await bench.time.tick()
            await until(lambda: len(thread.jobs) == 2)
            bench.feed(frame(4))
            bench.time.now += 10.0
            thread.jobs[1].set()
            await until(lambda: len(thread.jobs) == 3)
            assert bench.time.asked == [0.25, 0.125]
            thread.jobs[2].set()
            await until(lambda: bench.stats.accepted == 4)
    bench.journal.close()


async def test_a_backlog_is_appended_in_parts(bench, monkeypatch):
    """What fits in is accepted although the rest is not; nothing comes twice."""
    monkeypatch.setattr("hiq.appending.APPEND_BYTES", 1)
    monkeypatch.setattr("hiq.pump.MAX_POINTS", 2)
    journal = bench.pump._journal = Breaking()
    bench.feed(*(frame(n) for n in range(5)))
    assert not await bench.pump.drain(0.05)
    assert (bench.stats.accepted, bench.stats.buffered) == (2, 3)
    assert bench.commits == 1
    assert "unforeseen" in bench.stats.journal.last_error
    journal.broken = False
    assert await bench.pump.drain(5)
    assert (bench.stats.accepted, bench.stats.buffered) == (5, 0)
    lines = b"".join(gzip.decompress(body) for body in journal.bodies).splitlines()
    assert len(lines) == len(set(lines)) == 5


async def test_a_backlog_fills_a_small_journal_bit_by_bit(tmp_path, monkeypatch):
    """A backlog larger than the journal goes in as far as there is room."""
    monkeypatch.setattr("hiq.pump.MAX_POINTS", 2)
    bench = Bench(tmp_path, hiq.Pipeline(), max_bytes=500)
    bench.feed(*(frame(n) for n in range(20)))
    seen = []
    while len(seen) < 20:
        await bench.pump.drain(0.05)
        assert bench.stats.imbalance() == 0
        assert bench.stats.journal.bytes <= 500
        fresh = bench.lines()
        assert fresh
        seen += fresh
    assert len(set(seen)) == 20
    bench.journal.close()


async def test_a_failing_encoder_keeps_the_points(bench, monkeypatch):
    """An error in the thread itself is a failure like any other."""
    with monkeypatch.context() as patch:
        patch.setattr("hiq.appending.compress", lambda _: 1 / 0)
        bench.feed(frame(1))
        assert not await bench.pump.drain(0.05)
    assert "ZeroDivisionError" in bench.stats.journal.last_error
    assert bench.stats.buffered == 1
    assert await bench.pump.drain(5)
    assert len(bench.lines()) == 1


async def test_the_source_is_in_the_record(tmp_path):
    """A replayed point says so."""
    bench = Bench(tmp_path, hiq.Pipeline())
    bench.pump.source = Source.REPLAY
    bench.feed(frame(1))
    await bench.pump.drain(5)
    (piece,) = scan((tmp_path / "ha" / f"{0:020d}.seg").read_bytes())
    assert Source(piece.header.source) is Source.REPLAY
    bench.journal.close()


async def test_the_loop_is_never_held_up(tmp_path):
    """Compression, write and sync of 5,000-line batches run in another thread.

    The disk takes its time; meanwhile the loop turns and takes more points.
    """
    seen = {}
    turns = 0
    begun, go = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as thread:
        bench = Bench(tmp_path, hiq.Pipeline(), executor=thread)
        sync, write = bench.disk.sync, bench.disk.write

        def slow_sync(fd):
            seen["sync"] = threading.get_ident()
            begun.set()
            assert go.wait(20)
            sync(fd)

        def noted_write(fd, data):
            seen["write"] = threading.get_ident()
            write(fd, data)

        def noted_compress(data):
            seen["compress"] = threading.get_ident()
            return compress(data)

        bench.disk.sync, bench.disk.write = slow_sync, noted_write
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("hiq.appending.compress", noted_compress)
            bench.feed(*(frame(n, "on", f"light.l{n % 7}") for n in range(5_000)))
            draining = asyncio.ensure_future(bench.pump.drain(20))
            await until(begun.is_set)
            for number in range(5_000, 5_100):
                bench.feed(frame(number))
                await asyncio.sleep(0)
                turns += 1
            assert not draining.done()
            assert (turns, bench.stats.accepted) == (100, 0)
            go.set()
            assert await draining
    assert bench.stats.accepted == 5_100
    assert set(seen) == {"compress", "write", "sync"}
    assert threading.get_ident() not in seen.values()
    bench.journal.close()


async def test_a_slow_disk_is_allowed_for_up_to_half_the_time(tmp_path):
    """A commit begins early by what the last ones took, slowly forgotten."""
    with Slow() as thread:
        bench = Bench(tmp_path, hiq.Pipeline(), executor=thread)
        async with running(bench.pump):
            for number, took_s in enumerate((10.0, 0.0, 0.1)):
                bench.feed(frame(number))
                await bench.time.tick()
                await until(lambda jobs=number + 1: len(thread.jobs) == jobs)
                bench.time.now += took_s
                thread.jobs[number].set()
                await until(lambda done=number + 1: bench.stats.accepted == done)
    assert bench.time.asked == [0.25, 0.125, 0.125]
    bench.journal.close()


async def test_the_least_time_is_no_wait_at_all(tmp_path):
    """The loop rounds waits up to milliseconds, so what is below is not waited."""
    bench = Bench(tmp_path, hiq.Pipeline(), commit=0.0015)
    async with running(bench.pump):
        bench.feed(frame(1))
        await bench.time.tick()
        await until(lambda: bench.stats.accepted == 1)
    assert bench.time.asked == [0.001]
    bench.journal.close()
