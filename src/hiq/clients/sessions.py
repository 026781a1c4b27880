"""Sessions: what a user is owed outlives the connection that it is sent over.

The id of a session carries a seal over its user, so that an id which is no longer
known can be told from one that belongs to somebody else or to nobody, and the answer
to the latter two is the same. It must not know frames or sockets.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hiq.clients.delivered import Counts
from hiq.clients.outbox import Outbox
from hiq.clients.subscriptions import Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hiq.clients.principal import Scopes
    from hiq.clients.rules import Rules

__all__ = ["Forever", "Peer", "Session", "Sessions"]

Forever = 2**62
"""The mark of an outbox that is not kept on disk: everything may be sent."""

SEAL_DIGITS = 16


class Peer(Protocol):
    """A connection, as a session knows it."""

    def wake(self) -> None:
        """There may be something to send."""
        ...

    def say(self, kind: str, **fields: Any) -> None:
        """Send a frame without a number."""
        ...

    def taken_over(self) -> None:
        """Another connection goes on with the session."""
        ...


@dataclass(slots=True, eq=False)
class Session:
    """One session; at most one connection is its peer.

    Attributes:
        durable: the highest number that a restart would not give to something else.
        kept: the highest number that a store was given.
        informed: whether the last states of all it wants are known.
        marks: how many points had been taken when a number was given; see `written`.
        written: up to which number clients were told that databases have it.
    """

    id: str
    sub: str
    scopes: Scopes
    outbox: Outbox
    subscriptions: Subscriptions
    peer: Peer | None = None
    detached_s: float = 0.0
    durable: int = Forever
    kept: int = 0
    informed: bool = False
    marks: deque[tuple[int, int]] = field(default_factory=deque)
    written: int = 0


class Sessions:
    """All sessions.

    Args:
        rules: how many, and how long one lives without a connection.
        key: what seals are made with; the same over restarts.
        fresh: returns random hexadecimal digits.
        gone: told of each session that ends.
    """

    def __init__(
        self,
        rules: Rules,
        key: bytes,
        fresh: Callable[[], str],
        gone: Callable[[Session], None],
    ) -> None:
        self._rules = rules
        self._key = key
        self._fresh = fresh
        self._gone = gone
        self._found: dict[str, Session] = {}
        self.totals = Counts()
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._found.values())

    def __contains__(self, session: Session) -> bool:
        return self._found.get(session.id) is session

    def of(self, sub: str) -> list[Session]:
        """Return those of one user."""
        return [one for one in self._found.values() if one.sub == sub]

    def open(self, sub: str, scopes: Scopes, now_s: float) -> Session:
        """Make a session; see `trim`."""
        self.trim(sub, self._rules.sessions_per_user - 1)
        rules = self._rules
        nonce = self._fresh()
        session = Session(
            f"s_{nonce}{self._seal(sub, nonce)}",
            sub,
            scopes,
            Outbox(
                limit=rules.outbox_events,
                retention_s=rules.outbox_seconds,
                policy=rules.overflow,
                ack_timeout_s=rules.ack_timeout,
                totals=self.totals,
            ),
            Subscriptions(scopes, rules.subscriptions),
            detached_s=now_s,
        )
        self._found[session.id] = session
        return session

    def trim(self, sub: str, most: int) -> None:
        """End sessions of a user without a connection until so many are left.

        Those that nothing was ever subscribed in go first, then the oldest.
        """
        mine = self.of(sub)
        lonely = [one for one in mine if one.peer is None]
        lonely.sort(key=lambda one: (len(one.subscriptions) > 0, one.detached_s))
        for session in lonely[: max(0, len(mine) - most)]:
            self.evicted += 1
            self.remove(session)

    def put_back(self, session: Session) -> None:
        """Take one that a store has kept."""
        self._found[session.id] = session

    def find(self, sub: str, session_id: str) -> Session | bool | None:
        """Return a session of this user; None if it is gone, False if it never was."""
        nonce = session_id.removeprefix("s_")[:-SEAL_DIGITS]
        good = hmac.compare_digest(
            session_id.encode(), f"s_{nonce}{self._seal(sub, nonce)}".encode()
        )
        if not good:
            return False
        found = self._found.get(session_id)
        return found if found is not None and found.sub == sub else None

    def remove(self, session: Session) -> None:
        """End one; it is a no-op if it has ended."""
        if self._found.pop(session.id, None) is not None:
            self._gone(session)

    def expire(self, now_s: float) -> None:
        """End those that had no connection for too long."""
        for session in list(self._found.values()):
            if session.peer is None and (
                session.detached_s <= now_s - self._rules.session_seconds
            ):
                self.remove(session)

    def _seal(self, sub: str, nonce: str) -> str:
        text = f"{nonce}\0{sub}".encode(errors="replace")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:SEAL_DIGITS]
