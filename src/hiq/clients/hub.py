"""Where events meet sessions: who gets what, with which number; users and documents.

Called once for all events of a read. Per entity it is decided once whether anybody
wants it, and the core is told. It must not know sockets, nor where events come from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hiq.clients.limits import Window
from hiq.clients.sessions import Session, Sessions
from hiq.clients.state import Document
from hiq.clients.subscriptions import VIOLATION, Event, Facts, Subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hiq.clients.outbox import Item
    from hiq.clients.rules import Rules

__all__ = ["Hub", "Keeper", "Listener", "Stream", "User"]

MOST_MARKS = 1000


class Keeper(Protocol):
    """Keeps sessions and documents over a restart."""

    def session(self, session: Session) -> None:
        """Keep what it is and which filters it has."""
        ...

    def event(self, session: Session, item: Item) -> None:
        """Keep a number; `session.durable` rises when it is safe."""
        ...

    def acked(self, session: Session) -> None:
        """Forget what was confirmed."""
        ...

    def gone(self, session: Session) -> None:
        """Forget a session."""
        ...

    def document(self, sub: str, document: Document) -> None:
        """Keep a document."""
        ...


class Listener(Protocol):
    """A connection of a user, which is told of its document."""

    def state_updated(self, version: int, patch: Any, by: str) -> None:
        """The document has a new version."""
        ...


class Stream(Protocol):
    """A connection that gets events at most once, without a session."""

    @property
    def subscriptions(self) -> Subscriptions:
        """What it wants."""
        ...

    def deliver(self, event: Event, subs: tuple[str, ...]) -> None:
        """Take an event."""
        ...


@dataclass(slots=True)
class User:
    """One user: the document, the allowance of all connections, the connections."""

    sub: str
    document: Document
    budget: Window
    connections: set[Listener] = field(default_factory=set)


def _unknown(_entity_id: str) -> Facts:
    return Facts()


class Hub:
    """Users, sessions, and the way of events to them.

    Args:
        rules: the limits.
        key: seals the ids of sessions.
        fresh: returns random hexadecimal digits.
        keeper: keeps things over a restart; None keeps nothing.
        facts: what the registry says about an entity.
        interest: told for each entity number whether anybody wants its states.
    """

    def __init__(
        self,
        rules: Rules,
        key: bytes,
        fresh: Callable[[], str],
        *,
        keeper: Keeper | None = None,
        facts: Callable[[str], Facts] = _unknown,
        interest: Callable[[int, bool], object] = lambda _number, _wanted: None,
    ) -> None:
        self.rules = rules
        self.fresh = fresh
        self.facts = facts
        self.users: dict[str, User] = {}
        self.sessions = Sessions(rules, key, fresh, self._gone)
        self.last: dict[str, Event] = {}
        self.streams: set[Stream] = set()
        self.changed_interest: Callable[[], object] = lambda: None
        self.events = 0
        self._keeper = keeper
        self._interest = interest
        self._asked: dict[int, bool] = {}
        self._stream = fresh()[-16:]  # so that no event of an earlier run has its id

    def use(self, keeper: Keeper) -> None:
        """Keep things with this from now on."""
        self._keeper = keeper

    # users

    def user(self, sub: str) -> User:
        """Return a user, who begins with an empty document."""
        found = self.users.get(sub)
        if found is None:
            budget = Window(
                self.rules.messages_per_minute * self.rules.connections_per_user
            )
            found = self.users[sub] = User(sub, Document(), budget)
        return found

    def written_document(self, user: User, patch: Any, by: str) -> None:
        """Tell all connections of a user that the document has a new version."""
        if self._keeper is not None:
            self._keeper.document(user.sub, user.document)
        for listener in tuple(user.connections):
            listener.state_updated(user.document.version, patch, by)

    # sessions

    def changed(self, session: Session) -> None:
        """Filters or scopes of a session changed: whom is what for, decided anew."""
        if self._keeper is not None:
            self._keeper.session(session)
        self.forget()

    def acked(self, session: Session) -> None:
        """A session confirmed something."""
        if self._keeper is not None:
            self._keeper.acked(session)

    def _gone(self, session: Session) -> None:
        if self._keeper is not None:
            self._keeper.gone(session)
        if not len(self.sessions):
            self.last.clear()
        self.forget()

    def forget(self) -> None:
        """Decide anew who wants which entity: filters or the registry changed."""
        for subscriptions in self._all():
            subscriptions.forget()
        self._asked.clear()
        self.changed_interest()

    def _all(self) -> Iterator[Subscriptions]:
        for session in self.sessions:
            yield session.subscriptions
        for stream in self.streams:
            yield stream.subscriptions

    @property
    def idle(self) -> bool:
        """Whether no filter is there that could want anything."""
        return not any(len(one) for one in self._all())

    @property
    def asks_the_registry(self) -> bool:
        """Whether a filter names areas or labels."""
        return any(
            wanted.areas or wanted.labels
            for one in self._all()
            for _, wanted in one.items
        )

    @property
    def in_a_hurry(self) -> bool:
        """Whether something waits for the next tick."""
        return any(
            one.marks or one.subscriptions.holding for one in self.sessions
        ) or any(one.subscriptions.holding for one in self.streams)

    def left(self, session: Session) -> None:
        """A session lost its connection."""
        self.sessions.trim(session.sub, self.rules.sessions_per_user)
        if self._keeper is not None and session in self.sessions:
            self._keeper.session(session)

    # events

    def observe(
        self,
        found: Iterable[tuple[int, str, int, bytes]],
        now_s: float,
        taken: int = 0,
    ) -> int:
        """Give accepted states to those who want them; return how many got a number.

        Args:
            found: entity number, entity id, nanoseconds and JSON of each.
            now_s: seconds that never go back.
            taken: points that were taken up to now, these included.
        """
        count = 0
        for number, entity_id, time_ns, json in found:
            wanted = self._asked.get(number)
            if wanted is None:
                wanted = self._ask(number, entity_id)
            if wanted:
                self.events += 1
                event_id = f"e_{self._stream}{self.events:08x}"
                event = Event(event_id, number, entity_id, time_ns, json)
                if len(json) <= self.rules.frame_bytes - 1024:
                    self.last[entity_id] = event
                count += self.publish(event, now_s, taken)
        return count

    def _ask(self, number: int, entity_id: str) -> bool:
        wanted = any(one.wants(number, entity_id, self.facts) for one in self._all())
        if number:
            self._asked[number] = wanted
            self._interest(number, wanted)
        return wanted

    def publish(self, event: Event, now_s: float, taken: int = 0) -> int:
        """Give one event to those who want it; return how many do."""
        count = 0
        for session in self.sessions:
            subs = session.subscriptions.match(event, self.facts, now_s)
            if subs:
                self._give(session, event, subs, now_s, taken)
                count += 1
        for stream in tuple(self.streams):
            subs = stream.subscriptions.match(event, self.facts, now_s)
            if subs:
                stream.deliver(event, subs)
                count += 1
        return count

    def _give(
        self,
        session: Session,
        event: Event,
        subs: tuple[str, ...],
        now_s: float,
        taken: int,
    ) -> None:
        if len(event.json) > self.rules.frame_bytes - 1024:
            item = session.outbox.refuse("overflow", now_s)
        else:
            item = session.outbox.add(event, subs, now_s)
        if self._keeper is not None:
            self._keeper.event(session, item)
        if session.subscriptions.written:
            marks = session.marks
            if len(marks) >= MOST_MARKS:
                marks.pop()  # the next one stands for it as well
            marks.append((taken, item.last))
        if session.peer is not None:
            session.peer.wake()

    def alert(self, **fields: Any) -> int:
        """Tell an alert to those who want them; return how many do."""
        count = 0
        for session in self.sessions:
            if session.peer is not None and session.subscriptions.alerts:
                session.peer.say("alert", **fields)
                count += 1
        return count

    def violation(self, json: bytes, now_s: float) -> int:
        """Give a broken contract a number in each session that wants it."""
        self.events += 1
        event_id = f"e_{self._stream}{self.events:08x}"
        event = Event(event_id, 0, "", 0, json, VIOLATION)
        count = 0
        for session in self.sessions:
            subs = session.subscriptions.match(event, self.facts, now_s)
            if subs:
                self._give(session, event, subs, now_s, 0)
                count += 1
        return count

    # time

    def tick(self, now_s: float, written: int = 0) -> None:
        """Let go what is too old, and what an interval held back.

        Args:
            now_s: seconds that never go back.
            written: points that every required database has confirmed.
        """
        self.sessions.expire(now_s)
        for session in self.sessions:
            session.outbox.tick(now_s)
            if session.subscriptions.holding:
                for event, subs in session.subscriptions.release(now_s):
                    self._give(session, event, subs, now_s, written)
            while session.marks and session.marks[0][0] <= written:
                session.written = session.marks.pop(0)[1]
            if session.peer is not None:
                session.peer.wake()
        for user in list(self.users.values()):
            user.budget.wait_s(now_s)
            if (
                not user.connections
                and user.budget.empty
                and user.document.version == 1
                and not self.sessions.of(user.sub)
            ):
                del self.users[user.sub]
