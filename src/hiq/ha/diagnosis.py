"""What an exception out of a connection means: its label, and whether to try again.

Pure, in one screen, so that no `except` somewhere decides it by accident.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from hiq.errors import AuthError, CommandError, ConnectionLost, ProtocolError

__all__ = ["Diagnosis", "classify"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What an end of a connection means.

    Attributes:
        reason: label for counters: auth, closed, command, handshake, internal,
            network, protocol, refused, timeout or tls.
        final: trying again with the same token is of no use.
    """

    reason: str
    final: bool = False


def classify(exc: BaseException) -> Diagnosis:
    """Say what an exception out of a connection means.

    Close code 1000 is a loss like any other: Home Assistant sends it to clients that
    were too slow, after events were dropped.
    """
    match exc:
        case AuthError():
            return Diagnosis("auth", final=True)
        case CommandError():
            return Diagnosis("command")
        case ProtocolError():
            return Diagnosis("protocol")
        case ConnectionLost(code=int()):
            return Diagnosis("closed")
        case ConnectionLost():
            return Diagnosis(_network_reason(exc.__cause__))
    return Diagnosis("internal")


def _network_reason(cause: BaseException | None) -> str:
    """Name what lies below a loss that had no close code; none is a deadline."""
    match cause:
        case None | TimeoutError():
            return "timeout"
        case ssl.SSLError():
            return "tls"
        case ConnectionRefusedError():
            return "refused"
        case OSError():
            return "network"
    return "handshake"
