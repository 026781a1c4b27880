"""Serving on bound sockets, TLS, and the end."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from hiq.settings import HttpSettings
from hiq.web.bind import bind
from hiq.web.server import WebServer


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
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-keyout", str(key),
         "-out", str(cert), "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
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
