"""A socket is left alone between events that may wait, and nothing is lost by it."""

import asyncio

import pytest

from hiq.ha import connection as connection_module
from hiq.ha.reading import next_read
from tests.ha.home import event
from tests.ha.waiting import Waiting, change


class Resting(Waiting):
    """The rig of lone events, with a socket that may rest."""

    def __init__(self):
        super().__init__()
        self.connection.may_rest = True

    @property
    def connection(self):
        return self.intake.connection

    @property
    def rests(self):
        """Whether the socket is left alone at this moment."""
        return not self.connection._transport.underlying_transport.is_reading()

    async def two(self, peer, first=1):
        """Let two lone events come; the first of them starts a wait."""
        asked, began = self.asked, self.began
        for number in (first, first + 1):
            peer.frame(1, change(number))
            await self.until(lambda number=number: self.asked > asked + number - first)
        assert self.began == began + 1

    async def caught_up(self):
        """Let the loop read until all that was sent is there."""
        assert self.gathering.flush()
        await next_read()
        self.gathering.flush()


@pytest.fixture
def rig():
    """Return a rig; the loop is running."""
    return Resting()


async def test_what_comes_behind_the_second_stays_in_the_socket(rig):
    """With the flush it is read in one go, in order, and the socket rests no more."""
    async with rig.talking() as peer:
        await rig.two(peer)
        assert rig.rests
        for number in range(3, 10):
            peer.frame(1, change(number))
        await rig.caught_up()
        assert rig.values() == [float(number) for number in range(1, 10)]
        assert (rig.asked, rig.rests) == (2, False)
        assert [kind for kind, _ in rig.intake.log] == ["read"]


async def test_a_flush_without_a_rest_says_so(rig):
    """One lone event leaves the socket as it is."""
    async with rig.talking() as peer:
        assert rig.gathering.flush() is False
        peer.frame(1, change(1))
        await rig.until_began(1)
        assert not rig.rests
        assert rig.gathering.flush() is False


async def test_it_does_not_rest_while_an_answer_is_due(rig):
    """Who waits for an answer gets it when it comes."""
    rig.connection.may_rest = False
    async with rig.talking() as peer:
        await rig.two(peer)
        assert not rig.rests


@pytest.mark.parametrize("size", [pytest.param(1, id="many"), pytest.param(20000)])
async def test_it_does_not_rest_in_a_fast_stream(rig, size):
    """What came until the last flush would not have had room in the socket."""
    rig.connection.may_rest = False
    async with rig.talking() as peer:
        peer.frame(1, change(1))
        await rig.until_began(1)
        for _ in range(33 if size == 1 else 3):
            asked, reads = rig.asked, len(rig.intake.log)
            peer.frame(1, event("a.b", "x" * size).encode())
            if size == 1:
                await rig.until(lambda asked=asked: rig.asked > asked)
            else:  # too large to wait
                await rig.intake.until(lambda reads=reads: len(rig.intake.log) > reads)
        rig.connection.may_rest = True
        rig.gathering.flush()
        rig.intake.pipeline.take()
        await rig.two(peer, 10)
        assert not rig.rests
        rig.gathering.flush()
        await rig.two(peer, 12)
        assert rig.rests


async def test_a_rest_ends_by_itself(rig, monkeypatch):
    """Whoever forgets the flush: a socket that is not read would be cut."""
    monkeypatch.setattr(connection_module, "REST_S", 0.1)
    async with rig.talking() as peer:
        await rig.two(peer)
        assert rig.rests
        peer.frame(9, b"ping")
        assert (await peer.read_frame())[0] == 10
        assert rig.values() == [1.0, 2.0]


async def test_a_full_memory_outlasts_a_rest(rig):
    """The two reasons not to read do not undo each other."""
    async with rig.talking() as peer:
        await rig.two(peer)
        rig.connection.pause_reading()
        assert rig.gathering.flush()
        assert rig.rests
        rig.connection.resume_reading()
        assert not rig.rests
        rig.connection.pause_reading()
        rig.connection.rest()
        rig.connection.resume_reading()
        assert not rig.rests
        await rig.two(peer, 3)
        rig.connection.pause_reading()
        rig.connection.resume_reading()
        assert rig.rests


async def test_closing_wakes_it(rig):
    """The goodbye of the other side is read."""
    async with rig.talking() as peer:
        await rig.two(peer)
        assert rig.rests
        closing = asyncio.create_task(rig.connection.close())
        assert (await peer.read_frame())[0] == 8
        peer.frame(8, (1000).to_bytes(2))
        await closing
        assert rig.connection.ended
        assert rig.values() == [1.0, 2.0]
