"""Small news wait for the end of the time after the last request, large ones do not."""

from __future__ import annotations

import asyncio

from hiq.linger import Linger
from tests.journal.clockwork import until
from tests.journal.delivery import Bench


class Bell:
    """Counts rings; its time passes on command only."""

    def __init__(self) -> None:
        self.rings = 0
        self.now = 100.0

    def ring(self) -> None:
        self.rings += 1


async def test_the_first_news_goes_at_once_and_the_next_waits() -> None:
    """However many come in the time after a request, they ring once, at its end."""
    bell = Bell()
    linger = Linger(0.01, bell.ring, lambda: bell.now)
    linger.news(urgent=False)
    assert bell.rings == 1
    linger.sent()
    for _ in range(5):
        linger.news(urgent=False)
    assert bell.rings == 1
    await until(lambda: bell.rings == 2)
    bell.now += 0.01
    linger.news(urgent=False)
    assert bell.rings == 3


async def test_urgent_news_takes_the_place_of_what_waits() -> None:
    """It rings at once, and the timer is gone; so it is after `stop`."""
    bell = Bell()
    linger = Linger(0.0001, bell.ring, lambda: bell.now)
    linger.sent()
    linger.news(urgent=False)
    linger.news(urgent=True)
    linger.news(urgent=False)
    linger.stop()
    await asyncio.sleep(0.001)
    assert bell.rings == 1


async def test_a_steady_flow_makes_one_request_and_a_drain_waits_for_none(
    tmp_path,
) -> None:
    """What comes soon after a request is held back, until much has come or the end."""
    bench = Bench(tmp_path, linger_s=3600.0, max_points=10)
    task = asyncio.ensure_future(bench.deliverer.run())
    bench.append(1)
    await bench.delivered()
    bench.append(2)
    bench.append(3)
    for _ in range(20):
        await asyncio.sleep(0)
    assert bench.stats.pending == 2
    bench.append(*range(4, 12))
    await bench.delivered()
    assert len(bench.sink.bodies) == 2
    bench.append(12)
    assert await bench.deliverer.drain(20)
    assert len(bench.sink.bodies) == 3
    task.cancel()
    bench.journal.close()
