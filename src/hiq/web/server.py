"""The HTTP server of the running service, on sockets that listen already.

It must not know any route.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

if TYPE_CHECKING:
    from aiohttp.web_protocol import RequestHandler

    from hiq.web.bind import Bound

__all__ = ["WebServer"]

FIRST_REQUEST_S = 20.0
MAX_CONNECTIONS = 512
KEEPALIVE_S = 75.0
LINGER_S = 1.0
SHUTDOWN_S = 0.5
ACCEPT_TURNS = 3


class _NoMalformed(logging.Filter):
    """Holds back what strangers send that is no HTTP: answered 400, no fault of ours.

    A traceback for each would let anybody who can connect fill the log.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is worth a line."""
        fault = record.exc_info[1] if record.exc_info else None
        return not isinstance(fault, HttpProcessingError)


class _NoTokens(logging.Filter):
    """Holds back the library's line about subprotocols, which can hold a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is worth a line."""
        return "protocols" not in str(record.msg)


logger = logging.getLogger("hiq.web.server")
logger.addFilter(_NoMalformed())
logging.getLogger("aiohttp.websocket").addFilter(_NoTokens())


class _Refusal(asyncio.Protocol):
    """One connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """End it."""
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


class WebServer:
    """One server.

    After calling `start`: it answers. Who connects and has not sent a whole request
    after 20 seconds is cut off, and so is who comes when 512 are connected: a stranger
    must not be able to take all descriptors of the process.
    After calling `close`: the port is free; calling it twice does nothing.
    """

    def __init__(self, app: web.Application, bound: Bound) -> None:
        self._bound = bound
        self._servers: list[asyncio.Server] = []
        self._silent: set[RequestHandler] = set()
        app.on_response_prepare.append(self._hear)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=logger,
            handle_signals=False,
            keepalive_timeout=KEEPALIVE_S,
            lingering_time=LINGER_S,
            shutdown_timeout=SHUTDOWN_S,
        )

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        return self._bound.url

    async def start(self) -> None:
        """Serve."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        for sock in self._bound.sockets:
            self._servers.append(
                await loop.create_server(self._accept, sock=sock, ssl=self._bound.tls)
            )

    async def close(self) -> None:
        """Stop serving; open answers get half a second."""
        if self._servers:
            await self._no_more_clients()
        if self._runner.server is not None:
            # WebSockets end while their connections are still being read: afterwards
            # the library hears no answer and waits for it in vain.
            await self._runner.shutdown()
        await self._runner.cleanup()
        self._bound.close()

    async def _no_more_clients(self) -> None:
        """Stop accepting, with whoever has just been accepted connected."""
        loop = asyncio.get_running_loop()
        for sock in self._bound.sockets:
            loop.remove_reader(sock)
        # asyncio hands a new connection over some turns of the loop after accepting it
        # (task, protocol, `connection_made`). Up to Python 3.11 it fails and is left
        # open if its server is closed in between, and the library would not end it.
        for _ in range(ACCEPT_TURNS):
            await asyncio.sleep(0)
        for server in self._servers:
            server.close()
        self._servers.clear()

    def _accept(self) -> asyncio.Protocol:
        """Return who speaks with the next client."""
        server = self._runner.server
        if server is None or len(server.connections) >= MAX_CONNECTIONS:
            return _Refusal()
        if len(self._silent) > 2 * MAX_CONNECTIONS:  # most of them are gone
            connected = {found for found in self._silent if found.transport is not None}
            self._silent = connected
        found = server()
        self._silent.add(found)
        loop = asyncio.get_running_loop()
        loop.call_later(FIRST_REQUEST_S, self._cut_silent, found)
        return found

    async def _hear(self, request: web.Request, _answer: web.StreamResponse) -> None:
        self._silent.discard(request.protocol)

    def _cut_silent(self, handler: RequestHandler) -> None:
        """End a connection over which no whole request has come."""
        if handler in self._silent:
            self._silent.discard(handler)
            handler.force_close()
            if handler.transport is not None:
                handler.transport.abort()
