"""A server that is made when somebody connects."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from hiq.settings import HttpSettings
from hiq.web.bind import Bound, bind
from hiq.web.late import LateServer
from hiq.web.server import WebServer
from tests.web.serving import self_signed


class Making:
    """Makes a server without routes, and counts how often."""

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.calls = 0
        self.faults: list[Exception] = []

    async def __call__(self) -> WebServer:
        self.calls += 1
        if self.faults:
            raise self.faults.pop()
        return WebServer(web.Application(), self.bound)


@contextlib.asynccontextmanager
async def running(late: LateServer):
    """Run it in a task, and close it."""
    task = asyncio.create_task(late.run())
    try:
        await asyncio.sleep(0)
        yield task
    finally:
        task.cancel()
        await late.close()
        await late.close()


async def status(url: str, **options: ssl.SSLContext) -> int:
    """Return the status of the answer to a new client."""
    async with (
        asyncio.timeout(10),
        aiohttp.ClientSession() as session,
        session.get(url, **options) as answer,
    ):
        return answer.status


async def test_nobody_asks() -> None:
    """Nothing is made, and the port is free afterwards."""
    bound = bind(HttpSettings(port=0))
    making = Making(bound)
    async with running(LateServer(bound, making)):
        await asyncio.sleep(0)
    assert making.calls == 0
    bind(HttpSettings(port=bound.port)).close()


async def test_the_first_clients_are_answered() -> None:
    """All that come at once, and who comes later; one server is made."""
    bound = bind(HttpSettings(port=0))
    making = Making(bound)
    async with running(LateServer(bound, making)):
        assert await asyncio.gather(*(status(bound.url) for _ in range(8))) == [404] * 8
        assert await status(bound.url) == 404
    assert making.calls == 1


async def test_tls(tmp_path: Path) -> None:
    """The first client's handshake waits like a request."""
    cert, key = self_signed(tmp_path)
    bound = bind(HttpSettings(port=0, tls_cert=str(cert), tls_key=str(key)))
    context = ssl.create_default_context(cafile=str(cert))
    async with running(LateServer(bound, Making(bound))):
        assert await status(bound.url, ssl=context) == 404


async def test_what_fails_is_made_again() -> None:
    """Who runs it hears of the fault; the client that waits is answered next time."""
    bound = bind(HttpSettings(port=0))
    making = Making(bound)
    making.faults.append(ImportError("no such library"))
    late = LateServer(bound, making)
    async with running(late) as task:
        asked = asyncio.create_task(status(bound.url))
        with pytest.raises(ImportError, match="no such library"):
            await task
        again = asyncio.create_task(late.run())
        assert await asked == 404
        again.cancel()
    assert making.calls == 2


async def test_what_is_cut_short_while_it_starts_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stop that comes just then leaves neither port nor server behind."""
    started = asyncio.Event()
    start, close = WebServer.start, WebServer.close
    closed: list[WebServer] = []

    async def slowly(self: WebServer) -> None:
        await start(self)
        started.set()
        await asyncio.Event().wait()

    async def noted(self: WebServer) -> None:
        closed.append(self)
        await close(self)

    monkeypatch.setattr(WebServer, "start", slowly)
    monkeypatch.setattr(WebServer, "close", noted)
    bound = bind(HttpSettings(port=0))
    late = LateServer(bound, Making(bound))
    async with running(late):
        _, writer = await asyncio.open_connection("127.0.0.1", bound.port)
        async with asyncio.timeout(10):
            await started.wait()
        writer.close()
    assert closed
    bind(HttpSettings(port=bound.port)).close()


def test_the_library_has_no_certificates() -> None:
    """What is saved for aiohttp is not missing where hiq checks certificates."""
    code = (
        "import ssl\n"
        "from hiq.web.library import load_http_library\n"
        "before = ssl.create_default_context\n"
        "load_http_library()\n"
        "assert ssl.create_default_context is before\n"
        "from aiohttp import connector\n"
        "saved = connector._SSL_CONTEXT_VERIFIED\n"
        "assert saved.verify_mode is ssl.CERT_REQUIRED and saved.check_hostname\n"
        "own = ssl.create_default_context().cert_store_stats()['x509_ca']\n"
        "print(saved.cert_store_stats()['x509_ca'], own > 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "0 True\n"
