"""Answers are taken line by line; whatever goes wrong is one sentence."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from aiohttp import web

from hiq.errors import SinkUnreadable
from hiq.settings import SinkSettings
from hiq.sink import lines as module
from hiq.sink.lines import Lines


@pytest.fixture
async def server():
    """A server that answers what a test puts into `answer`."""
    site = {}

    async def answer(request):
        site["request"] = request
        return await site["answer"](request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    site["url"] = f"http://{host}:{port}/"
    yield site
    await runner.cleanup()


async def asked(server, *parts, status=200, **headers):
    """The lines that come of these parts of a body."""

    async def answer(request):
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        for part in parts:
            await response.write(part)
        return response

    server["answer"] = answer
    settings = SinkSettings(name="db", type="influxdb1", timeout=2)
    lines = Lines(settings, {"Authorization": "Basic x"})
    try:
        return [line async for line in lines.ask("GET", server["url"])]
    finally:
        await lines.close()
        await lines.close()


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([], []),
        ([b"one"], [b"one"]),
        ([b"one\n"], [b"one"]),
        (
            [b"one\ntw", b"o", b"\nthree\n\nfive"],
            [b"one", b"two", b"three", b"", b"five"],
        ),
    ],
)
async def test_lines_do_not_care_how_they_come(server, parts, found):
    """Cut anywhere, with or without an end."""
    assert await asked(server, *parts) == found
    assert server["request"].headers["Authorization"] == "Basic x"


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "status 401: no way"), (302, "status 302"), (500, "500")],
)
async def test_a_bad_status(server, status, words):
    """The words of the server are in the sentence; no redirect is followed."""
    with pytest.raises(SinkUnreadable, match=f"cannot read back from db: .*{words}"):
        await asked(server, b"no\n way", status=status, Location="http://127.0.0.1:9/")


async def test_a_line_has_a_limit(server, monkeypatch):
    """An answer without an end of line does not fill the memory."""
    monkeypatch.setattr(module, "LINE_BYTES", 100)
    with pytest.raises(SinkUnreadable, match="more than 100 bytes"):
        await asked(server, b"x" * 60, b"y" * 60)


async def test_an_answer_that_breaks_off(server):
    """A connection that is cut is no good end."""

    async def answer(request):
        response = web.StreamResponse()
        response.content_length = 100
        await response.prepare(request)
        await response.write(b"half\nha")
        request.transport.abort()
        return response

    server["answer"] = answer
    lines = Lines(SinkSettings(name="db", type="influxdb1", timeout=2), {})
    got = []
    with pytest.raises(SinkUnreadable):
        async for line in lines.ask("GET", server["url"]):
            got.append(line)
    assert got == [b"half"]
    await lines.close()


class Plain:
    """A server that answers each request as a test says, on plain streams."""

    def __init__(self, answer):
        self.connections = 0
        self._answer = answer

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}/"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await self._answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def sized(writer):
    """A short answer that leaves the connection open."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nyes\n")


def lines_of(timeout_s=2):
    """Requests to a database."""
    return Lines(SinkSettings(name="db", type="influxdb1", timeout=timeout_s), {})


async def test_a_connection_is_kept_for_the_next_request():
    """Many questions in a row are asked on one connection."""
    async with Plain(sized) as server:
        lines = lines_of()
        for _ in range(3):
            assert [line async for line in lines.ask("GET", server.url)] == [b"yes"]
        assert server.connections == 1
        await lines.close()


async def test_a_kept_connection_that_was_closed_is_made_anew():
    """A server may hang up between two answers; nobody notices."""

    async def hang_up(writer):
        await sized(writer)
        writer.close()

    async with Plain(hang_up) as server:
        lines = lines_of()
        for _ in range(2):
            assert [line async for line in lines.ask("GET", server.url)] == [b"yes"]
        assert server.connections == 2
        await lines.close()


async def test_a_server_that_is_silent_and_one_that_is_not_there():
    """Both end in time, and say what is the matter."""

    async def silent(_):
        return

    async with Plain(silent) as server:
        lines = lines_of(timeout_s=0.05)
        with pytest.raises(SinkUnreadable, match=r"no answer within 0\.05 s"):
            await anext(lines.ask("GET", server.url))
        await lines.close()
    with pytest.raises(SinkUnreadable, match=r"Cannot connect to 127.0.0.1:\d+: "):
        await anext(lines_of().ask("GET", server.url))
    with pytest.raises(SinkUnreadable, match="is no HTTP URL"):
        await anext(lines_of().ask("GET", "ftp://nowhere"))


async def test_an_answer_that_nobody_takes_to_its_end_is_cut():
    """After closing nothing is open, also if an answer was still coming."""
    ended = asyncio.Event()

    async def endless(writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"line\n" * 10_000)
                await writer.drain()
        finally:
            ended.set()

    async with Plain(endless) as server:
        lines = lines_of()
        taken = lines.ask("GET", server.url)
        assert await anext(taken) == b"line"
        await lines.close()
        await asyncio.wait_for(ended.wait(), 20)
        with pytest.raises(SinkUnreadable):
            while True:
                await anext(taken)


def test_reading_back_loads_no_http_server():
    """A service that looks now and then whether points are there stays small."""
    code = "import hiq.sink.lines, sys; sys.exit('aiohttp' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
