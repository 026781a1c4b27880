"""Answers of any length from a database, line by line.

For whoever reads back what a sink holds; what the service sends goes through `client`,
whose answers are short. Follows no redirect, keeps no cookie, and reads no faster than
the lines are taken. It does not know what a line means.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple

from hiq.errors import SinkUnreadable
from hiq.sink.client import CONNECT_S, EYEBALLS_S, HEADERS, IDLE_S, server_tls
from hiq.sink.http1 import Place, Reader, request_head
from hiq.words import said_by_system

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from hiq.settings.schema import SinkSettings

__all__ = ["LINE_BYTES", "Lines"]

LINE_BYTES = 64 * 1024 * 1024
"""Longest line that is taken."""
READ_BYTES = 64 * 1024
WORDS_BYTES = 500
GOOD = {200, 204}


class _Connection(NamedTuple):
    """One connection; `idle_since` is when its last answer ended."""

    place: tuple[str, int, bool]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    idle_since: float = 0.0


class Lines:
    """Requests to one server; the deadline is for each wait, not for the whole.

    Every failure is a SinkUnreadable. After calling `close`: nothing is open; an answer
    that is still being taken has failed.
    """

    def __init__(self, settings: SinkSettings, headers: Mapping[str, str]) -> None:
        self._name = settings.name
        self._timeout_s = settings.timeout
        self._headers = {**HEADERS, **headers}
        self._tls = server_tls(settings)
        self._kept: _Connection | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def ask(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield the lines of a good answer, without their ends."""
        rest = bytearray()
        async with aclosing(self._parts(method, url, data, headers or {})) as parts:
            async for part in parts:
                rest += part
                if b"\n" in part:
                    *whole, rest = rest.split(b"\n")
                    for line in whole:
                        yield bytes(line)
                if len(rest) > LINE_BYTES:
                    raise self._failed(f"a line of more than {LINE_BYTES} bytes")
        if rest:
            yield bytes(rest)

    async def close(self) -> None:
        """Close the connections; twice is fine."""
        self._kept = None
        for writer in tuple(self._open):
            self._drop(writer)
        await asyncio.sleep(0)  # the event loop closes the sockets in its next turn

    async def _parts(
        self, method: str, url: str, data: bytes | None, headers: Mapping[str, str]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the body of a good answer as it comes."""
        answer = Reader(sys.maxsize)
        connection = None
        words = b""
        try:
            place = Place(url)
            size = None if data is None else len(data)
            head = request_head(method, place, {**self._headers, **headers}, size)
            connection, came = await self._send(place, head + (data or b""))
            while True:
                if came:
                    answer.feed(came)
                else:
                    answer.end()
                part, answer.body = answer.body, b""
                if part and answer.status in GOOD:
                    yield part
                words += part if answer.status not in GOOD else b""
                if answer.complete or len(words) >= WORDS_BYTES:
                    break
                came = await self._read(connection)
        except TimeoutError as exc:
            reason = f"no answer within {self._timeout_s:g} s"
            raise self._failed(reason) from exc
        except OSError as exc:
            raise self._failed(said_by_system(exc)) from exc
        except ValueError as exc:
            raise self._failed(str(exc)) from exc
        finally:
            if connection is not None:
                self._let_go(connection, keep=answer.complete and answer.keep)
        if answer.status not in GOOD:
            text = " ".join(words[:WORDS_BYTES].decode("utf-8", "replace").split())
            raise self._failed(f"status {answer.status}: {text}")

    async def _send(self, place: Place, request: bytes) -> tuple[_Connection, bytes]:
        """Send a request; returns the connection and what of its answer came first.

        A server may close a connection that was kept just when it is used again: then
        a new one is made, once. All requests are questions.
        """
        where = (place.host, place.port, place.secure)
        kept, self._kept = self._kept, None
        if kept is not None:
            now = asyncio.get_running_loop().time()
            if kept.place == where and now - kept.idle_since < IDLE_S:
                try:
                    kept.writer.write(request)
                    if came := await self._read(kept):
                        return kept, came
                except ConnectionError:
                    pass
                except BaseException:
                    self._drop(kept.writer)
                    raise
            self._drop(kept.writer)
        reader, writer = await self._connect(place)
        self._open.add(writer)
        fresh = _Connection(where, reader, writer)
        try:
            writer.write(request)
            return fresh, await self._read(fresh)
        except BaseException:
            self._drop(writer)
            raise

    async def _connect(
        self, place: Place
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Make a new connection; OSError says where to it could not be made."""
        try:
            async with asyncio.timeout(min(self._timeout_s, CONNECT_S)):
                return await asyncio.open_connection(
                    place.host,
                    place.port,
                    limit=READ_BYTES,
                    ssl=self._tls if place.secure else None,
                    happy_eyeballs_delay=EYEBALLS_S,
                )
        except OSError as exc:
            late = isinstance(exc, TimeoutError)
            why = "no connection in time" if late else said_by_system(exc)
            raise OSError(f"Cannot connect to {place.authority}: {why}") from exc

    async def _read(self, connection: _Connection) -> bytes:
        """Return what comes next, nothing at the end."""
        async with asyncio.timeout(self._timeout_s):
            came = await connection.reader.read(READ_BYTES)
        if not came and connection.writer not in self._open:
            raise OSError("closed while an answer was taken")  # it would look whole
        return came

    def _let_go(self, connection: _Connection, *, keep: bool) -> None:
        """Keep one connection for the next request, or close it."""
        if keep and self._kept is None and connection.writer in self._open:
            now = asyncio.get_running_loop().time()
            self._kept = connection._replace(idle_since=now)
        else:
            self._drop(connection.writer)

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        """Close a connection at once."""
        self._open.discard(writer)
        writer.transport.abort()

    def _failed(self, reason: str) -> SinkUnreadable:
        return SinkUnreadable(self._name, reason)
