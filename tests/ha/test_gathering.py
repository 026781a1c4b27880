"""Lone state events wait for one another; everything else keeps its place and time."""

import pytest

from tests.ha.home import event
from tests.ha.waiting import Waiting, change

PONG = b'{"id":7,"type":"pong"}'


@pytest.fixture
def rig():
    """Return a rig; the loop is running."""
    return Waiting()


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
