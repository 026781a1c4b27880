"""A simulated home: its states, and the changes that a seed makes of them.

The same seed and the same calls give the same states, names and ids; the time comes
as an argument. Every change has a time of its own (microseconds, rising), so that an
entity and a time name exactly one change, and its old state is the new state of the
change before. A world knows nothing of connections, tokens or frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from hiq.simulate.kinds import Dice, Kind
from hiq.simulate.registries import Home

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Change", "State", "World", "iso"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_STATE_CHARACTERS = 255

# of a thousand changes
REMOVED = 1
UNAVAILABLE = 5


def iso(time_us: int) -> str:
    """Return microseconds since 1970 as Home Assistant writes them.

    The fraction is left out when it is zero.
    """
    return (EPOCH + timedelta(microseconds=time_us)).isoformat()


@dataclass(frozen=True, slots=True)
class State:
    """What an entity is at a time.

    Attributes:
        changed_us: when `state` last changed, microseconds since 1970.
        updated_us: when anything of it last changed.
        json: the whole as `get_states` and events have it.
    """

    entity_id: str
    state: str
    attributes: Mapping[str, Any]
    changed_us: int
    updated_us: int
    context_id: str
    json: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One `state_changed` event; `old` is None at creation, `new` at removal.

    Attributes:
        json: the event as it stands in a message.
    """

    entity_id: str
    old: State | None
    new: State | None
    time_us: int
    json: bytes = field(repr=False)


class World:
    """A home of `entities` entities; the first calls `begin`.

    - `states`: what is now, by entity id. Empty before `begin`.
    - `step` makes the next change of the home, `set` and `remove` one that is asked
      for.
    - `home`: areas, devices and the other registries.
    """

    def __init__(self, entities: int = 200, seed: int = 1) -> None:
        self.home = Home(entities, seed)
        self.states: dict[str, State] = {}
        self._dice = Dice(seed)
        self._kinds = {e.entity_id: e.kind for e in self.home.entities}
        self._names = {e.entity_id: e.name for e in self.home.entities}
        # an entity stands here as often as the pace of its kind says
        self._wheel = [
            e.entity_id for e in self.home.entities for _ in range(e.kind.pace)
        ]
        self._last_us = 0

    def begin(self, now_us: int) -> None:
        """Give every entity its first state; does nothing the second time."""
        if self.states:
            return
        for entity_id, kind in self._kinds.items():
            self._put(entity_id, *self._follow(entity_id, kind, None), now_us)

    def step(self, now_us: int) -> Change:
        """Make the next change: one entity of the home becomes something else."""
        dice = self._dice
        entity_id = dice.choice(self._wheel)
        old = self.states.get(entity_id)
        fate = dice.below(1000)
        if old is not None and fate < REMOVED:
            return self._event(entity_id, old, None, self._tick(now_us))
        kind = self._kinds[entity_id]
        if old is not None and fate < UNAVAILABLE and old.state != "unavailable":
            text, attributes = "unavailable", self._always(entity_id, kind)
        else:
            text, attributes = self._follow(entity_id, kind, old)
        return self._put(entity_id, text, attributes, now_us)

    def set(
        self,
        entity_id: str,
        state: str,
        attributes: Mapping[str, Any] | None,
        now_us: int,
    ) -> Change:
        """Set a state; a longer one than Home Assistant allows becomes unknown."""
        text = state if len(state) <= MAX_STATE_CHARACTERS else "unknown"
        return self._put(entity_id, text, dict(attributes or {}), now_us)

    def remove(self, entity_id: str, now_us: int) -> Change:
        """Remove an entity's state; KeyError if it has none."""
        old = self.states[entity_id]
        return self._event(entity_id, old, None, self._tick(now_us))

    def event(self, event_type: str, data: Mapping[str, Any], now_us: int) -> bytes:
        """Return the JSON of an event other than `state_changed`."""
        time_us = self._tick(now_us)
        return b'{"event_type":%b,"data":%b,%b' % (
            orjson.dumps(event_type),
            orjson.dumps(data),
            _tail(time_us, self._context(time_us)),
        )

    # what becomes of an entity

    def _always(self, entity_id: str, kind: Kind) -> dict[str, Any]:
        return {**kind.fixed, "friendly_name": self._names[entity_id]}

    def _follow(
        self, entity_id: str, kind: Kind, old: State | None
    ) -> tuple[str, dict[str, Any]]:
        if old is None or old.state == "unavailable":
            return kind.follow(self._dice, "", self._always(entity_id, kind))
        return kind.follow(self._dice, old.state, old.attributes)

    def _put(
        self, entity_id: str, text: str, attributes: Mapping[str, Any], now_us: int
    ) -> Change:
        time_us = self._tick(now_us)
        old = self.states.get(entity_id)
        same = old is not None and old.state == text
        changed_us = old.changed_us if old is not None and same else time_us
        context_id = self._context(time_us)
        json = orjson.dumps(
            {
                "entity_id": entity_id,
                "state": text,
                "attributes": attributes,
                "last_changed": iso(changed_us),
                "last_updated": iso(time_us),
                "context": {"id": context_id, "parent_id": None, "user_id": None},
            }
        )
        new = State(entity_id, text, attributes, changed_us, time_us, context_id, json)
        return self._event(entity_id, old, new, time_us)

    def _event(
        self, entity_id: str, old: State | None, new: State | None, time_us: int
    ) -> Change:
        if new is None:
            del self.states[entity_id]
        else:
            self.states[entity_id] = new
        json = (
            b'{"event_type":"state_changed","data":{"entity_id":%b,'
            b'"old_state":%b,"new_state":%b},%b'
        ) % (
            orjson.dumps(entity_id),
            b"null" if old is None else old.json,
            b"null" if new is None else new.json,
            _tail(time_us, new.context_id if new else self._context(time_us)),
        )
        return Change(entity_id, old, new, time_us, json)

    def _tick(self, now_us: int) -> int:
        """Return a time after every time before."""
        self._last_us = max(now_us, self._last_us + 1)
        return self._last_us

    def _context(self, time_us: int) -> str:
        """Return a ULID: 26 characters, the time first; hexadecimal ones are a part."""
        return f"01{time_us // 1000:012X}{self._dice.bits() >> 16:012X}"


def _tail(time_us: int, context_id: str) -> bytes:
    return (
        f'"origin":"LOCAL","time_fired":"{iso(time_us)}",'
        f'"context":{{"id":"{context_id}","parent_id":null,"user_id":null}}}}'
    ).encode()
