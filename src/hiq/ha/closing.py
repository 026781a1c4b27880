"""Close codes (RFC 6455, section 7.4): which one is sent, what one that came means.

Pure: when a close frame is sent, and what follows it, is decided elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hiq.errors import ConnectionLost, ProtocolError

if TYPE_CHECKING:
    import picows

__all__ = ["OK", "code_for", "code_in_return", "loss"]

OK: Final = 1000
_GOING_AWAY: Final = 1001
_NO_CODE: Final = 1005
_BROKEN: Final = 1006
_NEVER_SENT: Final = {0, 1006}
"""Codes that picows lets pass and RFC 6455, section 7.4, does not."""


def code_for(exc: Exception) -> int:
    """Return the code to close with because of this."""
    return exc.close_code if isinstance(exc, ProtocolError) else _GOING_AWAY


def code_in_return(frame: picows.WSFrame) -> int:
    """Return the code to answer a close frame with: the same (section 5.5.1).

    Raises:
        ProtocolError: it has one that may not be sent.
    """
    if not frame.payload_size:
        return OK
    code = int(frame.get_close_code().value)
    if code in _NEVER_SENT:
        raise ProtocolError(f"a close frame with code {code}")
    return code


def loss(transport: picows.WSTransport) -> ConnectionLost:
    """Return the error of an end that was not ours, with the close code.

    It is 1005 if the close frame had none, and 1006 if there was no close frame.
    """
    received = transport.close_handshake and transport.close_handshake.recv
    if not received:
        return ConnectionLost("the connection broke without a goodbye", _BROKEN)
    reason = received.reason or "the peer closed the connection"
    return ConnectionLost(reason, int(received.code.value) or _NO_CODE)
