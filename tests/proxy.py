"""A TCP proxy that makes trouble: delays, splits, cuts, resets, stalls, corrupts.

It stands between a client and a server on 127.0.0.1 and knows no protocol. `up` is
the trouble of what the client sends, `down` of what the server sends; each new
connection takes what is set at that moment. Byte counts are per connection.

    async with Proxy(server_port) as proxy:
        proxy.up = Trouble(cut_at=100)      # then connect to proxy.port
"""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Self

from hiq.accepting import stop_accepting

CHUNK = 65536
LINGER_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Trouble:
    """What one direction suffers.

    Attributes:
        delay_s: wait this long before each piece.
        split: hand on at most so many bytes at once.
        cut_at: after so many bytes (and not before one more came) end the
            connection, both ways.
        reset: end it by RST instead of FIN.
        stall_at: after so many bytes hand on nothing more, until `Proxy.resume`.
        corrupt_at: flip the lowest bit of the byte at this position.
    """

    delay_s: float = 0.0
    split: int = CHUNK
    cut_at: int | None = None
    reset: bool = False
    stall_at: int | None = None
    corrupt_at: int | None = None


NONE = Trouble()


class Proxy:
    """One listening port in front of one server; an asynchronous context manager."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.target = (host, port)
        self.up = NONE
        self.down = NONE
        self.refusing = False
        self.connections = 0
        self.stalled = asyncio.Event()
        self.port = 0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The HTTP address of the proxy."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        await stop_accepting(self._server.sockets)
        self._server.close()
        self._flowing.set()
        self.drop(reset=True)
        if self._tasks:  # they end by themselves; cancelled ones would log errors
            await asyncio.wait(self._tasks, timeout=5)

    def drop(self, *, reset: bool = False) -> None:
        """End every connection now."""
        for writer in list(self._open):
            end(writer, reset=reset)

    def stall(self) -> None:
        """Hand on nothing more, on every connection, until `resume`."""
        self._flowing.clear()

    def resume(self) -> None:
        """End a stall."""
        self._flowing.set()
        self.stalled.clear()

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.refusing:
            end(writer, reset=True)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            end(writer, reset=True)
            return
        ends = {writer, far_writer}
        self._open |= ends
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pipe(reader, far_writer, self.up, ends))
                group.create_task(self._pipe(far_reader, writer, self.down, ends))
        finally:
            self._open -= ends
            for one in ends:
                one.close()

    async def _pipe(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        trouble: Trouble,
        ends: set[asyncio.StreamWriter],
    ) -> None:
        count = 0
        try:
            while data := await reader.read(trouble.split):
                if trouble.delay_s:
                    await asyncio.sleep(trouble.delay_s)
                first, over = limited(data, count, trouble)
                count += len(data)
                await put(writer, first)
                if over and trouble.stall_at is None:
                    for one in ends:
                        end(one, reset=trouble.reset)
                    return
                if over:
                    self.stall()
                    self.stalled.set()
                await self._flowing.wait()
                await put(writer, data[len(first) :])
            if writer.can_write_eof():
                writer.write_eof()
        except OSError:
            for one in ends:
                end(one, reset=True)


def limited(data: bytes, count: int, trouble: Trouble) -> tuple[bytes, bool]:
    """Return what of a piece goes on at once, and whether a limit was reached by it."""
    at = trouble.corrupt_at
    if at is not None and count <= at < count + len(data):
        data = (
            data[: at - count] + bytes([data[at - count] ^ 1]) + data[at - count + 1 :]
        )
    limits = [n for n in (trouble.cut_at, trouble.stall_at) if n is not None]
    if limits and count <= min(limits) < count + len(data):
        return data[: min(limits) - count], True
    return data, False


async def put(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Write a piece, if there is anything in it."""
    if data:
        writer.write(data)
        await writer.drain()


def end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    """Close a connection, by RST if asked."""
    sock = writer.get_extra_info("socket")
    if reset and sock is not None and sock.fileno() >= 0:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        except OSError:
            pass
    writer.transport.abort()
