"""The port of the HTTP server, taken before the server itself is loaded.

What cannot be had is the user's to repair and becomes a ConfigError that names the
setting; so this comes first at start-up, and needs no HTTP library. Who connects
early waits in the backlog. It must not know what is served.
"""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hiq.errors import ConfigError, Problem
from hiq.settings.hosts import is_loopback

if TYPE_CHECKING:
    from hiq.settings.schema import HttpSettings

__all__ = ["Bound", "bind"]

BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Bound:
    """Listening sockets, one for each address that the host name stands for.

    Attributes:
        sockets: they listen already.
        port: the port, also when 0 was asked for.
        url: where a browser on this machine finds the page.
        tls: None without a certificate.
    """

    sockets: tuple[socket.socket, ...]
    port: int
    url: str
    tls: ssl.SSLContext | None

    def close(self) -> None:
        """Give the port back; calling it twice does nothing."""
        for sock in self.sockets:
            sock.close()


def bind(settings: HttpSettings) -> Bound:
    """Take the port.

    Raises:
        ConfigError: it is taken, the address is not of this machine, the certificate
            cannot be used, or `auth: none` is asked for where others can connect.
    """
    if settings.auth == "none" and not is_loopback(settings.host):
        raise _problem(
            "http.auth",
            f"none is only allowed on a loopback address, not on {settings.host}; "
            "use auto, or set http.host to 127.0.0.1",
        )
    tls = _tls(settings)
    sockets: list[socket.socket] = []
    try:
        port = settings.port
        for family, address in _addresses(settings):
            sockets.append(_listen(family, (address, port)))
            port = sockets[0].getsockname()[1]
    except OSError as exc:
        for sock in sockets:
            sock.close()
        raise _bind_problem(settings, exc) from exc
    return Bound(tuple(sockets), port, _url(settings, port), tls)


def _addresses(settings: HttpSettings) -> list[tuple[int, str]]:
    found = socket.getaddrinfo(
        settings.host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return list(dict.fromkeys((info[0].value, str(info[4][0])) for info in found))


def _listen(family: int, address: tuple[str, int]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A restart must not wait for old connections to time out.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _url(settings: HttpSettings, port: int) -> str:
    scheme = "https" if settings.tls_cert else "http"
    host = settings.host.strip("[]")
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104  compared, not bound
        host = "127.0.0.1"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _tls(settings: HttpSettings) -> ssl.SSLContext | None:
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
