"""The HTTP server of the running service: bind, TLS, close.

What cannot be bound is the user's to repair and becomes a ConfigError that names the
setting. It must not know any route.
"""

from __future__ import annotations

import errno
import ssl
from typing import TYPE_CHECKING

from aiohttp import web

from hiq.errors import ConfigError, Problem
from hiq.web.guard import is_loopback

if TYPE_CHECKING:
    from hiq.settings.schema import HttpSettings

__all__ = ["WebServer"]

KEEPALIVE_S = 75.0
LINGER_S = 1.0
SHUTDOWN_S = 0.5


class WebServer:
    """One bound server.

    After calling `start`: it answers; ConfigError if it cannot be bound.
    After calling `close`: nothing is bound; calling it twice does nothing.
    """

    def __init__(self, app: web.Application, settings: HttpSettings) -> None:
        self._settings = settings
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=KEEPALIVE_S,
            lingering_time=LINGER_S,
            shutdown_timeout=SHUTDOWN_S,
        )
        self.port = settings.port
        """The bound port, also when 0 was asked for."""

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        scheme = "https" if self._settings.tls_cert else "http"
        host = self._settings.host
        if host in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
            host = "127.0.0.1"
        host = f"[{host}]" if ":" in host else host
        return f"{scheme}://{host}:{self.port}"

    async def start(self) -> None:
        """Bind and serve."""
        settings = self._settings
        if settings.auth == "none" and not is_loopback(settings.host):
            raise _problem(
                "http.auth",
                f"none is only allowed on a loopback address, not on {settings.host}; "
                "use auto, or set http.host to 127.0.0.1",
            )
        context = self._context()
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, settings.host, settings.port, ssl_context=context
        )
        try:
            await site.start()
        except OSError as exc:
            await self.close()
            raise _bind_problem(settings, exc) from exc
        self.port = site.port

    async def close(self) -> None:
        """Stop serving; open answers get half a second."""
        await self._runner.cleanup()

    def _context(self) -> ssl.SSLContext | None:
        settings = self._settings
        if settings.tls_cert is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(settings.tls_cert, settings.tls_key)
        except (OSError, ssl.SSLError) as exc:
            raise _problem(
                "http.tls_cert",
                f"certificate {settings.tls_cert} and key {settings.tls_key} "
                f"cannot be used: {exc}",
            ) from exc
        return context


def _bind_problem(settings: HttpSettings, exc: OSError) -> ConfigError:
    where = f"{settings.host}:{settings.port}"
    if exc.errno == errno.EADDRINUSE:
        return _problem(
            "http.port",
            f"{where} is taken by another program; stop that one or choose another "
            "port (environment: HIQ_HTTP__PORT)",
        )
    return _problem("http.host", f"{where} cannot be served: {exc.strerror or exc}")


def _problem(key: str, message: str) -> ConfigError:
    return ConfigError(Problem("settings", 0, key, message))
