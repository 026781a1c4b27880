"""Where events meet sessions: who gets what, with which number.

Called once for all events of a read. Per entity it is decided once who wants it, and
the core is told if nobody does. It must not know sockets, nor where events come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from hiq.clients.clocks import moment
from hiq.clients.informing import Informing
from hiq.clients.known import Known
from hiq.clients.owed import Owed
from hiq.clients.routes import Route, Stream, make_route
from hiq.clients.sessions import Session, Sessions
from hiq.clients.subscriptions import VALID, Event, Facts, Subscriptions
from hiq.clients.users import Users

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hiq.clients.rules import Rules
    from hiq.clients.state import Document
    from hiq.clients.users import User

__all__ = ["Hub", "Keeper", "Stream"]

MOST_MARKS = 1000
ENVELOPE_BYTES = 1024


class Keeper(Protocol):
    """Keeps sessions and documents over a restart."""

    def session(self, session: Session) -> None:
        """Keep what it is and which filters it has."""
        ...

    def reached(self, session: Session) -> None:
        """Keep what it got; numbers up to `session.durable` may be sent meanwhile."""
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

    `verdict` says in JSON how valid an event is; it is asked once for each.
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
        self._most_json = rules.frame_bytes - ENVELOPE_BYTES
        self.fresh = fresh
        self.facts = facts
        self.sessions = Sessions(rules, key, fresh, self._gone)
        self.users = Users(rules, self.sessions)
        self.last = Known()
        self.informing = Informing(self)
        self.streams: set[Stream] = set()
        self.changed_interest: Callable[[], object] = lambda: None
        self.on_sent: Callable[[int], object] = lambda _time_ns: None
        self.verdict: Callable[[bytes], bytes] = lambda _json: VALID
        self.events = 0
        self._taken = 0  # points
        self._keeper = keeper
        self._interest = interest
        self._routes: dict[int, Route] = {}
        self._stamp = (0, b"")
        self._stream = fresh()[-16:]  # so that no event of an earlier run has its id

    def stamp(self, wall_s: float) -> bytes:
        """Return a time as frames have it, the same for all of one millisecond."""
        millisecond = int(wall_s * 1000)
        if millisecond != self._stamp[0]:
            self._stamp = (millisecond, moment(millisecond / 1000).encode())
        return self._stamp[1]

    def use(self, keeper: Keeper) -> None:
        """Keep things with this from now on."""
        self._keeper = keeper

    # users

    def user(self, sub: str) -> User:
        """Return a user, who begins with an empty document."""
        return self.users.get(sub)

    def written_document(self, user: User, patch: Any, by: str) -> None:
        """Keep a document that has a new version, and tell its user's connections."""
        if self._keeper is not None:
            self._keeper.document(user.sub, user.document)
        user.tell(patch, by)

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
        for subscriptions in self.subscriptions():
            subscriptions.forget()
        self._routes.clear()
        self.changed_interest()

    def subscriptions(self) -> Iterator[Subscriptions]:
        """Yield the filters of each session and stream."""
        for session in self.sessions:
            yield session.subscriptions
        for stream in self.streams:
            yield stream.subscriptions

    @property
    def idle(self) -> bool:
        """Whether no filter is there that could want anything."""
        return not any(len(one) for one in self.subscriptions())

    @property
    def asks_the_registry(self) -> bool:
        """Whether a filter names areas or labels."""
        return any(
            wanted.areas or wanted.labels
            for one in self.subscriptions()
            for _, wanted in one.items
        )

    @property
    def in_a_hurry(self) -> bool:
        """Whether something waits for the next tick."""
        return any(
            one.marks or one.subscriptions.holding for one in self.sessions
        ) or any(one.subscriptions.holding for one in self.streams)

    def left(self, session: Session, now_s: float) -> None:
        """A session lost its connection: nobody is waited for, all is sent again."""
        session.peer = None
        session.detached_s = now_s
        session.outbox.detach()
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
        self._taken = max(self._taken, taken)
        told: set[Route] = set()
        routes = self._routes
        for number, entity_id, time_ns, json in found:
            route = routes.get(number)
            if route is None:
                route = self._route(number, entity_id)
            if not route:
                continue
            self.events += 1
            event_id = f"e_{self._stream}{self.events:08x}"
            event = Event(
                *(event_id, number, entity_id, time_ns, json),
                validation=self.verdict(json),
            )
            if len(json) <= self._most_json:
                self.last.put(event)
            count += self._send(event, route, now_s, told)
        self._tell(told)
        return count

    def _route(self, number: int, entity_id: str) -> Route:
        like = Event("", number, entity_id, 0, b"")
        route = make_route(self.sessions, self.streams, like, self.facts)
        if number:
            self._routes[number] = route
            self._interest(number, bool(route))
        return route

    def _send(self, event: Event, route: Route, now_s: float, told: set[Route]) -> int:
        """Put an event into the outboxes; return how many want it."""
        told.add(route)
        count = 0
        fits = len(event.json) <= self._most_json
        for subs, sessions in route.groups:
            count += len(sessions)
            if fits:
                owed = Owed(event, subs, now_s)
                for session in sessions:
                    session.outbox.add(owed)
            else:
                for session in sessions:
                    session.outbox.refuse("overflow", now_s)
        for session in route.timed:
            if subs := session.subscriptions.match(event, self.facts, now_s):
                self._put(session, event, subs, now_s)
                count += 1
        for stream in route.streams:
            if subs := stream.subscriptions.match(event, self.facts, now_s):
                stream.deliver(event, subs)
                count += 1
        return count

    def _put(
        self, session: Session, event: Event, subs: tuple[str, ...], now_s: float
    ) -> None:
        if len(event.json) <= self._most_json:
            session.outbox.add(Owed(event, subs, now_s))
        else:
            session.outbox.refuse("overflow", now_s)

    def _tell(self, told: Iterable[Route]) -> None:
        """Tell everybody who may have got something, once for all events of a read."""
        for session in frozenset().union(*(route.sessions for route in told)):
            self._given(session)

    def _given(self, session: Session) -> None:
        last = session.outbox.last_seq
        if self._keeper is not None:
            self._keeper.reached(session)
        if session.subscriptions.written:
            marks = session.marks
            if len(marks) >= MOST_MARKS:
                marks.pop()  # the next one stands for it as well
            marks.append((self._taken, last))
        if session.peer is not None and session.durable >= last:
            session.peer.wake()

    def alert(self, **fields: Any) -> int:
        """Tell an alert to those who want them; return how many do."""
        count = 0
        for session in self.sessions:
            if session.peer is not None and session.subscriptions.alerts:
                session.peer.say("alert", **fields)
                count += 1
        return count

    def other(
        self, kind: str, json: bytes, now_s: float, *, entity_id: str = ""
    ) -> int:
        """Give what is no state change a number in each session that wants it.

        Args:
            kind: its type of event; a broken contract is VIOLATION.
            json: what is sent.
            now_s: seconds that never go back.
            entity_id: what it is about, "" for no entity.
        """
        self.events += 1
        event_id = f"e_{self._stream}{self.events:08x}"
        event = Event(event_id, 0, entity_id, 0, json, kind)
        route = make_route(self.sessions, (), event, self.facts)
        told: set[Route] = set()
        count = self._send(event, route, now_s, told)
        self._tell(told)
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
                    self._put(session, event, subs, now_s)
                    self._given(session)
            while session.marks and session.marks[0][0] <= written:
                session.written = session.marks.popleft()[1]
            if session.peer is not None:
                session.peer.wake()
        self.users.expire(now_s)
