"""The log-in to Home Assistant, from its greeting to the accepted token, without I/O.

Messages and the time go in, what happened comes out; each step has its deadline. It
sends nothing: neither the token, which it does not know, nor what follows the log-in.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from hiq.errors import AuthError, ConnectionLost, ProtocolError
from hiq.ha.events import Greeted, LoggedIn
from hiq.ha.messages import decode_message

__all__ = ["Login", "Phase"]


class Phase(Enum):
    """How far the log-in is."""

    GREETING = "waiting for auth_required"
    LOGIN = "waiting for the answer to the token"
    OPEN = "open"


class Login:
    """The log-in of one connection.

    - `phase`: how far it is.
    - `deadline`: when the next message must be here, in seconds of a monotonic clock;
      without meaning once it is `done`.
    """

    def __init__(self, now: float, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self.phase = Phase.GREETING
        self.deadline = now + timeout_s

    @property
    def done(self) -> bool:
        """Whether the token was accepted."""
        return self.phase is Phase.OPEN

    def receive_message(self, message: bytes, now: float) -> Greeted | LoggedIn:
        """Take a message and return what happened; the token follows on `Greeted`.

        Raises:
            AuthError: the token was refused.
            ProtocolError: it is none of Home Assistant's, or may not come here.
        """
        try:
            decoded = decode_message(message)
        except msgspec.DecodeError as exc:
            raise ProtocolError(
                f"no message of Home Assistant while {self.phase.value}: {exc}"
            ) from exc
        match self.phase, decoded.type:
            case Phase.GREETING, "auth_required":
                self.phase = Phase.LOGIN
                self.deadline = now + self._timeout_s
                return Greeted()
            case Phase.LOGIN, "auth_ok":
                self.phase = Phase.OPEN
                return LoggedIn(decoded.ha_version)
            case _, "auth_invalid":
                raise AuthError(decoded.message)
            case _, kind:
                raise ProtocolError(
                    f"{kind[:40]!r} while {self.phase.value}; is it Home Assistant?"
                )

    def receive_time(self, now: float) -> None:
        """Let the deadline pass.

        Raises:
            ConnectionLost: nothing came until then.
        """
        if now >= self.deadline:
            raise ConnectionLost(
                f"{self.phase.value}, nothing in {self._timeout_s:g} s"
            )

    def postpone(self, seconds: float) -> None:
        """Move the deadline."""
        self.deadline += seconds
