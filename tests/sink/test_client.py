"""The client on real sockets: connections are kept, bounded in time, and never guessed."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager

import pytest
from msgspec import structs

from hiq.settings.schema import SinkSettings
from hiq.sink import client as module
from hiq.sink.client import CallFailed, Client

NONE = b"HTTP/1.1 204 No Content\r\n\r\n"


class Server:
    """Answers each request with the next of `answers`; None hangs up, "" is silent."""

    def __init__(self):
        self.answers = []
        self.heads = []
        self.connections = 0

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                answer = self.answers.pop(0) if self.answers else NONE
                if answer is None:
                    return
                size = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
                if b"100-continue" in head and b"413" not in answer:
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                if b"413" not in answer:
                    await reader.readexactly(int(size or 0))
                writer.write(answer)
                if b"close" in answer:
                    return
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(**settings):
    """A server, and a client of it."""
    server = Server()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    made = SinkSettings(name="db", type="influxdb1", url=url, **settings)
    client = Client(made, {"Authorization": "Token x"})
    server.url = url
    try:
        yield server, client
    finally:
        await client.close()
        listener.close()
        await listener.wait_closed()


async def test_one_connection_serves_many_requests():
    """It is opened once, also after answers with bodies of all kinds."""
    async with serving() as (server, client):
        server.answers = [
            b"HTTP/1.1 400 x\r\nContent-Length: 3\r\n\r\nbad",
            b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            NONE,
        ]
        found = [await client.ask("POST", server.url, data=b"x") for _ in range(4)]
        assert [answer.status for answer in found] == [400, 200, 204, 204]
        assert [answer.body for answer in found] == [b"bad", b"hi", b"", b""]
        assert server.connections == 1
        assert all(b"\r\nAuthorization: Token x\r\n" in head for head in server.heads)


async def test_requests_at_once_have_connections_of_their_own():
    """As many as are under way; afterwards they are used again."""
    async with serving() as (server, client):
        for _ in range(2):
            asking = [client.ask("POST", server.url, data=b"x") for _ in range(3)]
            await asyncio.gather(*asking)
        assert server.connections == 3


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 x\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 204 x\r\n\r\n",
        b"HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_a_connection_that_is_spent_is_not_used_again(answer):
    """Closed by the server, or with a body that was announced and never sent."""
    async with serving() as (server, client):
        server.answers = [answer]
        first = await client.ask("POST", server.url, data=b"x" * 100, ask_first=True)
        assert first.status in {204, 413}
        assert (await client.ask("POST", server.url, data=b"y")).status == 204
        assert server.connections == 2


async def test_a_connection_that_was_idle_for_long_is_replaced(monkeypatch):
    """Before a proxy closes it under a request."""
    async with serving() as (server, client):
        await client.ask("POST", server.url, data=b"x")
        monkeypatch.setattr(module, "IDLE_S", 0.0)
        await client.ask("POST", server.url, data=b"x")
        assert server.connections == 2


async def test_a_server_that_hangs_up_while_idle_is_met_again():
    """The end of a kept connection is noticed before the next request."""
    async with serving() as (server, client):
        server.answers = [NONE, None]
        await client.ask("POST", server.url, data=b"x")
        with pytest.raises(CallFailed, match="the server hung up") as caught:
            await client.ask("POST", server.url, data=b"x")
        assert (caught.value.sent, caught.value.reset) == (True, True)
        assert (await client.ask("POST", server.url, data=b"x")).status == 204


async def test_an_answer_that_is_none_is_a_failure():
    """What does not speak HTTP confirms nothing, and may have acted all the same."""
    async with serving() as (server, client):
        server.answers = [b"SSH-2.0-x\r\n\r\n"]
        with pytest.raises(CallFailed, match="no HTTP answer") as caught:
            await client.ask("POST", server.url, data=b"x")
        assert caught.value.sent


async def test_the_go_ahead_comes_before_the_body():
    """After `Expect` the body follows only when the server says so."""
    async with serving() as (server, client):
        found = await client.ask("POST", server.url, data=b"x" * 10, ask_first=True)
        assert found.status == 204
        assert b"Expect: 100-continue\r\n" in server.heads[0]
        assert (await client.ask("POST", server.url, data=b"x")).status == 204
        assert server.connections == 1


async def test_silence_ends_by_the_deadline_and_a_cancel_closes():
    """Neither leaves a connection on which a late answer could be misread."""
    async with serving(timeout=0.1) as (server, client):
        server.answers = [b""]
        with pytest.raises(CallFailed, match=r"0\.1 s") as caught:
            await client.ask("POST", server.url, data=b"x")
        assert (caught.value.sent, caught.value.timed_out) == (True, True)
        client._settings = structs.replace(client._settings, timeout=30.0)
        server.answers = [b""]
        asking = asyncio.ensure_future(client.ask("POST", server.url, data=b"x"))
        while len(server.heads) < 2:
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert (await client.ask("POST", server.url, data=b"x")).status == 204
        assert server.connections == 3


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("first", [True, False])
async def test_an_unasked_go_ahead_says_nothing(first, times):
    """Some proxies send 100 without being asked, or beside the server's own."""
    done = asyncio.Event()

    async def serve(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                for _ in range(times):
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.02)
                assert (b"100-continue" in head) is first
                assert await reader.readexactly(1) == b"x"
                writer.write(NONE)
        writer.close()
        done.set()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    made = SinkSettings(name="db", type="influxdb1", url=url)
    client = Client(made, {})
    for _ in range(2):
        answer = await client.ask("POST", url, data=b"x", ask_first=first)
        assert answer.status == 204
    await client.close()
    async with asyncio.timeout(10):
        await done.wait()
    listener.close()
    await listener.wait_closed()
