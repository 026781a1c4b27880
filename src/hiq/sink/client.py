"""One HTTP client for one database: a request goes out, an `Answer` comes back.

It owns the connections, TLS, the deadline and the bound on what is read of an answer.
It follows no redirect (credentials stay where they were meant to go), keeps no cookie,
and turns every way a request can fail into one `CallFailed` that says whether the
server may have acted on it. It does not know what an answer means.

Why not a library: four times a second is what this does all day, and aiohttp's client
takes half as much again for it, nearly three times as much in a flood (`python -m
benchmarks.post`).
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from hiq.errors import ConfigError, Problem
from hiq.sink.dialect import ANSWER_BYTES
from hiq.sink.http1 import BadAnswer, Place, Reader, request_head
from hiq.words import said_by_system

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hiq.settings.schema import SinkSettings

__all__ = [
    "CONNECT_S",
    "EYEBALLS_S",
    "HEADERS",
    "IDLE_S",
    "Answer",
    "CallFailed",
    "Client",
    "server_tls",
]

CONNECT_S = 10.0
"""Longest wait for a TCP and TLS handshake; the whole request has its own deadline."""

IDLE_S = 15.0
"""A connection unused for longer is not used again: a server or proxy that closes it
under a request looks like a reset and costs a resend."""

HEADERS = {"User-Agent": "hiq", "Accept": "*/*", "Accept-Encoding": "identity"}
"""Of every request."""

EYEBALLS_S = 0.25
"""How long an address may take before the next one is tried too (RFC 8305)."""


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


class _Connection(asyncio.Protocol):
    """One connection, one request at a time.

    The body is handed to the transport in one piece: in pieces, the next one meets the
    reset of a server that has answered early (413), and the answer, which lies in the
    socket already, is lost with it. The event loop reads before it writes the rest.
    """

    def __init__(self, clock: asyncio.AbstractEventLoop) -> None:
        self.lost = False
        self.owes_body = False
        self.idle_since = 0.0
        self._loop = clock
        self._transport: asyncio.Transport | None = None
        self._reader: Reader | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._error: Exception | None = None

    async def ask(self, head: bytes, body: bytes | None, reader: Reader) -> None:
        """Send and return when the answer is there; with no body sent, see 100.

        OSError or BadAnswer: there will be none.
        """
        assert self._transport is not None
        self._reader = reader
        self._transport.write(head + body if body else head)
        await self._complete()

    async def go_on(self, body: bytes) -> None:
        """Send the body after the server has said that it wants it."""
        assert self._transport is not None
        assert self._reader is not None
        self._reader.go_ahead = False
        self.owes_body = False
        self._transport.write(body)
        await self._complete()

    def rest(self) -> bool:
        """End the request; returns whether the connection can take another one."""
        reader, self._reader = self._reader, None
        transport = self._transport
        assert transport is not None
        good = reader is not None and reader.complete and reader.keep
        if good and not (
            self.lost or self.owes_body or transport.get_write_buffer_size()
        ):
            self.idle_since = self._loop.time()
            return True
        transport.abort()
        return False

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.abort()

    async def _complete(self) -> None:
        """Wait until the answer, a go-ahead that was asked for or the end is there.

        Any other 1xx says nothing (RFC 9110, section 15.2): some proxies send one.
        """
        reader = self._reader
        assert reader is not None
        while not (reader.complete or (reader.go_ahead and self.owes_body)):
            if self._error is not None:
                raise self._error
            self._waiting = self._loop.create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._reader is None:  # nobody asked
            self.close()
            return
        try:
            self._reader.feed(data)
        except BadAnswer as exc:
            self._error = exc
            self.close()
        if self._error or self._reader.complete or self._reader.go_ahead:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self._reader is not None and not self._reader.complete:
            try:
                self._reader.end()
            except BadAnswer as bad:
                self._error = self._error or exc or bad
        self._wake()


class Client:
    """Connections to one server: one per request under way, kept for the next.

    Making one reads the CA certificate: ConfigError if that cannot be used. After
    calling `close`: nothing is open; calling it twice does nothing, and a later
    request opens again.
    """

    def __init__(self, settings: SinkSettings, headers: Mapping[str, str]) -> None:
        self._settings = settings
        self._headers = {**HEADERS, **headers}
        self._tls = server_tls(settings)
        self._idle: list[_Connection] = []
        self._places: dict[str, Place] = {}

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
        more = {**(headers or {}), **({"Expect": "100-continue"} if ask_first else {})}
        try:
            place = self._place(url)
            size = None if data is None else len(data)
            head = request_head(method, place, {**self._headers, **more}, size)
        except ValueError as exc:
            raise CallFailed(str(exc), sent=False) from exc
        limit = self._settings.timeout
        reader = Reader(ANSWER_BYTES, has_body=method != "HEAD")
        connection = None
        try:
            async with asyncio.timeout(limit):
                connection = await self._connect(place)
                connection.owes_body = ask_first
                await connection.ask(head, None if ask_first else data, reader)
                if reader.go_ahead and not reader.complete and ask_first:
                    await connection.go_on(data or b"")
        except TimeoutError as exc:
            failed = CallFailed(f"no answer within {limit:g} s", timed_out=True)
            failed.sent = connection is not None
            raise failed from exc
        except (OSError, BadAnswer) as exc:
            raise CallFailed(
                f"connection lost: {said_by_system(exc)}", reset=True
            ) from exc
        finally:
            if connection is not None and connection.rest():
                self._idle.append(connection)
        return Answer(reader.status, reader.headers, reader.body)

    async def close(self) -> None:
        """Close all connections."""
        while self._idle:
            self._idle.pop().close()
        await asyncio.sleep(0)  # the event loop closes the sockets in its next turn

    def _place(self, url: str) -> Place:
        """Take a URL apart, once: a sink has few."""
        place = self._places.get(url)
        if place is None:
            if len(self._places) > 8:
                self._places.clear()
            place = self._places[url] = Place(url)
        return place

    async def _connect(self, place: Place) -> _Connection:
        """Return a connection that is open: one that was kept, or a new one."""
        loop = asyncio.get_running_loop()
        while self._idle:
            kept = self._idle.pop()
            if not kept.lost and loop.time() - kept.idle_since < IDLE_S:
                return kept
            kept.close()
        try:
            async with asyncio.timeout(min(self._settings.timeout, CONNECT_S)):
                _, connection = await loop.create_connection(
                    lambda: _Connection(loop),
                    place.host,
                    place.port,
                    ssl=self._tls if place.secure else None,
                    happy_eyeballs_delay=EYEBALLS_S,
                )
        except TimeoutError as exc:
            text = "no connection in time"
            raise CallFailed(text, sent=False, timed_out=True) from exc
        except ssl.SSLCertVerificationError as exc:
            raise CallFailed(
                f"TLS: {exc.verify_message or exc}",
                sent=False,
                advice="set `ca_cert` to the certificate authority of this server, "
                "or `verify_ssl: false` if you accept the risk",
            ) from exc
        except (OSError, ValueError) as exc:
            reason = (
                f"Cannot connect to {place.host}:{place.port}: {said_by_system(exc)}"
            )
            raise CallFailed(reason, sent=False) from exc
        return connection


def server_tls(settings: SinkSettings) -> ssl.SSLContext | None:
    """Return how TLS is done with a server; ConfigError for a bad certificate."""
    if not (settings.url or "").lower().startswith("https:"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_cert)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError(
            Problem(
                where=f"sink {settings.name}",
                line=0,
                key="ca_cert",
                message=f"cannot use {settings.ca_cert}: {exc}",
            )
        ) from exc
    if not settings.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
