"""The HTTP server of a service that nobody may ever ask: loaded when somebody connects.

The HTTP library is a quarter of the memory that an idle hiq would hold. The sockets
listen from the start, so who comes first waits in the backlog for as long as loading
takes, some tenths of a second. It must not know what is served.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hiq.web.bind import Bound
    from hiq.web.server import WebServer

__all__ = ["LateServer"]

logger = logging.getLogger("hiq.web.server")


class LateServer:
    """Listening sockets, and behind them a server as soon as it is needed.

    While `run` runs, or after it has made the server: who connects is answered.
    After `close`: the port is free; calling it twice does nothing.

    Args:
        bound: the sockets.
        make: loads and returns the server, not started.
    """

    def __init__(self, bound: Bound, make: Callable[[], Awaitable[WebServer]]) -> None:
        self._bound = bound
        self._make = make
        self._server: WebServer | None = None

    async def run(self) -> None:
        """Wait for the first client, then serve; for ever."""
        if self._server is None:
            await self._knock()
            # Known before it has started, so that `close` ends also half of one.
            self._server = await self._make()
            try:
                await self._server.start()
            except Exception:
                self._server = None  # the next run makes another
                raise
            logger.info("the HTTP server is loaded, somebody connected")
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Stop serving; open answers get half a second."""
        if self._server is None:
            self._bound.close()
        else:
            await self._server.close()

    async def _knock(self) -> None:
        """Return when a client waits to be accepted."""
        loop = asyncio.get_running_loop()
        knocked = asyncio.Event()
        sockets = self._bound.sockets
        for sock in sockets:
            loop.add_reader(sock, knocked.set)
        try:
            await knocked.wait()
        finally:
            for sock in sockets:
                loop.remove_reader(sock)
