"""One WebSocket connection on picows: open it, read messages, send, close.

It owns the socket and nothing else: what messages mean, when to connect again and
whether an end is a loss is decided elsewhere. Pings are answered here and not by
picows, whose own answer would swallow the mark of the last frame in a read, and with it
the end of the batch.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import picows

from hiq.errors import ConnectionLost, ProtocolError
from hiq.ha.assembly import Assembly
from hiq.ha.closing import OK, code_for, code_in_return, loss
from hiq.ha.listening import make_listener
from hiq.ha.opening import connect
from hiq.ha.reading import bound_reads

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from hiq.ha.feed import Payload
    from hiq.ha.listening import Lane

__all__ = ["Connection"]

CLOSE_S: Final = 1.0
REST_S: Final = 0.3
"""Longest rest of the socket, whoever has forgotten it."""
_CONTROL: Final = {picows.WSMsgType.PING, picows.WSMsgType.PONG, picows.WSMsgType.CLOSE}


class Connection:
    """One connection, from `open` to its end; never opened again.

    - `on_message(payload)` is called for each whole text message, synchronously. The
      payload may be a memoryview that is valid during the call only.
    - `on_batch_end()` is called once per read of the socket that held a message.
    - `on_end()` is called once, when the connection is over, whoever ended it.
    - An exception out of a callback ends the connection and is raised by `wait`.
    - A binary message ends the connection, unless `on_binary` takes it.
    - With a lane, and while `direct` is set to True, whole text messages go into its
      pipeline instead, if the compiled listener can be used.
    - While `may_rest`, a lane that gathers lone messages may leave the socket alone in
      between; then an answer comes later by up to 0.3 seconds.
    """

    def __init__(
        self,
        on_message: Callable[[Payload], object],
        on_batch_end: Callable[[], object],
        on_end: Callable[[], object],
        *,
        max_message_bytes: int = 64 * 1024 * 1024,
        lane: Lane | None = None,
        on_binary: Callable[[Payload], object] | None = None,
    ) -> None:
        self._on_message = on_message
        self._on_batch_end = on_batch_end
        self._on_end = on_end
        self._on_binary = on_binary
        self._max_message_bytes = max_message_bytes
        self._assembly = Assembly(max_message_bytes, takes_binary=on_binary is not None)
        self._transport: picows.WSTransport | None = None
        self._error: Exception | None = None
        self._close_sent = False
        self._abandoned = False
        self._opening: asyncio.Timeout | None = None
        self._paused = False
        self._rest: asyncio.TimerHandle | None = None
        self.may_rest = False
        self._direct = False
        self._ended = asyncio.Event()
        self._listener = make_listener(self, lane)

    @property
    def direct(self) -> bool:
        """Whether messages may go straight into the lane's pipeline."""
        return self._direct

    @direct.setter
    def direct(self, allowed: bool) -> None:
        self._direct = allowed
        self._steer()

    @property
    def ended(self) -> bool:
        """Whether the connection is over."""
        return self._ended.is_set()

    async def open(
        self, url: str, *, tls: SSLContext | None = None, deadline_s: float = 10.0
    ) -> None:
        """Connect and shake hands, all within the deadline.

        Raises:
            ConnectionLost: it did not work; the cause tells the kind.
        """
        host = urlsplit(url).netloc
        try:
            try:
                async with asyncio.timeout(deadline_s) as self._opening:
                    await connect(
                        self._listener,
                        url,
                        tls=tls,
                        handshake_s=deadline_s,
                        max_message_bytes=self._max_message_bytes,
                    )
            finally:
                self._opening = None  # it is over, `abandon` must not touch it
        except ConnectionLost:
            raise
        except TimeoutError as exc:
            self.abandon()
            raise ConnectionLost(f"{host} does not answer in {deadline_s:g} s") from exc
        except BaseException:
            self.abandon()
            raise
        if self._transport is None:
            raise ConnectionLost(f"{host} hung up during the handshake", 1006)

    def send(self, message: bytes, *, binary: bool = False) -> None:
        """Send one message; without effect once the connection has ended."""
        if self._transport is not None and not self.ended and not self._close_sent:
            kind = picows.WSMsgType.BINARY if binary else picows.WSMsgType.TEXT
            self._transport.send(kind, message)

    def pause_reading(self) -> None:
        """Read no more from the socket; what was read already is still delivered.

        Before `open` it holds for the connection to come.
        """
        if not self.ended and not self._paused:
            self._paused = True
            if self._transport is not None:
                self._transport.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again after `pause_reading`."""
        if not self.ended and self._paused:
            self._paused = False
            if self._transport is not None and self._rest is None:
                self._transport.underlying_transport.resume_reading()

    def abandon(self) -> None:
        """Deliver no further message and give up opening at once."""
        self._abandoned = True
        self._steer()
        if self._opening is not None and not self._opening.expired():
            self._opening.reschedule(0.0)

    async def close(self, deadline_s: float = CLOSE_S) -> None:
        """Say goodbye and end; may be called at any time and twice.

        No further message is delivered from the moment of the call.
        """
        self._abandoned = True
        self._steer()
        transport = self._transport
        if transport is None:
            return
        if not self.ended:
            self._send_close(OK)
            self.rouse()
            self.resume_reading()
            try:
                async with asyncio.timeout(deadline_s):
                    await self._ended.wait()
            except TimeoutError:
                transport.disconnect(False)
            except asyncio.CancelledError:
                transport.disconnect(False)
                raise
        with contextlib.suppress(picows.WSError):
            await transport.wait_disconnected()

    async def wait(self) -> None:
        """Wait for the end and raise its reason; nothing if `close` made it.

        Raises:
            Exception: what a callback raised.
            ProtocolError: the peer broke the WebSocket protocol.
            ConnectionLost: any other end, with the close code (1005: its frame had
                none, 1006: there was no close frame).
        """
        transport = self._transport
        if transport is None:
            raise ConnectionLost("the connection was never made")
        await self._ended.wait()
        try:
            await transport.wait_disconnected()
        except picows.WSError as exc:
            if getattr(exc, "code", None) == picows.WSCloseCode.MESSAGE_TOO_BIG:
                raise self._assembly.too_long() from exc
            raise ProtocolError(f"the WebSocket protocol was broken: {exc}") from exc
        if self._error is not None:
            raise self._error
        if self._abandoned:
            return
        raise loss(transport)

    # called by the listener

    def connected(self, transport: picows.WSTransport) -> None:
        """Keep the transport; drop it if nobody waits any more."""
        self._transport = transport
        bound_reads(transport.underlying_transport)
        if self._abandoned:
            transport.disconnect(False)
        elif self._paused:
            transport.underlying_transport.pause_reading()

    def take_frame(self, frame: picows.WSFrame) -> None:
        """Take one frame that did not go the short way."""
        if self._abandoned or self._close_sent:
            if frame.msg_type is picows.WSMsgType.CLOSE:
                self._disconnect()
            return
        try:
            self._take(frame)
        except Exception as exc:  # noqa: BLE001  raised again by `wait`
            self.fail(exc)

    def end_read(self) -> None:
        """Take the end of a read of the socket that held a message."""
        if self._abandoned:
            return
        try:
            self._on_batch_end()
        except Exception as exc:  # noqa: BLE001  raised again by `wait`
            self.fail(exc)

    def fail(self, exc: Exception) -> None:
        """End the connection because of this; the first reason counts."""
        if self._error is None:
            self._error = exc
        self._abandoned = True
        self._steer()
        self._send_close(code_for(exc))
        self._disconnect()

    def rest(self, seconds: float = REST_S) -> bool:
        """Leave the socket alone for a moment; returns whether that is allowed."""
        if not self.may_rest or self._paused or self.ended or self._rest:
            return False
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        self._rest = loop.call_later(min(seconds, REST_S), self.rouse)
        self._transport.underlying_transport.pause_reading()
        return True

    def rouse(self) -> bool:
        """Read the socket again; returns whether it rested."""
        rest, self._rest = self._rest, None
        if rest is None:
            return False
        rest.cancel()
        if not self._paused and not self.ended:
            assert self._transport is not None
            self._transport.underlying_transport.resume_reading()
        return True

    def disconnected(self) -> None:
        """Note the end."""
        self._assembly.clear()
        self._ended.set()
        self._on_end()

    # inside

    def _take(self, frame: picows.WSFrame) -> None:
        """Act on a control frame, deliver the message that a data frame completes."""
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise ProtocolError("a frame uses an extension that was not agreed on")
        kind = frame.msg_type
        if kind in _CONTROL:
            if kind is picows.WSMsgType.CLOSE:
                self._answer_close(frame)
            elif kind is picows.WSMsgType.PING and self._transport is not None:
                self._transport.send_pong(frame.get_payload_as_bytes())
            return
        message = self._assembly.add(frame)
        self._steer()
        if message is None:
            return
        self._listener.in_batch = True
        if self._on_binary is not None and self._assembly.binary:
            self._on_binary(message)
        else:
            self._on_message(message)

    def _answer_close(self, frame: picows.WSFrame) -> None:
        """Say goodbye in return."""
        self._send_close(code_in_return(frame))
        self._disconnect()

    def _steer(self) -> None:
        """Let whole messages go the short way while nothing is against it."""
        self._listener.direct = (
            self._direct
            and not self._assembly.is_open
            and not self._abandoned
            and not self._close_sent
        )

    def _send_close(self, code: int) -> None:
        """Send a close frame, once (RFC 6455, section 5.5.1); no data counts behind."""
        if self._transport is not None and not self._close_sent:
            self._close_sent = True
            self._steer()
            self._transport.send_close(picows.WSCloseCode(code))

    def _disconnect(self) -> None:
        """Close the socket after what was written."""
        if self._transport is not None:
            self._transport.disconnect()
