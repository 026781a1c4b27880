"""One client's connection to the simulated home: reader, outbox, writer.

Messages wait in the outbox until the client takes them; one that does not keep up is
cut, by the limits of Home Assistant. What is said is up to the session.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed

from hiq.simulate.protocol import join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from websockets.asyncio.server import ServerConnection

    from hiq.simulate.protocol import Session

__all__ = ["Limits", "Link"]


@dataclass(frozen=True, slots=True)
class Limits:
    """When a client is too slow, in messages that wait for it.

    Attributes:
        most: so many cut it at once.
        peak: more than these for `peak_s` seconds cut it.
        login_s: seconds it has to log in.
    """

    most: int = 4096
    peak: int = 1024
    peak_s: float = 10.0
    login_s: float = 10.0


class Link:
    """The server's end of one connection.

    - `run` serves it until it ends.
    - `push` queues messages; it never waits.
    - `cut` ends it without a close frame, as Home Assistant does.
    - `freeze`: neither reads nor writes until `thaw`; the connection stays open.
    """

    def __init__(
        self,
        socket: ServerConnection,
        session: Session,
        limits: Limits,
        *,
        now_us: Callable[[], int],
        on_taken: Callable[[], None],
    ) -> None:
        self.session = session
        self._socket = socket
        self._limits = limits
        self._now_us = now_us
        self._on_taken = on_taken
        self._outbox: deque[bytes] = deque()
        self._filled = asyncio.Event()
        self._moving = asyncio.Event()
        self._moving.set()
        self._peak: asyncio.TimerHandle | None = None

    @property
    def pending(self) -> int:
        """Messages that wait."""
        return len(self._outbox)

    async def run(self) -> None:
        """Log the client in, then answer and write until the connection ends."""
        try:
            if not await self._login():
                return
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write())
                try:
                    await self._read()
                finally:
                    writer.cancel()
        except* (ConnectionClosed, TimeoutError):
            await self._socket.close()
        finally:
            self._watch(on=False)
            self._outbox.clear()

    def push(self, messages: Iterable[bytes]) -> None:
        """Queue messages; cut the client if it has too many."""
        for message in messages:
            if self.session.log.cut_reason:
                return
            if len(self._outbox) >= self._limits.most:
                self.cut(f"reached {self._limits.most} pending messages")
                return
            self._outbox.append(message)
        self._filled.set()
        self._watch(on=self.pending > self._limits.peak)

    def cut(self, reason: str) -> None:
        """End the connection at once; what waits is lost."""
        self.session.log.cut_reason = reason
        self._outbox.clear()
        self._moving.set()  # nobody may wait for a thaw that never comes
        self._socket.transport.abort()

    async def garble(self, frame: bytes) -> None:
        """Send a text frame of any bytes, between the messages that wait."""
        with suppress(ConnectionClosed):
            await self._socket.send(frame, text=True)

    def freeze(self) -> None:
        """Stop reading and writing; not even a ping frame is answered."""
        self._moving.clear()
        self._socket.transport.pause_reading()

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self._moving.set()
        self._socket.transport.resume_reading()

    async def _login(self) -> bool:
        await self._send([self.session.greeting()])
        async with asyncio.timeout(self._limits.login_s):
            frame = await self._socket.recv()
        answer = self.session.receive(frame, self._now_us())
        await self._send(answer.messages)
        if answer.close:
            await self._socket.close()
        return not answer.close

    async def _read(self) -> None:
        async for frame in self._socket:
            await self._moving.wait()
            answer = self.session.receive(frame, self._now_us())
            self.push(answer.messages)
            if answer.close:
                await self._socket.close()

    async def _write(self) -> None:
        try:
            while True:
                await self._filled.wait()
                await self._moving.wait()
                messages = list(self._outbox)
                self._outbox.clear()
                self._filled.clear()
                await self._send(join(messages, self.session.log.coalesce))
                self._on_taken()
        except ConnectionClosed:
            return

    async def _send(self, frames: Sequence[bytes]) -> None:
        for frame in frames:
            await self._socket.send(frame, text=True)

    def _watch(self, *, on: bool) -> None:
        """Start or stop the timer of the peak."""
        if on and self._peak is None:
            loop = asyncio.get_running_loop()
            self._peak = loop.call_later(self._limits.peak_s, self._still_peak)
        elif not on and self._peak is not None:
            self._peak.cancel()
            self._peak = None

    def _still_peak(self) -> None:
        self._peak = None
        if self.pending > self._limits.peak:
            limits = self._limits
            self.cut(f"over {limits.peak} pending messages for {limits.peak_s} s")
