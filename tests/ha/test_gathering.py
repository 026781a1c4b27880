"""Lone state events wait for one another; everything else keeps its place and time."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from hiq.ha.gathering import Gathering
from tests.ha.home import event
from tests.ha.lane import DEADLINE, Intake
from tests.ha.server import serving_raw

PONG = b'{"id":7,"type":"pong"}'


class Rig:
    """A connection whose lone events wait, and a peer that sends one frame a read."""

    def __init__(self):
        self.may_wait = True
        self.began = 0
        self.asked = 0
        self.changed = asyncio.Event()
        self.gathering = Gathering(self._ask, self._began)
        self.intake = Intake(gathering=self.gathering)

    def _ask(self):
        self.asked += 1
        self.changed.set()
        return self.may_wait

    def _began(self):
        self.began += 1
        self.changed.set()

    async def until(self, condition):
        """Wait until it is so; looked at whenever the listener asks something."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def until_began(self, times):
        """Wait until a first event has waited so many times."""
        await self.until(lambda: self.began >= times)

    def values(self):
        """The values of the lines until now."""
        lines = self.intake.pipeline.take().splitlines()
        return [float(line.split()[-2].partition(b"=")[2]) for line in lines]

    @asynccontextmanager
    async def talking(self):
        """Yield what sends frames; each has been read when it returns.

        A pong of the peer's ping tells that, and is no message.
        """
        peers = asyncio.Queue()
        ended = asyncio.Event()

        async def handler(peer):
            await peer.read_frame()
            await peers.put(peer)
            await ended.wait()

        async with serving_raw(handler) as url:
            await self.intake.connection.open(url)
            self.intake.connection.send(b"go")
            async with asyncio.timeout(DEADLINE):
                yield await peers.get()
            await self.intake.connection.close(0.0)
            ended.set()


def change(number):
    """One state_changed message."""
    return event("a.b", str(number), number % 60).encode()


@pytest.fixture
def rig():
    """Return a rig; the loop is running."""
    return Rig()


async def test_a_lone_event_waits_until_it_is_wanted(rig):
    """The first one says so; nothing is counted, and no read is told, before."""
    async with rig.talking() as peer:
        peer.frame(1, change(1))
        await rig.until_began(1)
        assert (rig.intake.log, rig.values()) == ([], [])
        rig.gathering.flush()
        assert rig.values() == [1.0]
        assert rig.intake.stats.received == 1
        rig.gathering.flush()
        peer.frame(1, change(2))
        await rig.until_began(2)
        rig.gathering.flush()
        assert rig.values() == [2.0]


@pytest.mark.parametrize(
    "behind",
    [
        pytest.param((1, PONG), id="an answer"),
        pytest.param((1, b"[" + change(9) + b"]"), id="several events in one frame"),
        pytest.param((1, b"[" + PONG + b"]"), id="an answer in a list"),
        pytest.param((1, event("a.b", "9" * 9000).encode()), id="a large event"),
    ],
)
async def test_what_may_not_wait_is_read_behind_what_waited(rig, behind):
    """The order is that of the wire."""
    async with rig.talking() as peer:
        peer.frame(1, change(1))
        await rig.until_began(1)
        peer.frame(*behind)
        await rig.intake.until(lambda: rig.intake.log)
        assert rig.intake.stats.received >= 1
        assert rig.values()[0] == 1.0
        assert rig.intake.log[-1][0] == "read"


async def test_a_control_frame_reads_what_waits(rig):
    """So does the end of the connection; nothing that was received is forgotten."""
    async with rig.talking() as peer:
        peer.frame(1, change(1))
        await rig.until_began(1)
        peer.frame(9, b"ping")
        assert (await peer.read_frame())[0] == 10
        assert rig.values() == [1.0]
        peer.frame(1, change(2))
        await rig.until_began(2)
    assert rig.values() == [2.0]


async def test_nothing_waits_for_those_who_want_it_at_once(rig):
    """An event is read as it comes while somebody watches."""
    rig.may_wait = False
    async with rig.talking() as peer:
        peer.frame(1, change(1))
        await rig.intake.until(lambda: rig.intake.log)
    assert (rig.began, rig.values()) == (0, [1.0])


async def test_the_slow_way_begins_behind_what_waited(rig):
    """Who wants frames itself gets none before those are read."""
    async with rig.talking() as peer:
        peer.frame(1, change(1))
        await rig.until_began(1)
        rig.intake.connection.direct = False
        assert rig.values() == [1.0]


async def test_what_waits_is_bounded(rig):
    """Beyond 32 KiB all of it is read, in order."""
    size = len(change(10)) + 4
    fitting = 32 * 1024 // size
    async with rig.talking() as peer:
        for number in range(1, fitting + 1):
            peer.frame(1, change(number))
            await rig.until(lambda number=number: rig.asked == number)
        assert rig.intake.log == []
        peer.frame(1, change(fitting + 1))
        await rig.intake.until(lambda: rig.intake.log)
        assert rig.intake.log == [("read", fitting + 1)]
        assert rig.values() == [float(number) for number in range(1, fitting + 2)]
