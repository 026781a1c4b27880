"""The WebSocket /ws/status: a snapshot of the house, then what changes.

A client has a queue of its own, bounded; who does not read is closed and harms nobody:
frames are encoded once and put into queues without a wait. What a client says is
ignored. It must not know where the status comes from.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import msgspec
from aiohttp import WSCloseCode, web

from hiq.backoff import wait
from hiq.web.answer import refusal
from hiq.web.report import moment
from hiq.web.types.house import Ping

if TYPE_CHECKING:
    from hiq.web.house import House
    from hiq.web.types.house import Delta
    from hiq.web.view import View

__all__ = ["StatusSocket"]

logger = logging.getLogger("hiq.web.socket")

PING_S = 15.0
HEARTBEAT_S = 30.0
CLOSE_S = 1.0
END_S = 0.4
MAX_CLIENTS = 64
MAX_WAITING = 256
MAX_MESSAGE_BYTES = 64 * 1024
TOO_SLOW = 4408

_ENCODER = msgspec.json.Encoder()


class _Client:
    """One connection: its queue, and why it has to end."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.frames: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)
        self.code = int(WSCloseCode.OK)
        self.ending = asyncio.Event()

    def push(self, frame: str) -> None:
        """Queue a frame; who has too many waiting is ended."""
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.end(TOO_SLOW)

    def end(self, code: int) -> None:
        """Ask for the end; the first reason counts."""
        if not self.ending.is_set():
            self.code = code
            self.ending.set()


class StatusSocket:
    """The clients of /ws/status.

    After calling `close`: every client was told 1001, and none is left.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._clients: set[_Client] = set()
        self._house: House | None = None
        self._open = 0
        self._closed = asyncio.Event()

    async def status_socket(self, request: web.Request) -> web.StreamResponse:
        """Serve one client until it leaves."""
        socket = web.WebSocketResponse(
            timeout=CLOSE_S,
            heartbeat=HEARTBEAT_S,
            max_msg_size=MAX_MESSAGE_BYTES,
            compress=False,
        )
        if not socket.can_prepare(request):
            return refusal(400, "no_websocket", "this route is a WebSocket")
        if len(self._clients) >= MAX_CLIENTS:
            return refusal(503, "too_many_clients", f"{MAX_CLIENTS} are connected")
        await socket.prepare(request)
        house = self._view.parts.house
        if house is None or not house.known:
            await socket.close(
                code=WSCloseCode.TRY_AGAIN_LATER, message=b"no status is known yet"
            )
            return socket
        client = _Client(socket)
        now = moment(self._view.clock())
        client.push(_ENCODER.encode(house.snapshot(now)).decode())
        self._add(client, house)
        try:
            await self._serve(client)
        finally:
            self._remove(client)
            await _close(client, request)
            self._open -= 1
            if not self._open:
                self._closed.set()
        return socket

    async def close(self, _app: web.Application) -> None:
        """End all clients: the service stops."""
        for client in self._clients:
            client.end(WSCloseCode.GOING_AWAY)
        if self._open:
            await wait(self._closed, END_S)

    async def _serve(self, client: _Client) -> None:
        """Write, and read what is ignored, until one of both ends."""
        with contextlib.suppress(ExceptionGroup):  # the client is gone
            async with asyncio.TaskGroup() as group:
                tasks = (
                    group.create_task(_write(client)),
                    group.create_task(_read(client.socket)),
                    group.create_task(client.ending.wait()),
                )
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
        if client.code == TOO_SLOW:
            self._view.traffic.slow_sockets += 1
            logger.warning("a client of /ws/status does not read and is closed")

    def _add(self, client: _Client, house: House) -> None:
        self._clients.add(client)
        self._view.traffic.sockets = len(self._clients)
        self._open += 1
        self._closed.clear()
        self._house = house
        house.listen(self._changed)

    def _remove(self, client: _Client) -> None:
        self._clients.discard(client)
        self._view.traffic.sockets = len(self._clients)
        if not self._clients and self._house is not None:
            self._house.unlisten(self._changed)

    def _changed(self, deltas: list[Delta]) -> None:
        """Encode once, queue for all."""
        frames = [_ENCODER.encode(delta).decode() for delta in deltas]
        for client in tuple(self._clients):
            for frame in frames:
                client.push(frame)


async def _write(client: _Client) -> None:
    """Send what is queued, and a sign of life while nothing is."""
    ping = _ENCODER.encode(Ping()).decode()
    loop = asyncio.get_running_loop()
    due_s = loop.time() + PING_S
    while True:
        frame = ping
        if loop.time() < due_s:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due_s):
                    frame = await client.frames.get()
        if frame is ping:
            due_s = loop.time() + PING_S
        await client.socket.send_str(frame)


async def _read(socket: web.WebSocketResponse) -> None:
    async for _message in socket:
        pass


async def _close(client: _Client, request: web.Request) -> None:
    """Say why; who does not take even that is cut off."""
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(CLOSE_S):
            await client.socket.close(code=client.code)
            return
    if request.transport is not None:
        request.transport.abort()
