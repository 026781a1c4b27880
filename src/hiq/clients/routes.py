"""Who wants the events of one entity: worked out once, used for each of its events.

Sessions whose filters answer to the same ids stand together, so that an event is put
together once for all of them. It must not know where events come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hiq.clients.sessions import Session
    from hiq.clients.subscriptions import Event, Facts, Subscriptions

__all__ = ["Route", "Stream", "make_route"]


class Stream(Protocol):
    """A connection that gets events at most once, without a session."""

    @property
    def subscriptions(self) -> Subscriptions:
        """What it wants."""
        ...

    @property
    def waiting_bytes(self) -> int:
        """About how many bytes of events wait to be sent."""
        ...

    def deliver(self, event: Event, subs: tuple[str, ...]) -> None:
        """Take an event."""
        ...

    def give_up(self, kept: int) -> int:
        """Let all but the newest events go; return how many went."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """The way of one entity's events.

    Attributes:
        groups: ids of filters, and the sessions in which just these want everything.
        timed: sessions in which a filter holds something back.
        streams: connections without a session.
        sessions: all of them.
    """

    groups: tuple[tuple[tuple[str, ...], tuple[Session, ...]], ...]
    timed: tuple[Session, ...]
    streams: tuple[Stream, ...]
    sessions: frozenset[Session]

    def __bool__(self) -> bool:
        return bool(self.groups or self.timed or self.streams)


def make_route(
    sessions: Iterable[Session],
    streams: Iterable[Stream],
    event: Event,
    facts: Callable[[str], Facts],
) -> Route:
    """Return who wants events like this one."""
    groups: dict[tuple[str, ...], list[Session]] = {}
    timed: list[Session] = []
    everybody: set[Session] = set()
    for session in sessions:
        subs = session.subscriptions.always(event, facts)
        if subs == ():
            continue
        everybody.add(session)
        if subs is None:
            timed.append(session)
        else:
            groups.setdefault(subs, []).append(session)
    return Route(
        tuple((subs, tuple(found)) for subs, found in groups.items()),
        tuple(timed),
        tuple(one for one in streams if one.subscriptions.means(event, facts)),
        frozenset(everybody),
    )
