"""A WebSocket by hand: it answers nothing by itself."""

from __future__ import annotations

import asyncio
import base64
import os
from typing import Any

from tests.clients.serving import DEADLINE_S, Hiq

PING, PONG = 0x9, 0xA


class Raw:
    """A WebSocket that answers nothing by itself."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.pings = 0
        self.ended = False
        self._pinged = asyncio.Condition()

    @classmethod
    async def open(cls, hiq: Hiq) -> Raw:
        """Shake hands."""
        reader, writer = await asyncio.open_connection("127.0.0.1", hiq.port)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /ws HTTP/1.1",
            f"Host: 127.0.0.1:{hiq.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: hiq.v1",
            f"Authorization: Bearer {hiq.token('raw')}",
        ]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head, head
        return cls(reader, writer)

    async def pinged(self, count: int) -> None:
        """Wait for so many pings; `listen` runs beside it."""
        async with asyncio.timeout(DEADLINE_S), self._pinged:
            await self._pinged.wait_for(lambda: self.pings >= count)

    async def listen(self, *, answer: bool) -> None:
        """Read until the end; count pings."""
        try:
            while True:
                head = await self.reader.readexactly(2)
                length: Any = head[1] & 0x7F
                if length == 126:
                    length = int.from_bytes(await self.reader.readexactly(2), "big")
                payload = await self.reader.readexactly(length)
                if head[0] & 0xF == PING:
                    if answer:
                        self.writer.write(
                            bytes((0x80 | PONG, 0x80 | len(payload)))
                            + bytes(4)
                            + payload
                        )
                    async with self._pinged:
                        self.pings += 1
                        self._pinged.notify_all()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended = True
        finally:
            self.writer.close()
