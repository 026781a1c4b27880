"""After an outage: the backlog oldest first and at its rate, new data in between."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hiq.sink.base import Retry
from tests.journal.clockwork import until
from tests.journal.delivery import Bench, line, running


def numbers(body):
    """The numbers of the lines that a request held."""
    return [int(text.rsplit(b" ", 1)[1]) for text in body.splitlines()]


def requests(bench):
    """The numbers of each request in the order in which they came."""
    return [numbers(gzip.decompress(body)) for body in bench.sink.bodies]


def late(path, backlog=60, **kwargs):
    """A bench whose journal holds records of a minute ago."""
    bench = Bench(path, max_points=10, **kwargs)
    bench.append(*range(backlog))
    bench.time.now += 60
    return bench


async def test_new_data_passes_a_backlog_which_goes_on_oldest_first(tmp_path):
    """They take turns; at last there is one lane again, and nothing came twice."""
    bench = late(tmp_path, drain_rate=0)
    bench.sink.hang = asyncio.Event()
    async with running(bench.deliverer):
        await until(lambda: bench.sink.bodies)
        assert bench.stats.backlog == 60
        bench.append(100, 101)
        bench.sink.hang.set()
        await bench.delivered()
        assert requests(bench)[:3] == [[*range(10)], [100, 101], [*range(10, 20)]]
        assert bench.stats.backlog == 0
        bench.append(200)
        await bench.delivered()
    assert bench.sink.stored.count(line(100)) == 1
    assert len(bench.sink.stored) == len(set(bench.sink.stored)) == 63
    bench.journal.close()


async def test_a_backlog_keeps_to_its_rate_and_new_data_does_not_wait(tmp_path):
    """Ten points a second: the next ten after a second, news at once."""
    bench = late(tmp_path, drain_rate=10)
    async with running(bench.deliverer):
        await until(lambda: bench.time.waiting == [1.0])
        assert requests(bench) == [[*range(10)]]
        bench.append(100)
        await until(lambda: len(bench.sink.bodies) == 2)
        assert requests(bench)[1] == [100]
        assert bench.stats.pending == bench.stats.backlog == 50
        await bench.time.tick()
        await until(lambda: len(bench.sink.bodies) == 3)
        assert requests(bench)[2] == [*range(10, 20)]
        assert await bench.deliverer.drain(20)  # a stop is in a hurry
    assert len(bench.sink.stored) == 61
    bench.journal.close()


async def test_another_outage_amid_a_backlog_makes_another_one(tmp_path):
    """What came between two outages keeps to the rate too, and news passes both."""
    bench = late(tmp_path, drain_rate=10)
    async with running(bench.deliverer):
        await until(lambda: bench.time.waiting == [1.0])
        bench.sink.hang = asyncio.Event()
        bench.append(*range(100, 160))
        await until(lambda: len(bench.sink.bodies) == 2)
        bench.time.now += 60
        bench.append(*range(160, 190))
        bench.sink.hang.set()
        await until(lambda: bench.stats.backlog > 60 and bench.time.waiting)
        bench.append(300)
        await until(lambda: [300] in requests(bench))
        while bench.stats.pending:
            if bench.time.waiting:
                await bench.time.tick()
            await asyncio.sleep(0)
            bench.balance()
        assert bench.stats.backlog == 0
    order = [n for each in requests(bench) for n in each]
    assert [n for n in order if n < 100] == [*range(60)]
    assert [n for n in order if 100 <= n < 200] == [*range(100, 190)]
    assert order.index(300) < order.index(20)
    assert len(order) == len({*order})
    bench.journal.close()


async def test_what_is_not_late_or_small_stays_one_lane(tmp_path):
    """A burst of now, or one request of a minute ago, is no backlog."""
    for name, age_s, count in (("now", 0, 60), ("small", 60, 20)):
        bench = Bench(tmp_path / name, max_points=10, drain_rate=1)
        bench.append(*range(count))
        bench.time.now += age_s
        async with running(bench.deliverer):
            await bench.delivered()
        assert [n for each in requests(bench) for n in each] == [*range(count)]
        bench.journal.close()


async def test_a_crash_amid_a_backlog_sends_again_and_loses_nothing(tmp_path):
    """What had passed the backlog is carried by the next start; the sums hold."""
    bench = late(tmp_path, drain_rate=10)
    async with running(bench.deliverer):
        await until(lambda: bench.time.waiting == [1.0])
        bench.append(100)
        await until(lambda: len(bench.sink.bodies) == 2)
    bench.journal.close()
    again = Bench(tmp_path)
    assert again.stats.carried == 51
    async with running(again.deliverer):
        await again.delivered()
    stored = [*bench.sink.stored, *again.sink.stored]
    assert {*stored} == {line(n) for n in (*range(60), 100)}
    again.journal.close()


@pytest.mark.parametrize("in_flight", [1, 3])
@settings(deadline=None, max_examples=60)
@given(data=st.data())
async def test_whatever_happens_each_point_is_delivered_once(
    tmp_path_factory, in_flight, data
):
    """Appends, failures, passing time and cancelled runs in any order."""
    bench = Bench(
        tmp_path_factory.mktemp("lane"),
        max_points=4,
        in_flight=in_flight,
        drain_rate=data.draw(st.sampled_from([0, 4])),
    )
    bench.append(*range(30), record=2)
    bench.time.now += 60
    count = 30
    failed = False
    steps = st.lists(st.sampled_from("aaftcso"), max_size=25)
    for step in data.draw(steps):
        async with running(bench.deliverer):
            if step == "a":
                bench.append(count, count + 1, record=1)
                count += 2
            elif step == "f":
                bench.sink.script.append(Retry("no", sent=False))
                failed = True
            elif step == "o":  # one more outage
                bench.append(*range(count, count + 8), record=2)
                bench.time.now += 60
                count += 8
            elif step == "t" and bench.time.waiting:
                await bench.time.tick()
            for _ in range(data.draw(st.integers(0, 12))):
                await asyncio.sleep(0)
            bench.balance()
    async with running(bench.deliverer):
        while bench.stats.pending:
            if bench.time.waiting:
                await bench.time.tick()
            await asyncio.sleep(0)
    bench.balance()
    assert {*bench.sink.stored} == {line(n) for n in range(count)}
    assert bench.stats.written == count
    if not failed:
        assert bench.stats.backlog == 0
    bench.journal.close()
