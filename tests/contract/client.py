"""A plain client of the WebSocket API, on `websockets`, that forgives nothing."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

WAIT_S = 20.0


class Client:
    """One connection; `frames` keeps every decoded text frame in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[Any] = []
        self._waiting: deque[dict[str, Any]] = deque()
        self._number = 0

    async def frame(self) -> Any:
        """Return the next frame, decoded."""
        async with asyncio.timeout(WAIT_S):
            text = await self.socket.recv()
        assert isinstance(text, str), "Home Assistant sends text frames only"
        self.frames.append(json.loads(text))
        return self.frames[-1]

    async def message(self) -> dict[str, Any]:
        """Return the next message, alone or out of an array."""
        while not self._waiting:
            frame = await self.frame()
            self._waiting.extend(frame if isinstance(frame, list) else [frame])
        return self._waiting.popleft()

    async def send(self, content: Any) -> None:
        """Send JSON; a text goes as it is."""
        text = content if isinstance(content, str) else json.dumps(content)
        await self.socket.send(text)

    async def command(self, type_: str, **fields: Any) -> int:
        """Send a command with the next id; return the id."""
        self._number += 1
        await self.send({"id": self._number, "type": type_, **fields})
        return self._number

    async def answer(self, number: int) -> dict[str, Any]:
        """Return the answer to a command; events before it are passed over."""
        while True:
            message = await self.message()
            if message["type"] != "event" and message["id"] == number:
                return message

    async def ask(self, type_: str, **fields: Any) -> Any:
        """Send a command and return its result, which must be one."""
        answer = await self.answer(await self.command(type_, **fields))
        assert answer["success"], answer
        return answer["result"]

    async def events(self, count: int) -> list[dict[str, Any]]:
        """Return the next event messages."""
        found = []
        while len(found) < count:
            message = await self.message()
            if message["type"] == "event":
                found.append(message)
        return found

    async def login(self, token: str) -> None:
        """Go through the handshake."""
        assert (await self.message())["type"] == "auth_required"
        await self.send({"type": "auth", "access_token": token})
        assert (await self.message())["type"] == "auth_ok"
        self.frames.clear()


@asynccontextmanager
async def opened(url: str, token: str | None = None) -> AsyncIterator[Client]:
    """Open a connection; with a token, log in."""
    # unread frames must not hold up the close handshake: no limit on them
    async with connect(
        url, compression=None, proxy=None, max_size=None, max_queue=None
    ) as socket:
        client = Client(socket)
        if token is not None:
            await client.login(token)
        yield client
