"""Serving on bound sockets, TLS, and the end."""

from __future__ import annotations

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
