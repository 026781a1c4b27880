"""The HTTP server of the running service, on sockets that listen already.

It must not know any route.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

if TYPE_CHECKING:
    from hiq.web.bind import Bound

__all__ = ["WebServer"]

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


logger = logging.getLogger("hiq.web.server")
logger.addFilter(_NoMalformed())


class WebServer:
    """One server.

    After calling `start`: it answers.
    After calling `close`: the port is free; calling it twice does nothing.
    """

    def __init__(self, app: web.Application, bound: Bound) -> None:
        self._bound = bound
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
        for sock in self._bound.sockets:
            await web.SockSite(self._runner, sock, ssl_context=self._bound.tls).start()

    async def close(self) -> None:
        """Stop serving; open answers get half a second."""
        for site in list(self._runner.sites):
            await site.stop()
        if self._runner.server is not None:
            # WebSockets end while their connections are still being read: afterwards
            # the library hears no answer and waits for it in vain.
            await self._runner.shutdown()
        await self._runner.cleanup()
        self._bound.close()
