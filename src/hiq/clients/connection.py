"""The socket of one client: a reader, a writer and a heartbeat in one scope.

Whatever ends one of them ends all; leaving the scope leaves nothing behind. What is
to be sent goes to the transport in one piece when it is its turn; the
writer sleeps unless the peer does not take it. What is said is decided by the
conversation, which knows no socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import WSMsgType, web

from hiq.clients.heartbeat import Heartbeat

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

    from hiq.clients.clocks import Clocks
    from hiq.clients.rules import Rules
    from hiq.clients.turns import Turns

__all__ = ["Connection", "Talk"]

logger = logging.getLogger("hiq.clients")

TOO_SLOW: Final = 4408
LOOK_S: Final = 1.0
YIELD_AFTER: Final = 32
GOODBYE_S: Final = 1.0
PIECE_BYTES: Final = 64 * 1024
TURN_BYTES: Final = 128 * 1024
"""So much goes out before others get their turn."""


class Talk(Protocol):
    """What a conversation gives and takes."""

    @property
    def closing(self) -> tuple[int, str] | None:
        """Close code and reason, once it has to end."""
        ...

    @property
    def due_s(self) -> float | None:
        """In how many seconds `tick` has something to do."""
        ...

    def begin(self) -> None:
        """Be ready."""
        ...

    def end(self, *, well: bool = True) -> None:
        """Leave."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Ask for the end."""
        ...

    def receive(self, text: str | None, size: int) -> None:
        """Take a message."""
        ...

    def data_to_send(self, most_bytes: int) -> bytes:
        """Return messages that count as sent; all, if they are shorter than that."""
        ...

    def tick(self) -> None:
        """Look at the clock."""
        ...


class Connection:
    """One client.

    After `run`: the socket is closed or aborted.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        request: web.Request,
        writer: AbstractStreamWriter,
        *,
        rules: Rules,
        clocks: Clocks,
        turns: Turns,
    ) -> None:
        self.talk: Talk | None = None
        self._socket = socket
        self._request = request
        self._writer = writer
        self._turns = turns
        self._fault: BaseException | None = None
        self._planned = self._stuck = False
        self._rules = rules
        self._clocks = clocks
        self._attention = asyncio.Event()
        self._aborting = False
        self.heartbeat = Heartbeat(
            rules.heartbeat_interval,
            rules.heartbeat_timeout,
            rules.heartbeat_missed,
            clocks.steady(),
        )

    def wake(self) -> None:
        """There may be something to send."""
        if not self._planned:
            self._planned = True
            self._turns.plan(self)

    async def run(self, talk: Talk) -> bool:
        """Serve until it ends; return whether it ended as it should."""
        self.talk = talk
        talk.begin()
        with contextlib.suppress(ExceptionGroup):  # the peer is gone
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._read(talk)),
                    group.create_task(self._write(talk)),
                    group.create_task(self._keep(talk)),
                ]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
        return talk.closing is None and self._socket.close_code is not None

    async def finish(self, talk: Talk) -> bool:
        """Say goodbye; return False if the peer had to be cut off."""
        code, reason = talk.closing or (1000, "")
        if not self._aborting:
            limit_s = self._rules.close_timeout
            with contextlib.suppress(TimeoutError, ConnectionError, RuntimeError):
                async with asyncio.timeout(limit_s + GOODBYE_S):
                    await self._socket.close(code=code, message=reason[:50].encode())
        transport = self._request.transport
        if transport is not None and not transport.is_closing():
            transport.abort()
            return False
        return not self._aborting

    async def _read(self, talk: Talk) -> None:
        socket, heartbeat = self._socket, self.heartbeat
        count = 0
        while talk.closing is None:
            message = await socket.receive()
            heartbeat.heard(self._clocks.steady())
            match message.type:
                case WSMsgType.TEXT:
                    talk.receive(message.data, len(message.data.encode()))
                case WSMsgType.BINARY:
                    talk.receive(None, len(message.data))
                case WSMsgType.PING:
                    await socket.pong(message.data)
                case WSMsgType.PONG:
                    pass
                case _:
                    return
            count += 1
            if not count % YIELD_AFTER:
                await asyncio.sleep(0)  # what is buffered comes without a wait

    def send(self) -> None:
        """Give the transport what there is, unless the peer does not take it."""
        self._planned = False
        talk, transport = self.talk, self._request.transport
        if self._stuck or talk is None or transport is None or transport.is_closing():
            return
        size = 0
        try:
            while data := talk.data_to_send(PIECE_BYTES):
                transport.write(data)
                size += len(data)
                if self._request.protocol.writing_paused:
                    self._stuck = True
                    self._attention.set()
                    return
                if len(data) < PIECE_BYTES:
                    break
                if size >= TURN_BYTES:
                    self.wake()
                    break
        except Exception as exc:  # noqa: BLE001  told to the scope, which ends by it
            self._fault = exc
        if talk.closing is not None or self._fault is not None:
            self._attention.set()

    async def _write(self, talk: Talk) -> None:
        """Wait for the peer where it does not take what it gets, and for the end."""
        while True:
            await self._attention.wait()
            self._attention.clear()
            if self._fault is not None:
                raise self._fault
            if self._stuck:
                try:
                    async with asyncio.timeout(self._rules.send_timeout):
                        await self._writer.drain()
                except TimeoutError:
                    self._give_up(talk, "a frame was not taken in time")
                    return
                self._stuck = False
                self.send()
            elif talk.closing is not None:
                return

    async def _keep(self, talk: Talk) -> None:
        heartbeat = self.heartbeat
        while True:
            talk.tick()
            due = heartbeat.look(self._clocks.steady())
            if due == "dead":
                self._give_up(talk, "no answer to pings")
                return
            if due == "ping":
                try:
                    async with asyncio.timeout(heartbeat.ping_limit_s):
                        await self._socket.ping()
                except TimeoutError:
                    self._give_up(talk, "a ping was not taken in time")
                    return
            wait_s = min(heartbeat.due_s - self._clocks.steady(), LOOK_S)
            if talk.due_s is not None:
                wait_s = min(wait_s, talk.due_s)
            await asyncio.sleep(max(0.01, wait_s))

    def _give_up(self, talk: Talk, reason: str) -> None:
        """The peer takes nothing: there is nobody to say goodbye to."""
        self._aborting = True
        talk.close(TOO_SLOW, reason)
