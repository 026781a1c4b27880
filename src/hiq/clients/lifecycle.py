"""The states of one connection, and which may follow which."""

from __future__ import annotations

from enum import Enum
from typing import Final

from hiq.errors import TransitionError

__all__ = ["Lifecycle", "State"]


class State(Enum):
    """Where a connection is."""

    CONNECTING = "connecting"
    AUTHENTICATED = "authenticated"
    READY = "ready"
    DEGRADED = "degraded"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


MAY_FOLLOW: Final[dict[State, frozenset[State]]] = {
    State.CONNECTING: frozenset((State.AUTHENTICATED, State.FAILED)),
    State.AUTHENTICATED: frozenset((State.READY, State.CLOSING, State.FAILED)),
    State.READY: frozenset((State.DEGRADED, State.CLOSING, State.FAILED)),
    State.DEGRADED: frozenset((State.READY, State.CLOSING, State.FAILED)),
    State.CLOSING: frozenset((State.CLOSED, State.FAILED)),
    State.CLOSED: frozenset(),
    State.FAILED: frozenset(),
}


class Lifecycle:
    """The state of one connection; TransitionError for what may not follow."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state = State.CONNECTING

    def to(self, new: State) -> None:
        """Go on."""
        if new not in MAY_FOLLOW[self.state]:
            raise TransitionError(self.state.value, new.value)
        self.state = new

    @property
    def open(self) -> bool:
        """Whether commands are taken."""
        return self.state in {State.READY, State.DEGRADED}

    @property
    def over(self) -> bool:
        """Whether nothing more can come."""
        return not MAY_FOLLOW[self.state]

    def end(self, *, well: bool) -> None:
        """Come to an end from wherever it is; a no-op at the end."""
        if self.over:
            return
        if not well or self.state is State.CONNECTING:
            self.to(State.FAILED)
            return
        if self.state is not State.CLOSING:
            self.to(State.CLOSING)
        self.to(State.CLOSED)
