"""What waits outside of the pump, in front of a commit or in a socket that rests."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager

from tests.journal.clockwork import until
from tests.journal.pumping import bench, frame, running

__all__ = ["bench"]


@asynccontextmanager
async def resting(bench, state=None):
    """Run the pump beside a socket that is read for a commit only; yield its peer.

    Each byte is an event, and a read gets ten of them.
    """
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()

    def read():
        bench.feed(*(frame(number, state) for number in ours.recv(10)))

    def gathered():
        loop.add_reader(ours, read)
        return True

    bench.pump.gathered = gathered
    with ours, theirs:
        async with running(bench.pump):
            yield theirs
        loop.remove_reader(ours)


async def commits(bench, meanwhile):
    """Let the first commit come, and something happen while it is waited for."""
    await until(lambda: bench.time.waiting == [0.25])
    meanwhile()
    await bench.time.tick()
    await until(lambda: bench.commits == 1)


async def test_what_is_expected_is_fetched_when_its_commit_begins(bench):
    """Frames that waited outside of the pipeline count from the first one on."""
    fetched = []

    def gathered():
        fetched.append(bench.time())
        bench.feed(*[frame(number) for number in range(3) if len(fetched) == 1])

    bench.pump.gathered = gathered
    async with running(bench.pump):
        began = bench.time()
        bench.pump.expect()
        await until(lambda: bench.time.waiting == [0.25])
        bench.pump.expect()
        assert fetched == []
        await bench.time.tick()
        await until(lambda: bench.commits == 1)
    assert fetched[0] == began + 0.25
    assert len(bench.lines()) == 3


async def test_what_a_socket_holds_back_is_read_before_the_commit(bench):
    """It is in the same record as what has been read before."""
    async with resting(bench) as peer:
        bench.feed(frame(1))
        await commits(bench, lambda: peer.send(bytes([2])))
    assert len(bench.lines()) == 2


async def test_a_socket_that_holds_more_than_a_read_is_read_to_its_end(bench):
    """All that had come is in the commit that it waited for."""
    async with resting(bench, "y" * 900) as peer:
        bench.pump.expect()
        await commits(bench, lambda: peer.send(bytes(range(35))))
    assert len(bench.lines()) == 35


async def test_what_is_expected_anew_has_a_commit_of_its_own(bench):
    """Who is read for one commit may begin to wait for the next one at once."""
    flushed = []

    def read():
        bench.feed(frame(len(flushed)))
        if len(flushed) == 1:
            bench.pump.expect()

    def gathered():
        flushed.append(bench.time())
        asyncio.get_running_loop().call_soon(read)
        return True

    bench.pump.gathered = gathered
    async with running(bench.pump):
        began = bench.time()
        bench.pump.expect()
        await until(lambda: bench.time.waiting == [0.25])
        await bench.time.tick()
        await until(lambda: bench.commits == 1 and bench.time.waiting == [0.25])
        await bench.time.tick()
        await until(lambda: bench.commits == 2)
        for _ in range(20):
            await asyncio.sleep(0)
        assert bench.time.waiting == []
    assert flushed == [began + 0.25, began + 0.5]
    assert len(bench.lines()) == 2


async def test_an_expectation_that_comes_to_nothing_ends_with_its_commit(bench):
    """Nothing is written, and the pump rests; stopping fetches what is expected."""
    bench.pump.gathered = lambda: None
    async with running(bench.pump):
        bench.pump.expect()
        await until(lambda: bench.time.waiting == [0.25])
        await bench.time.tick()
        for _ in range(20):
            await asyncio.sleep(0)
        assert (bench.time.waiting, bench.commits) == ([], 0)
    bench.pump.gathered = lambda: bench.feed(frame(1)) if not bench.commits else None
    bench.pump.expect()
    assert await bench.pump.drain(5.0)
    assert len(bench.lines()) == 1
