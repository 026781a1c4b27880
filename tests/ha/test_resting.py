"""A socket is left alone between events that may wait, and nothing is lost by it."""

import asyncio

import pytest

from hiq.ha import connection as connection_module
from hiq.ha.reading import next_read
from tests.ha.home import event
from tests.ha.lane import DEADLINE
from tests.ha.server import frame_bytes
from tests.ha.waiting import Waiting, change


class Resting(Waiting):
    """The rig of lone events, with a socket that may rest."""

    def __init__(self, within_s=0.0):
        super().__init__(within_s)
        self.connection.may_rest = True

    @property
    def connection(self):
        return self.intake.connection

    @property
    def rests(self):
        """Whether the socket is left alone at this moment."""
        return not self.connection._transport.underlying_transport.is_reading()

    async def one(self, peer, number=0):
        """Let a lone event come that is the first to wait."""
        began = self.began
        peer.frame(1, change(number))
        await self.until_began(began + 1)

    async def some(self, peer, count=2):
        """Let lone events come until a flush; the next one may rest the socket."""
        may_rest, self.connection.may_rest = self.connection.may_rest, False
        for _ in range(count):
            asked = self.asked
            peer.frame(1, change(0))
            await self.until(lambda asked=asked: self.asked > asked)
        self.gathering.flush()
        self.intake.pipeline.take()
        self.connection.may_rest = may_rest

    def burst(self, peer, count, size=1):
        """Put so many messages into the socket, so that one read gets all."""
        frame = frame_bytes(1, event("a.b", "1" * size).encode())
        peer.writer.write(frame * count)

    async def read(self, received):
        """Flush once; return when so many have been received, which one read brings."""
        assert self.gathering.flush()
        await self.intake.until(lambda: self.intake.stats.received >= received)

    async def caught_up(self, received):
        """Flush, and let the loop read until so many have been received."""
        assert self.gathering.flush()
        async with asyncio.timeout(DEADLINE):
            while self.intake.stats.received < received:
                await next_read()
                self.gathering.flush()


@pytest.fixture
def rig():
    """Return a rig whose flushes come at once; the loop is running."""
    return Resting()


@pytest.fixture
def patient():
    """Return a rig whose flushes may take a quarter of a second."""
    return Resting(0.25)


async def test_what_comes_behind_the_first_stays_in_the_socket(rig):
    """With the flush it is read, in order, and the socket rests no more."""
    async with rig.talking() as peer:
        await rig.some(peer)
        await rig.one(peer, 1)
        assert rig.rests
        asked = rig.asked
        for number in range(2, 10):
            peer.frame(1, change(number))
        for _ in range(5):
            await asyncio.sleep(0)
        assert (rig.asked, rig.intake.log) == (asked, [])
        await rig.caught_up(2 + 9)
        assert rig.values() == [float(number) for number in range(1, 10)]
        assert not rig.rests


@pytest.mark.parametrize("count", [0, 1])
async def test_it_does_not_rest_where_it_is_not_worth_it(rig, count):
    """Few wake nobody."""
    async with rig.talking() as peer:
        await rig.some(peer, count)
        await rig.one(peer)
        assert not rig.rests
        assert rig.gathering.flush() is False
        await rig.some(peer)
        await rig.one(peer)
        assert rig.rests


@pytest.mark.parametrize(("count", "size"), [(60, 1), (12, 9000)])
async def test_it_rests_shortly_where_much_comes(patient, monkeypatch, count, size):
    """Many small ones, or a few large ones, have room for a part of the time only.

    Nobody flushes here: what came meanwhile is read, and the socket rests again.
    """
    monkeypatch.setattr(connection_module, "REST_S", DEADLINE * 2)
    intake = patient.intake
    async with patient.talking() as peer:
        await patient.some(peer)
        await asyncio.sleep(0.2)
        await patient.one(peer)
        patient.burst(peer, count, size)
        await asyncio.sleep(0.2)
        received = 2 + 1 + count
        await patient.read(received)
        for _ in range(3):
            assert patient.rests
            patient.burst(peer, count // 2, size)
            received += count // 2
            await intake.until(lambda r=received: intake.stats.received == r)


async def test_it_does_not_rest_in_a_flood(patient):
    """What comes that fast is read together as it is, and would soon fill the socket."""
    async with patient.talking() as peer:
        await patient.some(peer)
        await patient.one(peer)
        patient.gathering.flush()
        patient.burst(peer, 5000)
        await patient.intake.until(
            lambda: patient.intake.stats.received == 2 + 1 + 5000
        )
        await patient.one(peer)
        assert not patient.rests


async def test_it_rests_again_behind_what_it_held_back(rig):
    """It does not wait for a first event, but a flush is told to come."""
    async with rig.talking() as peer:
        await rig.some(peer)
        await rig.one(peer)
        rig.burst(peer, 8)
        await rig.read(2 + 1 + 8)
        assert rig.rests
        assert rig.began == 3
        assert len(rig.values()) == 9
        rig.burst(peer, 1)
        for _ in range(5):
            await asyncio.sleep(0)
        assert rig.intake.stats.received == 2 + 1 + 8
        rig.gathering.flush()
        await rig.until_began(4)
        assert not rig.rests
        rig.gathering.flush()
        assert rig.values() == [1.0]


async def test_one_read_gets_all_that_may_be_held_back(rig):
    """Else it would rest again in front of what is still in the socket."""
    async with rig.talking() as peer:
        await rig.some(peer)
        await rig.one(peer)
        rig.burst(peer, 31, 1000)
        await rig.read(2 + 1 + 31)
        reads = [counted for kind, counted in rig.intake.log if kind == "read"]
        assert (reads, rig.rests) == ([2 + 1 + 31], True)


async def test_what_comes_before_the_first_event_is_no_stream(rig):
    """The answers behind a connect do not say how much comes later."""
    async with rig.talking() as peer:
        rig.burst(peer, 8)
        await rig.intake.until(lambda: rig.intake.stats.received == 8)
        await rig.one(peer)
        assert not rig.rests


@pytest.mark.parametrize("against", ["live", "answer"])
async def test_it_does_not_rest_again_where_that_is_not_good(rig, against):
    """It is read as ever then, and nobody is told to come."""
    async with rig.talking() as peer:
        await rig.some(peer)
        await rig.one(peer)
        rig.burst(peer, 8)
        rig.may_wait = against != "live"
        rig.connection.may_rest = against != "answer"
        await rig.read(2 + 1 + 8)
        assert not rig.rests
        assert rig.began == 2


async def test_it_does_not_rest_while_an_answer_is_due(rig):
    """Who waits for an answer gets it when it comes."""
    rig.connection.may_rest = False
    async with rig.talking() as peer:
        await rig.some(peer)
        await rig.one(peer)
        assert not rig.rests


async def test_a_rest_ends_by_itself(rig, monkeypatch):
    """Whoever forgets the flush: a socket that is not read would be cut."""
    monkeypatch.setattr(connection_module, "REST_S", 0.1)
    async with rig.talking() as peer:
        await rig.some(peer)
        await rig.one(peer, 1)
        assert rig.rests
        peer.frame(9, b"ping")
        assert (await peer.read_frame())[0] == 10
        assert rig.values() == [1.0]


async def test_a_full_memory_outlasts_a_rest(rig):
    """The two reasons not to read do not undo each other."""
    async with rig.talking() as peer:
        await rig.some(peer)
        await rig.one(peer)
        rig.connection.pause_reading()
        assert rig.gathering.flush()
        assert rig.rests
        rig.connection.resume_reading()
        assert not rig.rests
        rig.connection.pause_reading()
        rig.connection.rest()
        rig.connection.resume_reading()
        assert not rig.rests
        await rig.some(peer)
        await rig.one(peer)
        rig.connection.pause_reading()
        rig.connection.resume_reading()
        assert rig.rests


async def test_closing_wakes_it(rig):
    """The goodbye of the other side is read."""
    async with rig.talking() as peer:
        await rig.some(peer)
        await rig.one(peer, 1)
        assert rig.rests
        closing = asyncio.create_task(rig.connection.close())
        assert (await peer.read_frame())[0] == 8
        peer.frame(8, (1000).to_bytes(2))
        await closing
        assert rig.connection.ended
        assert rig.values() == [1.0]
