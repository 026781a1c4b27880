"""Users: each has one document and one allowance for all of its connections.

A user is there from the first connection on, and is forgotten once nothing is left that
would have to be remembered. It must not know events, nor where documents are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hiq.clients.limits import Window
from hiq.clients.state import Document

if TYPE_CHECKING:
    from hiq.clients.rules import Rules
    from hiq.clients.sessions import Sessions

__all__ = ["Listener", "User", "Users"]


class Listener(Protocol):
    """A connection of a user, which is told of its document."""

    def state_updated(self, version: int, patch: Any, by: str) -> None:
        """The document has a new version."""
        ...


@dataclass(slots=True)
class User:
    """One user: the document, the allowance of all connections, the connections."""

    sub: str
    document: Document
    budget: Window
    connections: set[Listener] = field(default_factory=set)

    def tell(self, patch: Any, by: str) -> None:
        """Tell all connections that the document has a new version.

        Args:
            patch: what changed.
            by: the connection that wrote it.
        """
        for listener in tuple(self.connections):
            listener.state_updated(self.document.version, patch, by)

    def idle(self, now_s: float) -> bool:
        """Return whether no connection, allowance or document has to be remembered."""
        self.budget.wait_s(now_s)  # so that it forgets what is over
        return not self.connections and self.budget.empty and self.document.version == 1


class Users:
    """All users.

    Args:
        rules: the allowance of one.
        sessions: a user who has one is not forgotten.
    """

    def __init__(self, rules: Rules, sessions: Sessions) -> None:
        self._most = rules.messages_per_minute * rules.connections_per_user
        self._sessions = sessions
        self._found: dict[str, User] = {}

    def __len__(self) -> int:
        return len(self._found)

    def get(self, sub: str) -> User:
        """Return a user, who begins with an empty document."""
        found = self._found.get(sub)
        if found is None:
            found = self._found[sub] = User(sub, Document(), Window(self._most))
        return found

    def expire(self, now_s: float) -> None:
        """Forget those of whom nothing is left; seconds that never go back."""
        for user in list(self._found.values()):
            if user.idle(now_s) and not self._sessions.of(user.sub):
                del self._found[user.sub]
