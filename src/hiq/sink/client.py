"""One HTTP client for one database: a request goes out, an `Answer` comes back.

It owns the aiohttp session, TLS, the deadline and the bound on what is read of an
answer. It follows no redirect (credentials stay where they were meant to go), keeps
no cookie, and turns every way a request can fail into one `CallFailed` that says
whether the server may have acted on it. It does not know what an answer means.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.payload import Payload

from hiq.errors import ConfigError, Problem
from hiq.sink.dialect import ANSWER_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.abc import AbstractStreamWriter

    from hiq.settings.schema import SinkSettings

__all__ = ["Answer", "CallFailed", "Client"]

CONNECT_S = 10.0
"""Longest wait for a TCP and TLS handshake; the whole request has its own deadline."""

IDLE_S = 15.0
"""A connection unused for longer is closed by us, before a server or proxy does it
under a request: such a loss looks like a reset and costs a resend."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: status, headers (case-insensitive), bounded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class CallFailed(Exception):
    """No answer came.

    Attributes:
        reason: what happened, without secrets.
        sent: whether the server may have acted on the request.
        reset: the connection broke while or after the request was sent.
        timed_out: the deadline passed.
        advice: what the user can do, if only the user can.
    """

    def __init__(
        self,
        reason: str,
        *,
        sent: bool = True,
        reset: bool = False,
        timed_out: bool = False,
        advice: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.reset = reset
        self.timed_out = timed_out
        self.advice = advice


class _Body(Payload):
    """A request body that is handed to the transport in one piece.

    In pieces, the next one meets the reset of a server that has answered early (413)
    and the answer, which lies in the socket already, is lost with it. In one piece
    the event loop sends the rest itself, and it reads before it writes.
    """

    _value: bytes

    def __init__(self, data: bytes) -> None:
        super().__init__(data, content_type="application/octet-stream")
        self._size = len(data)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text; the port of aiohttp asks for it."""
        return self._value.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Hand the body over."""
        await writer.write(self._value)


class Client:
    """One aiohttp session to one server.

    Making one reads the CA certificate: ConfigError if that cannot be used. After
    calling `open`: requests can be made; the server need not be up. After calling
    `close`: nothing is open; calling it twice does nothing.
    """

    def __init__(self, settings: SinkSettings, headers: Mapping[str, str]) -> None:
        self._settings = settings
        self._headers = headers
        self._tls = _tls(settings)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the session, unless there is one."""
        if self._session is not None:
            return
        timeout = self._settings.timeout
        self._session = aiohttp.ClientSession(
            headers={**self._headers, "Accept-Encoding": "identity"},
            connector=aiohttp.TCPConnector(
                ssl=self._tls,
                limit=max(1, self._settings.in_flight),
                keepalive_timeout=IDLE_S,
            ),
            timeout=aiohttp.ClientTimeout(
                total=timeout, sock_connect=min(timeout, CONNECT_S)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            raise_for_status=False,
        )

    async def ask(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        ask_first: bool = False,
    ) -> Answer:
        """Make one request and return the answer, or raise CallFailed.

        Args:
            method: GET or POST.
            url: complete, without credentials.
            data: the body, sent as it is.
            headers: beside those of the constructor.
            ask_first: send `Expect: 100-continue` and wait for the go-ahead, so that
                a refusal of the body arrives as an answer and not as a broken pipe.
        """
        await self.open()
        assert self._session is not None
        try:
            async with self._session.request(
                method,
                url,
                data=None if data is None else _Body(data),
                headers=headers,
                expect100=ask_first,
                allow_redirects=False,
            ) as response:
                words = await _bounded(response)
                return Answer(response.status, response.headers, words)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as exc:
            raise self._failed(exc) from exc

    async def close(self) -> None:
        """Close the session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _failed(self, exc: Exception) -> CallFailed:
        text = str(exc) or type(exc).__name__
        if isinstance(exc, aiohttp.ClientConnectorCertificateError):
            return CallFailed(
                f"TLS: {exc.certificate_error}",
                sent=False,
                advice="set `ca_cert` to the certificate authority of this server, "
                "or `verify_ssl: false` if you accept the risk",
            )
        if isinstance(exc, aiohttp.ClientConnectorError):
            reason = _unreachable(exc.os_error)
            text = f"Cannot connect to {exc.host}:{exc.port}: {reason}"
            return CallFailed(text, sent=False)
        if isinstance(exc, aiohttp.InvalidURL):
            return CallFailed(text, sent=False)
        if isinstance(exc, aiohttp.ConnectionTimeoutError):
            return CallFailed("no connection in time", sent=False, timed_out=True)
        if isinstance(exc, TimeoutError):
            limit = self._settings.timeout
            return CallFailed(f"no answer within {limit:g} s", timed_out=True)
        if isinstance(exc, aiohttp.ServerDisconnectedError):
            text = "the server hung up"
        return CallFailed(f"connection lost: {text}", reset=True)


def _unreachable(error: OSError) -> str:
    """Say in the system's words why there is no connection."""
    if type(error).__module__ == "builtins" and error.errno:
        return os.strerror(error.errno)
    return error.strerror or str(error)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """Read at most ANSWER_BYTES; a longer answer costs its connection, not memory."""
    parts: list[bytes] = []
    size = 0
    while size < ANSWER_BYTES:
        part = await response.content.read(ANSWER_BYTES - size)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    response.close()
    return b"".join(parts)


def _tls(settings: SinkSettings) -> ssl.SSLContext | bool:
    if not (settings.url or "").lower().startswith("https:"):
        return True
    if not settings.verify_ssl:
        return False
    try:
        return ssl.create_default_context(cafile=settings.ca_cert)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError(
            Problem(
                where=f"sink {settings.name}",
                line=0,
                key="ca_cert",
                message=f"cannot use {settings.ca_cert}: {exc}",
            )
        ) from exc
