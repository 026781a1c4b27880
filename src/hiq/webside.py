"""The side of a running service that is asked over HTTP: page, API and clients.

The port is taken before anything else; the HTTP server is loaded when somebody
connects, so that who is never asked does not hold it. It must not know what the routes
answer.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from hiq import __version__
from hiq.supervise import bounded
from hiq.web.bind import bind
from hiq.web.late import LateServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from hiq.homeside import Shared
    from hiq.web.bind import Bound
    from hiq.web.recent import Recent
    from hiq.web.server import WebServer

__all__ = ["WebSide"]


class WebSide:
    """What faces those who ask.

    - After `bind`: the port is taken, and who connects waits.
    - After `start`: who connects is answered. Without `bind` it does nothing.
    - After `close`: the port is free.

    Args:
        shared: what the parts of the service have in common.
        recent: samples of the counters.
        down: parts that failed, with the reason.
    """

    def __init__(self, shared: Shared, recent: Recent, down: Mapping[str, str]) -> None:
        self._shared = shared
        self._recent = recent
        self._down = down
        self._bound: Bound | None = None
        self._server: LateServer | None = None

    def bind(self) -> str:
        """Take the port; return where the page is.

        Raises:
            ConfigError: it cannot be had.
        """
        self._bound = bind(self._shared.settings.http)
        return self._bound.url

    async def start(
        self,
        start: Callable[[str, Callable[[], Awaitable[None]]], object],
        loaded: Callable[[], object],
    ) -> None:
        """Start to answer, and to keep clients.

        Args:
            start: keeps a part of the service running.
            loaded: called when the HTTP server is there.

        Raises:
            ConfigError: a key of those who may ask cannot be had.
        """
        if self._bound is None:
            return
        await self._shared.guests.open()
        make = partial(self._make_site, self._bound, loaded)
        self._server = LateServer(self._bound, make)
        start("http", self._server.run)
        start("clients", self._shared.guests.run)

    async def close(self, limit_s: float) -> None:
        """Stop answering, within so many seconds."""
        if self._server is not None:
            await bounded("http", self._server.close(), limit_s)
        elif self._bound is not None:
            self._bound.close()

    async def _make_site(self, bound: Bound, loaded: Callable[[], object]) -> WebServer:
        shared = self._shared
        loop = asyncio.get_running_loop()
        make_site = await loop.run_in_executor(shared.threads, _load_site)
        loaded()
        return make_site(
            bound,
            shared.settings.http,
            stats=shared.stats,
            recent=self._recent,
            down=self._down,
            clock=shared.clock,
            version=__version__,
            environment=shared.environment,
            parts=shared.parts,
        )


def _load_site() -> Callable[..., WebServer]:
    # Takes long: not before needed.
    from hiq.web.library import load_http_library  # noqa: PLC0415

    load_http_library()
    from hiq.web.site import make_site  # noqa: PLC0415

    return make_site
