"""Which events a session wants: its filters, each event once with all that match.

What a filter says about an entity is decided once per entity and remembered by its
number, until the filters or the registry change. It must not know sockets or queues.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from hiq.clients.globs import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hiq.clients.frames import Filter
    from hiq.clients.principal import Scopes

__all__ = [
    "STATE_CHANGED",
    "VALID",
    "VIOLATION",
    "Event",
    "Facts",
    "Subscription",
    "Subscriptions",
]

STATE_CHANGED: Final = "state_changed"
VIOLATION: Final = "contract_violation"
VALID: Final = b'{"result":"valid","codes":[]}'
MOST_REMEMBERED: Final = 100_000


class Facts(NamedTuple):
    """What the registry says about an entity, by ids and by names."""

    areas: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted event, shared by all who get it.

    Attributes:
        number: of the entity in the core; 0 for one that it does not remember.
        json: exactly as Home Assistant sent it.
        validation: JSON of the verdict on it.
    """

    event_id: str
    number: int
    entity_id: str
    time_ns: int
    json: bytes
    event_type: str = STATE_CHANGED
    validation: bytes = VALID


@dataclass(slots=True)
class Subscription:
    """One filter, and what its least interval holds back."""

    id: str
    filter: Filter
    sent_s: dict[int, float]
    held: dict[int, Event]


class Subscriptions:
    """The filters of one session.

    Args:
        scopes: what its user may see at all.
        most: how many there may be.
    """

    def __init__(
        self, scopes: Scopes, most: int = 20, items: Iterable[tuple[str, Filter]] = ()
    ) -> None:
        self._scopes = scopes
        self._most = most
        self._items: dict[str, Subscription] = {}
        self.written = False
        """Whether one wants to know what the database has."""
        self.everything = False
        """Whether one wants each state of every entity."""
        self._next = 1
        self._wanted: dict[tuple[int, str], tuple[Subscription, ...]] = {}
        for name, filter_ in items:
            self._items[name] = Subscription(name, filter_, {}, {})
            self._next = max(self._next, int(name) + 1)
        self.forget()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def items(self) -> list[tuple[str, Filter]]:
        """Ids and filters, in the order in which they came."""
        return [(one.id, one.filter) for one in self._items.values()]

    @property
    def holding(self) -> bool:
        """Whether an event waits for its interval."""
        return any(one.held for one in self._items.values())

    @property
    def alerts(self) -> tuple[str, ...]:
        """Those that want alerts."""
        return tuple(one.id for one in self._items.values() if one.filter.alerts)

    def add(self, filter_: Filter) -> str | None:
        """Add a filter; return its id, None if there are too many."""
        if len(self._items) >= self._most:
            return None
        name = str(self._next)
        self._next += 1
        self._items[name] = Subscription(name, filter_, {}, {})
        self.forget()
        return name

    def remove(self, name: str) -> bool:
        """Remove a filter; return whether it was there."""
        if self._items.pop(name, None) is None:
            return False
        self.forget()
        return True

    def forget(self) -> None:
        """Decide anew: filters or the registry changed."""
        self._wanted.clear()
        filters = [one.filter for one in self._items.values()]
        self.written = any(one.written for one in filters)
        self.everything = (
            self._scopes.entities is None
            and self._scopes.event(STATE_CHANGED, "")
            and any(_is_everything(one) for one in filters)
        )

    def wants(self, number: int, entity_id: str, facts: Callable[[str], Facts]) -> bool:
        """Return whether states of an entity are wanted."""
        return bool(self._matching(number, STATE_CHANGED, entity_id, facts))

    def means(self, event: Event, facts: Callable[[str], Facts]) -> bool:
        """Return whether a filter means events like this one."""
        return bool(
            self._matching(event.number, event.event_type, event.entity_id, facts)
        )

    def always(
        self, event: Event, facts: Callable[[str], Facts]
    ) -> tuple[str, ...] | None:
        """Return the ids of the filters that want each event like this one.

        None: one of them wants not all of them, so that `match` has to be asked.
        """
        found = self._matching(event.number, event.event_type, event.entity_id, facts)
        if event.number > 0 and any(one.filter.min_interval for one in found):
            return None
        return tuple(one.id for one in found)

    def match(
        self, event: Event, facts: Callable[[str], Facts], now_s: float
    ) -> tuple[str, ...]:
        """Return the ids of the filters that want an event now."""
        found = self._matching(event.number, event.event_type, event.entity_id, facts)
        if not found:
            return ()
        return tuple(one.id for one in found if _now(one, event, now_s))

    def release(self, now_s: float) -> list[tuple[Event, tuple[str, ...]]]:
        """Return what was held back and may go now, each event once."""
        found: dict[str, tuple[Event, list[str]]] = {}
        for one in self._items.values():
            interval_s = one.filter.min_interval
            for number in [
                number
                for number in one.held
                if one.sent_s.get(number, 0.0) + interval_s <= now_s
            ]:
                event = one.held.pop(number)
                one.sent_s[number] = now_s
                found.setdefault(event.event_id, (event, []))[1].append(one.id)
        return [(event, tuple(names)) for event, names in found.values()]

    def _matching(
        self,
        number: int,
        event_type: str,
        entity_id: str,
        facts: Callable[[str], Facts],
    ) -> tuple[Subscription, ...]:
        key = (number, event_type)
        kept = number > 0 or not entity_id  # entities without a number share the 0
        found = self._wanted.get(key) if kept else None
        if found is None:
            found = ()
            if self._scopes.event(event_type, entity_id):
                found = tuple(
                    one
                    for one in self._items.values()
                    if _means(one.filter, event_type, entity_id, facts)
                )
            if kept:
                if len(self._wanted) >= MOST_REMEMBERED:
                    self._wanted.clear()
                self._wanted[key] = found
        return found


def _is_everything(wanted: Filter) -> bool:
    names = (wanted.entities, wanted.domains, wanted.areas, wanted.labels)
    types = wanted.event_types
    return not any(names) and (not types or STATE_CHANGED in types)


def _now(one: Subscription, event: Event, now_s: float) -> bool:
    """Return whether an event is due; if not, it is held in place of the last one."""
    interval_s = one.filter.min_interval
    if not interval_s or event.number <= 0:
        return True
    last_s = one.sent_s.get(event.number)
    if last_s is not None and now_s < last_s + interval_s:
        one.held[event.number] = event
        return False
    one.held.pop(event.number, None)
    one.sent_s[event.number] = now_s
    return True


def _means(
    wanted: Filter, event_type: str, entity_id: str, facts: Callable[[str], Facts]
) -> bool:
    """Return whether a filter means an event: all of its lists, any name in each."""
    if wanted.event_types and event_type not in wanted.event_types:
        return False
    domain = entity_id.partition(".")[0]
    if wanted.domains and domain not in wanted.domains:
        return False
    if wanted.entities and not any(matches(g, entity_id) for g in wanted.entities):
        return False
    if not wanted.areas and not wanted.labels:
        return True
    known = facts(entity_id)
    return (not wanted.areas or not known.areas.isdisjoint(wanted.areas)) and (
        not wanted.labels or not known.labels.isdisjoint(wanted.labels)
    )
