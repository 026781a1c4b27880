"""Serving on bound sockets, TLS, and the end."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from hiq.settings import HttpSettings
from hiq.web.bind import bind
from hiq.web.server import WebServer
from tests.web.serving import self_signed


async def test_close_twice() -> None:
    """Closing again, or without a start, does nothing; the port is free."""
    server = WebServer(web.Application(), bind(HttpSettings(port=0)))
    await server.close()
    server = WebServer(web.Application(), bind(HttpSettings(port=0)))
    await server.start()
    await server.close()
    await server.close()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(server.url)


async def test_tls(tmp_path: Path) -> None:
    """With a certificate it speaks TLS, and says so in its URL."""
    cert, key = self_signed(tmp_path)
    bound = bind(HttpSettings(port=0, tls_cert=str(cert), tls_key=str(key)))
    server = WebServer(web.Application(), bound)
    await server.start()
    try:
        context = ssl.create_default_context(cafile=str(cert))
        async with (
            aiohttp.ClientSession() as session,
            session.get(server.url + "/", ssl=context) as answer,
        ):
            assert server.url.startswith("https://")
            assert answer.status == 404
    finally:
        await server.close()


async def test_who_speaks_no_http_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A malformed request is answered with 400; no traceback is logged."""
    bound = bind(HttpSettings(port=0))
    server = WebServer(web.Application(), bound)
    await server.start()
    try:
        with caplog.at_level(logging.DEBUG):
            reader, writer = await asyncio.open_connection("127.0.0.1", bound.port)
            writer.write(b"GARBAGE\r\n\r\n")
            async with asyncio.timeout(10):
                assert b" 400 " in await reader.readline()
            writer.close()
            await writer.wait_closed()
        assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
    finally:
        await server.close()


async def test_a_fault_of_ours_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Only what is malformed is held back."""

    async def fail(_request: web.Request) -> web.Response:
        raise RuntimeError("broken")

    app = web.Application()
    app.router.add_get("/", fail)
    server = WebServer(app, bind(HttpSettings(port=0)))
    await server.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(server.url) as got:
            assert got.status == 500
        assert "broken" in caplog.text
    finally:
        await server.close()
