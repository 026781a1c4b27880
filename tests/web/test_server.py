"""Serving on bound sockets, TLS, and the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from hiq.settings import HttpSettings
from hiq.web import server as server_module
from hiq.web.bind import bind
from hiq.web.server import WebServer
from tests.web.serving import self_signed


@contextlib.asynccontextmanager
async def served(settings: HttpSettings | None = None) -> AsyncIterator[WebServer]:
    """Serve nothing at all, on any port."""
    bound = bind(settings or HttpSettings(port=0))
    server = WebServer(web.Application(), bound)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def served_tls(folder: Path) -> AsyncIterator[tuple[WebServer, ssl.SSLContext]]:
    """Serve it over TLS; also gives what a client has to trust."""
    cert, key = self_signed(folder)
    settings = HttpSettings(port=0, tls_cert=str(cert), tls_key=str(key))
    async with served(settings) as server:
        yield server, ssl.create_default_context(cafile=str(cert))


def port_of(server: WebServer) -> int:
    """Return where it listens."""
    return urlsplit(server.url).port or 0


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
    async with served_tls(tmp_path) as (server, context):
        async with (
            aiohttp.ClientSession() as session,
            session.get(server.url + "/", ssl=context) as answer,
        ):
            assert server.url.startswith("https://")
            assert answer.status == 404


async def test_who_speaks_no_http_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A malformed request is answered with 400; no traceback is logged."""
    async with served() as server:
        with caplog.at_level(logging.DEBUG):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
            writer.write(b"GARBAGE\r\n\r\n")
            async with asyncio.timeout(10):
                assert b" 400 " in await reader.readline()
            writer.close()
            await writer.wait_closed()
        assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


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


async def half(
    port: int, text: bytes
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, and send something that is no whole request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    return reader, writer


@pytest.mark.parametrize("text", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "])
async def test_who_sends_no_request_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    """A connection without a whole request ends; one that was used goes on."""
    monkeypatch.setattr(server_module, "FIRST_REQUEST_S", 0.05)
    async with served() as server:
        request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        good_reader, good = await half(port_of(server), request)
        async with asyncio.timeout(10):
            assert b" 404 " in await good_reader.readline()
            reader, writer = await half(port_of(server), text)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            good.write(request)
            rest = b""
            while rest.count(b" 404 ") < 1:
                rest += await good_reader.read(1000)
        good.close()
        writer.close()


async def test_the_number_of_connections_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One too many is cut off at once."""
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 1)
    async with served() as server:
        async with asyncio.timeout(10):
            first_reader, first = await half(port_of(server), b"GET / HTTP/1.1\r\n")
            reader, writer = await half(port_of(server), b"")
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            first.write(b"Host: a\r\n\r\n")
            assert b" 404 " in await first_reader.readline()
        first.close()
        writer.close()


async def test_handshakes_are_bounded_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Over TLS who says nothing counts as connected, and is cut off before long."""
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(server_module, "HANDSHAKE_S", 0.5)
    async with served_tls(tmp_path) as (server, trusted):
        before = len(os.listdir("/proc/self/fd"))
        silent = [await half(port_of(server), b"") for _ in range(6)]
        async with asyncio.timeout(10):
            while len(os.listdir("/proc/self/fd")) > before + 6 + 2:
                await asyncio.sleep(0.01)
            for reader, _ in silent:
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
        for _, writer in silent:
            writer.close()
        async with (
            aiohttp.ClientSession() as session,
            session.get(server.url + "/", ssl=trusted) as answer,
        ):
            assert answer.status == 404


async def test_who_is_silent_after_the_handshake_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Over TLS, too, a connection without a whole request ends."""
    monkeypatch.setattr(server_module, "FIRST_REQUEST_S", 0.3)
    async with served_tls(tmp_path) as (server, trusted):
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port_of(server), ssl=trusted
            )
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()


async def test_a_handshake_does_not_outlive_the_server(tmp_path: Path) -> None:
    """Who says nothing is let go when the server closes."""
    async with served_tls(tmp_path) as (server, _):
        reader, writer = await half(port_of(server), b"")
        await asyncio.sleep(0.05)
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()
