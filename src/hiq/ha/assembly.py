"""Frames become messages: fragments are joined, and RFC 6455 is kept while doing so.

picows hands out frames as they come and leaves what belongs together to its user.
Bounded: a message may not become longer than the limit, however it is cut. What a
message says, and whether its text is UTF-8, is judged by whoever takes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from picows import WSMsgType

from hiq.errors import ProtocolError

if TYPE_CHECKING:
    from picows import WSFrame

__all__ = ["Assembly"]

UNSUPPORTED: Final = 1003
TOO_BIG: Final = 1009
_TEXT, _BINARY = WSMsgType.TEXT, WSMsgType.BINARY
_CONTINUATION: Final = WSMsgType.CONTINUATION


class Assembly:
    """The message that is on its way.

    - `add` takes each data frame and returns the message that it completes, if it
      does: a view that holds until the frame's callback returns.
    - `is_open`: parts of a message are here, and it is not whole.
    - After `add` returned a message: `binary` says which kind it is.
    """

    def __init__(self, max_bytes: int, *, takes_binary: bool = False) -> None:
        self.binary = False
        self._max_bytes = max_bytes
        self._takes_binary = takes_binary
        self._parts: bytearray | None = None

    @property
    def is_open(self) -> bool:
        """Whether a message has begun and is not whole."""
        return self._parts is not None

    def add(self, frame: WSFrame) -> memoryview | None:
        """Take a frame of text, of binary data, or a continuation (section 5.4).

        Raises:
            ProtocolError: a frame that may not be here, or too long a message.
        """
        kind = frame.msg_type
        if kind is _CONTINUATION:
            return self._continue(frame)
        if self._parts is not None:
            raise ProtocolError("a message began inside another one")
        self.binary = kind is _BINARY
        if self.binary and not self._takes_binary:
            raise ProtocolError(
                "a binary message; Home Assistant sends text only",
                close_code=UNSUPPORTED,
            )
        if frame.fin:
            return frame.get_payload_as_memoryview()
        self._parts = bytearray(frame.get_payload_as_memoryview())
        return None

    def clear(self) -> None:
        """Forget a message that will not be whole."""
        self._parts = None

    def too_long(self) -> ProtocolError:
        """Return the error of a message over the limit, with what helps."""
        return ProtocolError(
            f"a message is longer than {self._max_bytes} bytes; raise "
            "home_assistant.max_message_bytes",
            close_code=TOO_BIG,
        )

    def _continue(self, frame: WSFrame) -> memoryview | None:
        """Add a fragment; return the message with the last one."""
        parts = self._parts
        if parts is None:
            raise ProtocolError("a fragment without a beginning")
        if len(parts) + frame.payload_size > self._max_bytes:
            raise self.too_long()
        parts += frame.get_payload_as_memoryview()
        if not frame.fin:
            return None
        self._parts = None
        return memoryview(parts)
