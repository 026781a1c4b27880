"""How a delivery ends: drained, cut, cancelled, and what the next run goes on with."""

from __future__ import annotations

import asyncio

import pytest

from hiq.sink.base import Retry
from tests.journal.clockwork import until
from tests.journal.delivery import Bench, lines, running


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.journal.close()


async def test_a_cancelled_write_is_repeated_by_the_next_run(bench):
    """Stopped while a request is under way, nothing is lost: it is sent again."""
    bench.sink.hang = asyncio.Event()
    bench.append(1, 2)
    async with running(bench.deliverer):
        await until(lambda: bench.sink.bodies)
    assert bench.stats.pending == 2
    bench.balance()
    bench.sink.hang = None
    async with running(bench.deliverer):
        await bench.delivered()
    assert bench.sink.stored == lines(1, 2)
    assert bench.sink.bodies[0] == bench.sink.bodies[1]


async def test_a_bug_in_a_sink_ends_run_and_loses_nothing(bench):
    """An exception comes out of run; a new run delivers the batch."""
    bench.sink.script = [RuntimeError("bug")]
    bench.append(1)
    with pytest.raises(RuntimeError, match="bug"):
        await bench.deliverer.run()
    async with running(bench.deliverer):
        await bench.delivered()
    assert bench.sink.stored == lines(1)


async def test_a_restart_goes_on_and_counts_what_it_carries(tmp_path):
    """What an earlier run left is carried over, and delivered once."""
    bench = Bench(tmp_path)
    bench.append(*range(10))
    bench.sink.script = [None, Retry("down")]
    bench.deliverer._max_points = 5
    async with running(bench.deliverer):
        await until(lambda: bench.stats.state == "retrying")
    bench.journal.close()
    again = Bench(tmp_path)
    assert again.stats.carried == again.stats.pending == 5
    again.append(10)
    async with running(again.deliverer):
        await again.delivered()
    assert bench.sink.stored + again.sink.stored == lines(*range(11))
    again.journal.close()


async def test_drain_delivers_what_can_be_delivered(bench):
    """Drain ends as soon as nothing is pending."""
    async with running(bench.deliverer):
        bench.append(*range(12))
        assert await bench.deliverer.drain(20)
        assert await bench.deliverer.drain(20)
    assert bench.sink.stored == lines(*range(12))


async def test_drain_tries_a_sleeping_sink_once_and_leaves_it(bench):
    """A database that comes back in time is served; one that does not is left."""
    bench.sink.script = [Retry("down"), Retry("down")]
    bench.append(1)
    async with running(bench.deliverer):
        await until(lambda: bench.time.waiting == [1.0])
        assert not await bench.deliverer.drain(20)
        assert len(bench.sink.bodies) == 2
        assert await bench.deliverer.drain(20)
    assert bench.sink.stored == lines(1)


async def test_drain_ends_by_its_deadline(bench):
    """A request that hangs does not hold the stop up."""
    bench.sink.hang = asyncio.Event()
    bench.append(1)
    async with running(bench.deliverer):
        await until(lambda: bench.sink.bodies)
        draining = asyncio.ensure_future(bench.deliverer.drain(7.0))
        await until(lambda: bench.time.waiting == [7.0])
        await bench.time.tick()
        assert not await draining
    assert bench.stats.pending == 1
