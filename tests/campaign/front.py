"""Stands before a database and answers in its place when told: a fault proxy for HTTP.

It understands just enough of HTTP/1.1 to take whole requests (hiq sends a length) and
whole answers, so that a fault can say where it strikes: before the database has the
points, after it, or in the midst of the answer. In a thread of its own; one request
per connection is forwarded on a fresh connection to the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from random import Random
from typing import Self

from hiq.accepting import stop_accepting
from tests.proxy import end

__all__ = ["MODES", "Front"]

DEADLINE_S = 30.0
SLOW_S = 0.7
MODES = (
    *("500", "503", "429", "413", "slow", "half-closed"),
    *("reset before", "reset after", "truncated", "nothing"),
)
REASONS = {
    "500": "Internal Server Error",
    "503": "Service Unavailable",
    "429": "Too Many Requests",
    "413": "Request Entity Too Large",
}
SMALL = 400
"""Bytes of a body that is never too large."""


class Front:
    """A proxy before the server at `port`; a context manager.

    - `mode`: "" hands everything on; one of `MODES` makes trouble.
    - `struck`: how often each mode did.
    """

    def __init__(self, port: int, seed: int) -> None:
        self.mode = ""
        self.struck: Counter[str] = Counter()
        self.port = 0
        self._target = port
        self._random = Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        made = asyncio.run_coroutine_threadsafe(starting, self._loop)
        self._server = made.result(DEADLINE_S)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        ending = asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        ending.result(DEADLINE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()

    async def _end(self) -> None:
        await stop_accepting(self._server.sockets)
        self._server.close()
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
            while request := await _message(reader):
                mode = self.mode
                if mode:
                    self.struck[mode] += 1
                if not await self._answer(mode, request, writer):
                    break
        writer.close()

    async def _answer(
        self, mode: str, request: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; returns whether the connection goes on."""
        if mode == "413" and len(request) < SMALL:
            mode = ""
        if mode in REASONS:
            after = "Retry-After: 1\r\n" if mode in {"429", "503"} else ""
            head = (
                f"HTTP/1.1 {mode} {REASONS[mode]}\r\n{after}Content-Length: 0\r\n\r\n"
            )
            writer.write(head.encode())
            await writer.drain()
            return True
        if mode == "reset before":
            end(writer, reset=True)
            return False
        if mode == "slow":
            await asyncio.sleep(SLOW_S)
        answer = await self._ask(request)
        if mode == "reset after":
            end(writer, reset=True)
            return False
        if mode == "nothing":  # it has the points, and never says so
            await asyncio.sleep(DEADLINE_S)
            return False
        if mode == "half-closed":
            writer.write_eof()
            return False
        if mode == "truncated":
            answer = answer[: self._random.randrange(len(answer))]
        writer.write(answer)
        await writer.drain()
        return mode != "truncated"

    async def _ask(self, request: bytes) -> bytes:
        """Return the answer of the database, as it came."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            writer.write(request)
            await writer.drain()
            return await _message(reader)
        finally:
            writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Return one request or answer as it came; empty at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            line = await reader.readuntil(b"\r\n")
            body += line + await reader.readexactly(int(line, 16) + 2)
        return head + body
    _, found, rest = lower.partition(b"content-length:")
    length = int(rest.partition(b"\r\n")[0]) if found else 0
    return head + await reader.readexactly(length)
