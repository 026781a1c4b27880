"""What can go wrong while a connection is made."""

import asyncio

import pytest

from hiq.errors import ConnectionLost
from tests.ha.inbox import DEADLINE, Inbox
from tests.ha.server import serving_raw

pytestmark = pytest.mark.usefixtures("listener", "nothing_left_behind")


async def nothing(peer):
    """Wait until the client leaves without a word."""
    await peer.reader.read()


async def test_close_before_opening_is_nothing():
    """Closing what was never opened does no harm; waiting for it is an error."""
    inbox = Inbox()
    await inbox.connection.close()
    inbox.connection.pause_reading()
    inbox.connection.resume_reading()
    with pytest.raises(ConnectionLost, match="never made"):
        await inbox.connection.wait()


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "502; Home Assi"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "banned"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "path right"),
        (
            b"HTTP/1.1 301 Moved\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n",
            "redirects to https://x/: write that",
        ),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "does not speak WebSocket"),
        (b"\xff\xfe\x00garbage\r\n\r\n", "does not speak WebSocket"),
        (b"", "hung up"),
    ],
)
async def test_what_is_no_websocket_is_a_loss_with_a_hint(response, reason):
    """A refused handshake says what came instead, and what to do."""

    async def handler(peer):
        pass

    async with serving_raw(handler, response) as url:
        with pytest.raises(ConnectionLost, match=reason):
            await Inbox().connection.open(url, deadline_s=DEADLINE)


async def test_a_server_that_accepts_and_says_nothing_is_left():
    """The handshake has a deadline."""
    async with serving_raw(nothing, b"HTTP/1.1 101 ") as url:
        with pytest.raises(
            ConnectionLost, match=r"does not answer in 0\.05 s"
        ) as caught:
            await Inbox().connection.open(url, deadline_s=0.05)
    assert isinstance(caught.value.__cause__, TimeoutError)


async def test_opening_can_be_given_up():
    """`abandon` ends a handshake that hangs, at once."""
    asked = asyncio.Event()

    async def handler(peer):
        asked.set()
        await nothing(peer)

    async with serving_raw(handler, b"HTTP/1.1 101 ") as url:
        inbox = Inbox()

        async def give_up():
            await asked.wait()
            inbox.connection.abandon()

        async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
            group.create_task(give_up())
            with pytest.raises(ConnectionLost):
                await inbox.connection.open(url, deadline_s=1000)


async def test_opening_can_be_cancelled():
    """Who is cancelled while the handshake hangs ends as cancelled, with no other error."""
    asked = asyncio.Event()

    async def handler(peer):
        asked.set()
        await nothing(peer)

    async with serving_raw(handler, b"HTTP/1.1 101 ") as url:
        opening = asyncio.ensure_future(Inbox().connection.open(url, deadline_s=1000))
        async with asyncio.timeout(DEADLINE):
            await asked.wait()
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
