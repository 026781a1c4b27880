"""Binding, TLS and the end."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from hiq.errors import ConfigError
from hiq.settings import HttpSettings
from hiq.web.server import WebServer


def app() -> web.Application:
    """An application without routes."""
    return web.Application()


async def test_port_taken() -> None:
    """A taken port is one problem that names port and setting."""
    first = WebServer(app(), HttpSettings(port=0))
    await first.start()
    try:
        second = WebServer(app(), HttpSettings(port=first.port))
        with pytest.raises(ConfigError) as caught:
            await second.start()
    finally:
        await first.close()
    (problem,) = caught.value.problems
    assert problem.key == "http.port"
    assert f"127.0.0.1:{first.port} is taken" in problem.message


async def test_address_of_another_machine() -> None:
    """An address that this machine does not have names the host."""
    server = WebServer(app(), HttpSettings(host="192.0.2.1", port=0))
    with pytest.raises(ConfigError) as caught:
        await server.start()
    assert caught.value.problems[0].key == "http.host"


async def test_no_authentication_off_loopback() -> None:
    """`auth: none` is refused where others can reach it."""
    server = WebServer(app(), HttpSettings(host="0.0.0.0", port=0, auth="none"))
    with pytest.raises(ConfigError) as caught:
        await server.start()
    assert caught.value.problems[0].key == "http.auth"


async def test_bad_certificate(tmp_path: Path) -> None:
    """A certificate that cannot be read names its setting."""
    settings = HttpSettings(port=0, tls_cert=str(tmp_path / "none.pem"))
    with pytest.raises(ConfigError) as caught:
        await WebServer(app(), settings).start()
    assert caught.value.problems[0].key == "http.tls_cert"


async def test_close_twice() -> None:
    """Closing again, or without a start, does nothing."""
    server = WebServer(app(), HttpSettings(port=0))
    await server.close()
    server = WebServer(app(), HttpSettings(port=0))
    await server.start()
    await server.close()
    await server.close()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(server.url)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8001"),
        ("0.0.0.0", "http://127.0.0.1:8001"),
        ("::", "http://127.0.0.1:8001"),
        ("::1", "http://[::1]:8001"),
        ("hiq.lan", "http://hiq.lan:8001"),
    ],
)
def test_url(host: str, url: str) -> None:
    """The URL is one that a browser on this machine can open."""
    assert WebServer(app(), HttpSettings(host=host)).url == url


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
    settings = HttpSettings(port=0, tls_cert=str(cert), tls_key=str(key))
    server = WebServer(app(), settings)
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
