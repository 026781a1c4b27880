"""The HTTP server of the running service, on sockets that listen already.

It must not know any route.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio.sslproto import SSLProtocol
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from hiq.accepting import stop_accepting

if TYPE_CHECKING:
    from ssl import SSLContext

    from aiohttp.web_protocol import RequestHandler

    from hiq.web.bind import Bound

__all__ = ["WebServer"]

FIRST_REQUEST_S = 20.0
HANDSHAKE_S = 10
MAX_CONNECTIONS = 512
KEEPALIVE_S = 75.0
LINGER_S = 1.0
SHUTDOWN_S = 0.5


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


class _Handshake(SSLProtocol):
    """A connection over TLS, which can be ended before its handshake is done.

    With `ssl=` the event loop shows a connection only afterwards: who says nothing
    could neither be counted nor refused.
    """

    def __init__(
        self, handler: RequestHandler, tls: SSLContext, done: asyncio.Future[None]
    ) -> None:
        self._below: asyncio.BaseTransport | None = None
        loop = asyncio.get_running_loop()
        super().__init__(
            loop,
            handler,
            tls,
            done,
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_S,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._below = transport
        super().connection_made(transport)

    def abort(self) -> None:
        """End it."""
        if isinstance(self._below, asyncio.Transport):
            self._below.abort()


class WebServer:
    """One server.

    After calling `start`: it answers. Who connects and has not sent a whole request
    after 20 seconds is cut off (over TLS: who has not finished the handshake after 10),
    and so is who comes when 512 are connected: a stranger must not be able to take all
    descriptors of the process.
    After calling `close`: the port is free; calling it twice does nothing.
    """

    def __init__(self, app: web.Application, bound: Bound) -> None:
        self._bound = bound
        self._servers: list[asyncio.Server] = []
        self._silent: set[RequestHandler] = set()
        self._handshakes: dict[RequestHandler, _Handshake] = {}
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
            self._servers.append(await loop.create_server(self._accept, sock=sock))

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
        """Stop accepting, and end whoever is still shaking hands."""
        await stop_accepting(self._bound.sockets)
        for server in self._servers:
            server.close()
        self._servers.clear()
        for handshake in self._handshakes.values():
            handshake.abort()

    def _accept(self) -> asyncio.BaseProtocol:
        """Return who speaks with the next client."""
        server = self._runner.server
        if server is None or self._connected(server) >= MAX_CONNECTIONS:
            return _Refusal()
        if len(self._silent) > 2 * MAX_CONNECTIONS:  # most of them are gone
            self._silent = {
                found
                for found in self._silent
                if found.transport is not None or found in self._handshakes
            }
        found = server()
        self._silent.add(found)
        loop = asyncio.get_running_loop()
        loop.call_later(FIRST_REQUEST_S, self._cut_silent, found)
        if self._bound.tls is None:
            return found
        return self._shake_hands(found, self._bound.tls)

    def _connected(self, server: web.Server) -> int:
        return len(server.connections) + len(self._handshakes)

    def _shake_hands(self, handler: RequestHandler, tls: SSLContext) -> _Handshake:
        """Return what speaks TLS for a handler; counted until it is done or fails."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        handshake = self._handshakes[handler] = _Handshake(handler, tls, done)

        def end(done: asyncio.Future[None]) -> None:
            done.exception()  # a stranger's fault, for nobody to hear of
            del self._handshakes[handler]

        done.add_done_callback(end)
        return handshake

    async def _hear(self, request: web.Request, _answer: web.StreamResponse) -> None:
        self._silent.discard(request.protocol)

    def _cut_silent(self, handler: RequestHandler) -> None:
        """End a connection over which no whole request has come."""
        if handler in self._silent:
            self._silent.discard(handler)
            handler.force_close()
            if handler in self._handshakes:
                self._handshakes[handler].abort()
            if handler.transport is not None:
                handler.transport.abort()
