"""WebSocket servers on port 0: a correct one, and one that sends any bytes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
from typing import TYPE_CHECKING

from websockets.asyncio.server import serve

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

    from websockets.asyncio.server import ServerConnection

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@contextlib.asynccontextmanager
async def serving(
    handler: Callable[[ServerConnection], Awaitable[None]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serve with the `websockets` library; gives the address."""
    async with serve(handler, "127.0.0.1", 0, ssl=tls, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"{'ws' if tls is None else 'wss'}://localhost:{port}/api/websocket"


def frame_bytes(
    opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0
) -> bytes:
    """Return one unmasked frame (RFC 6455, section 5.2)."""
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    size = len(payload)
    if size < 126:
        head += bytes([size])
    elif size < 65536:
        head += bytes([126]) + size.to_bytes(2)
    else:
        head += bytes([127]) + size.to_bytes(8)
    return head + payload


class RawPeer:
    """The other end of a connection after the handshake, byte by byte."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.reader = reader
        self.writer = writer

    def frame(self, opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0):
        """Send one unmasked frame."""
        self.writer.write(frame_bytes(opcode, payload, fin=fin, rsv=rsv))

    async def read_frame(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame of the client."""
        head = await self.reader.readexactly(2)
        size = head[1] & 0x7F
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2))
        mask = await self.reader.readexactly(4)
        payload = await self.reader.readexactly(size)
        return head[0] & 0x0F, bytes(
            byte ^ mask[i % 4] for i, byte in enumerate(payload)
        )


@contextlib.asynccontextmanager
async def serving_raw(
    handler: Callable[[RawPeer], Awaitable[None]],
    response: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serve the handshake (or this response), then leave all to the handler."""
    tasks: set[asyncio.Task[None] | None] = set()

    async def serve_one(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        tasks.add(asyncio.current_task())
        try:
            await shake_hands(reader, writer)
        finally:
            writer.transport.abort()
            tasks.discard(asyncio.current_task())

    async def shake_hands(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            key = next(
                line.partition(b":")[2].strip()
                for line in request.split(b"\r\n")
                if line.lower().startswith(b"sec-websocket-key")
            )
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
            writer.write(
                response
                if response is not None
                else b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            await handler(RawPeer(reader, writer))
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0, ssl=tls)
    scheme, name = ("ws", "127.0.0.1") if tls is None else ("wss", "localhost")
    try:
        yield f"{scheme}://{name}:{server.sockets[0].getsockname()[1]}/api/websocket"
    finally:
        server.close()
        for task in list(tasks):
            if task is not None:
                task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
