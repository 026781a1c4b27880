"""Answers are taken line by line; whatever goes wrong is one sentence."""

from __future__ import annotations

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
