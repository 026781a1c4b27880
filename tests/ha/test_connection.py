"""One picows connection against an independent server, and against bad ones."""

import asyncio

import pytest

from hiq.errors import ConnectionLost, ProtocolError
from hiq.ha.connection import Connection
from tests.ha.inbox import DEADLINE, Inbox
from tests.ha.server import serving, serving_raw

pytestmark = pytest.mark.usefixtures("listener", "nothing_left_behind")


async def goodbye(peer):
    """Wait until the client says goodbye, and answer."""
    while (await peer.read_frame())[0] != 8:
        pass
    peer.frame(8, b"")


async def test_messages_arrive_whole_and_in_order():
    """Single, fragmented and empty messages come as one call each."""

    async def handler(socket):
        await socket.send("one")
        await socket.send(["t", "w", "", "o"])
        await socket.send("")
        await socket.send("\u00e9" * 100_000)
        await socket.wait_closed()

    async with serving(handler) as url:
        inbox = Inbox()
        await inbox.connection.open(url)
        await inbox.until(4)
        await inbox.connection.close()
    assert inbox.messages == [b"one", b"two", b"", "\u00e9".encode() * 100_000]
    assert inbox.ended == 1


async def test_texts_are_sent():
    """The server gets what was sent, as text."""
    got = asyncio.Queue()

    async def handler(socket):
        async for message in socket:
            got.put_nowait(message)

    async with serving(handler) as url, asyncio.timeout(DEADLINE):
        inbox = Inbox()
        await inbox.connection.open(url)
        inbox.connection.send(b'{"id":1}')
        assert await got.get() == '{"id":1}'
        await inbox.connection.close()
        inbox.connection.send(b"after the end: no effect")
    assert got.empty()


async def test_one_read_is_one_batch_also_with_a_ping_at_its_end():
    """Messages that come together end in one batch; a ping is answered, no message."""

    async def handler(peer):
        peer.frame(1, b"a")
        peer.frame(1, b"b", fin=False)
        peer.frame(9, b"are you there")
        peer.frame(0, b"c")
        peer.frame(9, b"last")
        assert await peer.read_frame() == (10, b"are you there")
        assert await peer.read_frame() == (10, b"last")
        peer.frame(10, b"unasked pong")
        peer.frame(1, b"d")
        await goodbye(peer)

    async with serving_raw(handler) as url:
        inbox = Inbox()
        await inbox.connection.open(url)
        await inbox.until(3)
        await inbox.connection.close()
    assert inbox.batches == [[b"a", b"bc"], [b"d"]]


@pytest.mark.parametrize(("code", "text"), [(1000, ""), (1001, "going"), (1012, "")])
async def test_a_close_frame_is_a_loss_with_its_code(code, text):
    """Home Assistant also says 1000 to a client that was too slow."""

    async def handler(socket):
        await socket.close(code, text)

    async with serving(handler) as url:
        inbox = Inbox()
        await inbox.connection.open(url)
        loss = await inbox.loss()
    assert isinstance(loss, ConnectionLost)
    assert loss.code == code
    assert loss.reason == (text or "the peer closed the connection")


CODES = [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999]
ANSWERS = [(b"", 1000), *((code.to_bytes(2) + b"why", code) for code in CODES)]


@pytest.mark.parametrize(("payload", "code"), ANSWERS)
async def test_a_close_frame_is_answered_with_its_code(payload, code):
    """One without a code is answered with 1000; what comes behind is not delivered."""
    answers = asyncio.Queue()

    async def handler(peer):
        peer.frame(1, b"before")
        peer.frame(8, payload)
        peer.frame(1, b"behind")
        answers.put_nowait(await peer.read_frame())

    async with serving_raw(handler) as url:
        inbox = Inbox()
        await inbox.connection.open(url)
        loss = await inbox.loss()
        assert await answers.get() == (8, code.to_bytes(2))
    assert isinstance(loss, ConnectionLost)
    assert loss.code == (code if payload else 1005)
    assert inbox.messages == [b"before"]


@pytest.mark.parametrize(
    "payload",
    [code.to_bytes(2) for code in (0, 999, 1004, 1005, 1006, 1015, 2999)]
    + [b"\x03", b"\x03\xe8\xff"],
)
async def test_a_close_frame_that_may_not_be_is_refused(payload):
    """Codes that are never sent, half a code and a reason that is no UTF-8."""
    answers = asyncio.Queue()

    async def handler(peer):
        peer.frame(8, payload)
        answers.put_nowait(await peer.read_frame())

    async with serving_raw(handler) as url:
        inbox = Inbox()
        await inbox.connection.open(url)
        assert isinstance(await inbox.loss(), ProtocolError)
        opcode, said = await answers.get()
    assert opcode == 8
    assert int.from_bytes(said[:2]) in {1002, 1007}


async def test_binary_messages_go_to_who_wants_them():
    """Text and binary messages in fragments are told apart; so are those sent."""
    got = asyncio.Queue()

    async def handler(socket):
        await socket.send([b"bi", b"nary"])
        await socket.send("text")
        async for message in socket:
            got.put_nowait(message)

    binaries = []
    async with serving(handler) as url, asyncio.timeout(DEADLINE):
        inbox = Inbox(on_binary=lambda data: binaries.append(bytes(data)))
        await inbox.connection.open(url)
        await inbox.until(1)
        inbox.connection.send(b"b", binary=True)
        inbox.connection.send(b"t")
        assert [await got.get(), await got.get()] == [b"b", "t"]
        await inbox.connection.close()
    assert (binaries, inbox.messages) == ([b"binary"], [b"text"])


async def test_a_broken_connection_is_1006():
    """An end without a close frame is a loss too."""

    async def handler(peer):
        peer.frame(1, b"half", fin=False)
        await peer.writer.drain()

    async with serving_raw(handler) as url:
        inbox = Inbox()
        await inbox.connection.open(url)
        loss = await inbox.loss()
    assert isinstance(loss, ConnectionLost)
    assert loss.code == 1006
    assert inbox.messages == []


VIOLATIONS = {
    "binary": [(2, b"x", True, 0)],
    "extension": [(1, b"x", True, 0x40)],
    "orphan": [(0, b"x", True, 0)],
    "inside": [(1, b"x", False, 0), (1, b"y", True, 0)],
    "opcode": [(3, b"x", True, 0)],
    "control": [(9, b"x", False, 0)],
    "too big": [(1, b"x" * 2000, True, 0)],
    "sum too big": [(1, b"x" * 600, False, 0), (0, b"x" * 600, True, 0)],
}


@pytest.mark.parametrize("name", VIOLATIONS)
async def test_a_broken_protocol_ends_the_connection(name):
    """What RFC 6455 or the size forbids is a protocol error; the server is told."""
    closed = asyncio.Queue()

    async def handler(peer):
        for opcode, payload, fin, rsv in VIOLATIONS[name]:
            peer.frame(opcode, payload, fin=fin, rsv=rsv)
        closed.put_nowait(await peer.read_frame())

    async with serving_raw(handler) as url:
        inbox = Inbox(max_message_bytes=1000)
        await inbox.connection.open(url)
        loss = await inbox.loss()
        opcode, payload = await closed.get()
    assert isinstance(loss, ProtocolError)
    assert ("raise home_assistant.max_message_bytes" in str(loss)) == ("big" in name)
    assert opcode == 8
    code = {"binary": 1003, "too big": 1009, "sum too big": 1009}.get(name, 1002)
    assert int.from_bytes(payload[:2]) == code
    assert inbox.messages == []


async def test_the_size_limit_is_reached_exactly():
    """A message of the permitted size passes, whole or in parts."""

    async def handler(socket):
        await socket.send("x" * 3_000_000)
        await socket.send(["y" * 1_000_000] * 3)
        await socket.wait_closed()

    async with serving(handler) as url:
        inbox = Inbox(max_message_bytes=3_000_000)
        await inbox.connection.open(url)
        await inbox.until(2)
        await inbox.connection.close()
    assert [len(message) for message in inbox.messages] == [3_000_000, 3_000_000]


async def test_an_exception_of_a_callback_comes_out():
    """A fault in a callback ends the connection, is raised, and stops deliveries."""
    calls = []

    def fault(payload):
        calls.append(bytes(payload))
        raise ZeroDivisionError

    async def handler(peer):
        peer.frame(1, b"a")
        peer.frame(1, b"b")
        await goodbye(peer)

    async with serving_raw(handler) as url, asyncio.timeout(DEADLINE):
        connection = Connection(fault, lambda: None, lambda: None)
        await connection.open(url)
        with pytest.raises(ZeroDivisionError):
            await connection.wait()
        await connection.close()
    assert calls == [b"a"]


async def test_a_paused_connection_reads_nothing():
    """While paused the server's data stays in the network; then all of it comes."""
    written = asyncio.Event()

    async def handler(peer):
        await peer.read_frame()
        peer.frame(1, b"x")
        await peer.writer.drain()
        written.set()
        await goodbye(peer)

    async with serving_raw(handler) as url, asyncio.timeout(DEADLINE):
        inbox = Inbox()
        await inbox.connection.open(url)
        inbox.connection.pause_reading()
        inbox.connection.pause_reading()
        inbox.connection.send(b"go")
        await written.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert inbox.messages == []
        inbox.connection.resume_reading()
        await inbox.until(1)
        await inbox.connection.close()


async def test_close_does_not_wait_for_a_peer_that_hangs():
    """A peer that never answers the close frame is left after the deadline."""

    async def handler(peer):
        await asyncio.Event().wait()

    async with serving_raw(handler) as url, asyncio.timeout(DEADLINE):
        inbox = Inbox()
        await inbox.connection.open(url)
        await inbox.connection.close(deadline_s=0.01)
        await inbox.connection.close(deadline_s=0.01)
        await inbox.connection.wait()
    assert inbox.ended == 1
