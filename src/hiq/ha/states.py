"""States of the connection to Home Assistant and which may follow which.

One machine for the whole run, over all connections; it remembers the last 100
changes for health and log. It knows nothing of sockets; the time is an argument.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from hiq.errors import TransitionError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HISTORY", "LEGAL", "Change", "ConnectionState", "States"]


class ConnectionState(Enum):
    """Where the connection stands.

    FAILED: the last attempt did not reach a log-in. With a refused token it stays
    until the token changes; otherwise the next attempt leaves it.
    """

    DISCONNECTED = "DISCONNECTED"
    CONNECTING = "CONNECTING"
    AUTHENTICATING = "AUTHENTICATING"
    CONNECTED = "CONNECTED"
    RECONNECTING = "RECONNECTING"
    FAILED = "FAILED"


_ = ConnectionState
LEGAL: Final[dict[ConnectionState, frozenset[ConnectionState]]] = {
    _.DISCONNECTED: frozenset({_.CONNECTING}),
    _.CONNECTING: frozenset({_.AUTHENTICATING, _.FAILED, _.DISCONNECTED}),
    _.AUTHENTICATING: frozenset({_.CONNECTED, _.FAILED, _.DISCONNECTED}),
    _.CONNECTED: frozenset({_.RECONNECTING, _.DISCONNECTED}),
    _.RECONNECTING: frozenset({_.CONNECTING, _.FAILED, _.DISCONNECTED}),
    _.FAILED: frozenset({_.RECONNECTING, _.DISCONNECTED}),
}
HISTORY: Final = 100


@dataclass(frozen=True, slots=True)
class Change:
    """One change of state; `at` in Unix seconds, `reason` for people."""

    at: float
    old: ConnectionState
    new: ConnectionState
    reason: str


class States:
    """The present state and the way to it.

    - `to` the same state does nothing; to a state that may not follow raises
      TransitionError and changes nothing. There is no way to force one.
    - From every state DISCONNECTED may follow: that is the shutdown.
    - `on_change` is called after each change, synchronously.
    """

    __slots__ = ("_clock", "_on_change", "current", "history")

    def __init__(
        self, clock: Callable[[], float], on_change: Callable[[Change], None]
    ) -> None:
        self._clock = clock
        self._on_change = on_change
        self.current = ConnectionState.DISCONNECTED
        self.history: deque[Change] = deque(maxlen=HISTORY)

    def to(self, new: ConnectionState, reason: str = "") -> None:
        """Go to a state.

        Raises:
            TransitionError: it may not follow the present one.
        """
        old = self.current
        if new is old:
            return
        if new not in LEGAL[old]:
            raise TransitionError(old.value, new.value)
        change = Change(self._clock(), old, new, reason)
        self.current = new
        self.history.append(change)
        self._on_change(change)
