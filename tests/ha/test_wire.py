"""The same wire with and without TLS, for both listeners and with a real pipeline.

The server writes bytes as it likes: in one piece, one by one, 64 MiB at once.
"""

import asyncio
from functools import partial

import pytest

from hiq.errors import ConnectionLost, ProtocolError
from hiq.ha.opening import tls_context
from hiq.ha.reading import READ_BYTES, BoundedReads, bound_reads
from tests.ha.home import event
from tests.ha.inbox import Inbox
from tests.ha.lane import DEADLINE, Intake
from tests.ha.server import frame_bytes, serving_raw

pytestmark = pytest.mark.usefixtures("listener")
MIB = 1024 * 1024


@pytest.fixture(params=["plain", "tls"])
def wire(request):
    """Give the server's and the client's side of the encryption, or None for both."""
    if request.param == "plain":
        return None, None
    cert, server = request.getfixturevalue("certificate")
    return server, tls_context(verify=True, ca_cert=cert)


def change(i, size=0):
    """One state_changed message of at least so many bytes."""
    text = event("a.b", str(i), i % 60)
    return (text[:-1] + " " * (size - len(text)) + "}").encode()


async def goodbye(peer):
    """Wait until the client says goodbye, and answer."""
    while (await peer.read_frame())[0] != 8:
        pass
    peer.frame(8, b"")


async def test_everything_at_once_and_byte_by_byte(wire):
    """How the bytes are cut by the network makes no difference to what arrives."""
    whole = change(3)
    stream = b"".join(
        (
            frame_bytes(1, change(1)),
            frame_bytes(1, whole[:50], fin=False),
            frame_bytes(9, b"ping"),
            frame_bytes(0, whole[50:-50], fin=False),
            frame_bytes(0, b"", fin=False),
            frame_bytes(0, whole[-50:]),
            frame_bytes(10, b"unasked"),
            frame_bytes(1, b"[" + change(4) + b"," + change(5) + b"]"),
            frame_bytes(1, b""),
            frame_bytes(1, b'{"id":7,"type":"pong"}'),
        )
    )
    outcomes = []
    for step in (len(stream), 1000, 7, 1):

        async def handler(peer, step=step):
            for at in range(0, len(stream), step):
                peer.writer.write(stream[at : at + step])
                await peer.writer.drain()
                await asyncio.sleep(0)
            assert await peer.read_frame() == (10, b"ping")
            await goodbye(peer)

        intake = Intake()
        async with serving_raw(handler, tls=wire[0]) as url:
            await intake.connection.open(url, tls=wire[1], deadline_s=DEADLINE)
            await intake.until(lambda it=intake: ("passed", PONG) in it.log)
            await intake.connection.close()
        stats = intake.stats
        outcomes.append((stats.received, stats.bad_frames, stats.ha.frames))
        lines = intake.pipeline.take().splitlines()
        assert [line.split()[-2][6:-2] for line in lines] == [b"1", b"3", b"4", b"5"]
    assert outcomes == [(4, 1, 5)] * 4


PONG = b'{"id":7,"type":"pong"}'


@pytest.mark.parametrize("parts", [1, 5])
async def test_a_message_of_64_mib_is_taken(wire, parts):
    """The biggest message allowed, in one frame or in fragments, and one behind it."""
    size = 64 * MIB
    big = change(1, size)
    assert len(big) == size

    async def handler(peer):
        step = -(-size // parts)
        for at in range(0, size, step):
            last = at + step >= size
            peer.frame(1 if at == 0 else 0, big[at : at + step], fin=last)
            await peer.writer.drain()
        peer.frame(1, change(2))
        await goodbye(peer)

    intake = Intake()
    async with serving_raw(handler, tls=wire[0]) as url:
        await intake.connection.open(url, tls=wire[1], deadline_s=DEADLINE)
        await intake.until(lambda: intake.stats.received == 2)
        await intake.connection.close()
    assert intake.stats.ha.bytes == size + len(change(2))
    assert intake.pipeline.buffered_points == 2


async def test_a_message_of_a_byte_more_is_refused(wire):
    """The server is told 1009, before it has sent the message."""
    told = asyncio.Queue()

    async def handler(peer):
        peer.writer.write(frame_bytes(1, change(1)))
        peer.writer.write(bytes([0x81, 127]) + (64 * MIB + 1).to_bytes(8))
        told.put_nowait(await peer.read_frame())

    intake = Intake()
    async with serving_raw(handler, tls=wire[0]) as url:
        await intake.connection.open(url, tls=wire[1], deadline_s=DEADLINE)
        loss = await intake.loss()
        opcode, said = await told.get()
    assert isinstance(loss, ProtocolError)
    assert (opcode, int.from_bytes(said[:2])) == (8, 1009)
    assert intake.stats.received == 1


@pytest.mark.parametrize(
    ("payload", "code"), [(b"", 1005), (b"\x03\xe8", 1000), (b"\x0f\xa0bye", 4000)]
)
async def test_what_came_before_the_goodbye_is_fed(wire, payload, code):
    """Events in the same read as the close frame count; the loss has its code."""

    async def handler(peer):
        peer.writer.write(
            frame_bytes(1, change(1)) + frame_bytes(1, change(2))
            + frame_bytes(8, payload) + frame_bytes(1, change(3))
        )  # fmt: skip
        await peer.read_frame()

    intake = Intake()
    async with serving_raw(handler, tls=wire[0]) as url:
        await intake.connection.open(url, tls=wire[1], deadline_s=DEADLINE)
        loss = await intake.loss()
    assert isinstance(loss, ConnectionLost)
    assert loss.code == code
    assert (intake.stats.received, intake.log[-1]) == (2, ("read", 2))


async def test_what_piled_up_is_read_bit_by_bit(wire, monkeypatch):
    """After a pause no read is longer than the bound and the frame that it completes."""
    limit, size, count = 64 * 1024, 5_000, 600
    monkeypatch.setattr(
        "hiq.ha.connection.bound_reads", partial(bound_reads, limit=limit)
    )

    async def handler(peer):
        await peer.read_frame()
        peer.writer.write(frame_bytes(1, b"x" * size) * count)
        await goodbye(peer)

    async with serving_raw(handler, tls=wire[0]) as url:
        inbox = Inbox()
        await inbox.connection.open(url, tls=wire[1], deadline_s=DEADLINE)
        inbox.connection.pause_reading()
        inbox.connection.send(b"go")
        await asyncio.sleep(0.05)
        inbox.connection.resume_reading()
        await inbox.until(count)
        await inbox.connection.close()
    reads = [sum(map(len, batch)) for batch in inbox.batches]
    assert sum(reads) == size * count
    assert max(reads) <= limit + size
    assert max(reads) > limit // 4 - size  # so many, not one by one


def test_room_within_the_bound_is_given_as_it_is():
    """Short room is not cut, and everything but the room is picows' own."""

    class Inner(asyncio.BufferedProtocol):
        def get_buffer(self, sizehint):
            return memoryview(bytearray(sizehint))

    inner = Inner()
    bounded = BoundedReads(inner, READ_BYTES)
    assert len(bounded.get_buffer(10)) == 10
    assert len(bounded.get_buffer(READ_BYTES + 1)) == READ_BYTES
    assert bounded.buffer_updated == inner.buffer_updated
