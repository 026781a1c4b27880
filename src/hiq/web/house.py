"""The status of the house: what is open, on, warm and at home, kept up to date.

It is told of states and events as Home Assistant encoded them and costs the same for
each, however many lights there are. What is unavailable or unknown is neither on nor
off, and what is removed is gone. It knows no socket and no clock; area names come from
whoever knows the registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from hiq.web.house_lists import Lights, OnList
from hiq.web.types import house as types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["DOMAINS", "House"]

DOMAINS: Final = frozenset(
    {"climate", "person", "light", "binary_sensor", "switch", "automation"}
)
OPENS: Final = {"on": "open", "off": "closed"}
DETECTS: Final = {"on": "detected", "off": "clear"}
WORDS: Final = {
    "door": OPENS,
    "window": OPENS,
    "garage_door": OPENS,
    "opening": OPENS,
    "motion": DETECTS,
    "occupancy": DETECTS,
    "lock": {"on": "unlocked", "off": "locked"},
}
OTHER: Final = "other"
PREFIX: Final = b'{"entity_id":"'
WANTED: Final = tuple(PREFIX + domain.encode() + b"." for domain in DOMAINS)
HEAD_BYTES: Final = 64
MAX_ENTITIES: Final = 100_000


class _Attributes(Struct, frozen=True):
    friendly_name: Any = None
    device_class: Any = None
    current_temperature: Any = None
    temperature: Any = None
    temperature_unit: Any = None


class _State(Struct, frozen=True):
    entity_id: str
    state: str
    attributes: _Attributes = _Attributes()


class _Data(Struct, frozen=True):
    entity_id: str
    new_state: _State | None = None


class _Event(Struct, frozen=True):
    data: _Data


_EVENT = msgspec.json.Decoder(_Event)
_STATE = msgspec.json.Decoder(_State)


class House:
    """The house.

    - `known`: whether the states at connect were seen once.
    - Who listens gets, synchronously, what changed: once per call of `begin` or
      `observe`, and only if something did. An object that changed twice is in it once.
    - `refresh` is called before anybody looks, `on_listening` when the first one
      begins to listen and when the last one has ended: while nobody does, whoever
      feeds this may keep events back until then.
    - `unreadable`: states that could not be read; `left_out`: entities beyond the
      limit.

    Args:
        area_of: the id of the area of an entity, None if it has none.
        accepts: whether events of an entity, with its device class, can come at all.
        limit: the most entities that are kept.
    """

    def __init__(
        self,
        area_of: Callable[[str], str | None] = lambda _entity_id: None,
        *,
        accepts: Callable[[str, str], bool] = lambda _entity_id, _class: True,
        limit: int = MAX_ENTITIES,
    ) -> None:
        self.known = False
        self.unreadable = 0
        self.left_out = 0
        self.refresh: Callable[[], object] = _nothing
        self.on_listening: Callable[[], object] = _nothing
        self._listeners: set[Callable[[list[types.Delta]], None]] = set()
        self._area_of = area_of
        self._accepts = accepts
        self._limit = limit
        self._entities: set[str] = set()
        self._objects: dict[str, types.Climate | types.Presence | types.Sensor] = {}
        self._lights = Lights()
        self._lists = {"switch": OnList(), "automation": OnList()}
        self._changed: dict[str, Any] = {}

    @property
    def is_watched(self) -> bool:
        """Whether somebody listens."""
        return bool(self._listeners)

    def listen(self, listener: Callable[[list[types.Delta]], None]) -> None:
        """Tell it what changes from now on."""
        first = not self._listeners
        self._listeners.add(listener)
        if first:
            self.on_listening()

    def unlisten(self, listener: Callable[[list[types.Delta]], None]) -> None:
        """Do not tell it any more; a no-op if it is not told."""
        if listener in self._listeners:
            self._listeners.remove(listener)
            if not self._listeners:
                self.on_listening()

    def wants(self, entity_id: str) -> bool:
        """Return whether the entity is of a domain that is shown."""
        return entity_id.partition(".")[0] in DOMAINS

    def begin(self, states: Iterable[bytes]) -> None:
        """Take all states that there are; what is not among them is gone."""
        gone = set(self._entities)
        for raw in states:
            if _is_of_another_domain(raw):
                continue
            try:
                state = _STATE.decode(raw)
            except msgspec.DecodeError:
                self.unreadable += 1
                continue
            device_class = _text(state.attributes.device_class, "")
            if self.wants(state.entity_id) and self._accepts(
                state.entity_id, device_class
            ):
                gone.discard(state.entity_id)
                self._take(state.entity_id, state)
        for entity_id in gone:
            self._take(entity_id, None)
        self.known = True
        self._tell()

    def observe(self, events: Iterable[bytes]) -> None:
        """Take `state_changed` events, oldest first."""
        for raw in events:
            try:
                data = _EVENT.decode(raw).data
            except msgspec.DecodeError:
                self.unreadable += 1
                continue
            if self.wants(data.entity_id):
                self._take(data.entity_id, data.new_state)
        self._tell()

    def refresh_areas(self) -> None:
        """Ask for the area of every light again: the registry has changed."""
        self._lights.move(self._area_of)
        self._tell()

    def status(self, timestamp: str) -> types.HouseStatus:
        """Return the house now."""
        self.refresh()
        return types.HouseStatus(**self._sections(), timestamp=timestamp)

    def snapshot(self, timestamp: str) -> types.Snapshot:
        """Return the house now, as the first frame of a client."""
        self.refresh()
        return types.Snapshot(**self._sections(), timestamp=timestamp)

    # inside

    def _take(self, entity_id: str, state: _State | None) -> None:
        if state is None:
            self._entities.discard(entity_id)
        elif entity_id not in self._entities:
            if len(self._entities) >= self._limit:
                self.left_out += 1
                return
            self._entities.add(entity_id)
        domain = entity_id.partition(".")[0]
        if domain == "light":
            text = None if state is None else state.state
            self._lights.put(entity_id, text, self._area_of(entity_id))
        elif domain in self._lists:
            on = state is not None and state.state == "on"
            self._lists[domain].put(entity_id, on=on)
        else:
            self._put(entity_id, domain, state)

    def _put(self, entity_id: str, domain: str, state: _State | None) -> None:
        old = self._objects.get(entity_id)
        new = None if state is None else _MAKERS[domain](entity_id, state)
        if new == old:
            return
        if new is None:
            del self._objects[entity_id]
        else:
            self._objects[entity_id] = new
        if self._listeners:
            self._changed[entity_id] = _SECTIONS[domain]

    def _tell(self) -> None:
        """Give the listeners what changed."""
        if not self._listeners:
            # They begin with a snapshot, so nothing is remembered for them.
            self._lights.changed = False
            for on_list in self._lists.values():
                on_list.changed = False
            return
        deltas = self._deltas()
        if deltas:
            for listener in tuple(self._listeners):
                listener(deltas)

    def _deltas(self) -> list[types.Delta]:
        found: list[types.Delta] = []
        for entity_id, section in self._changed.items():
            match self._objects.get(entity_id):
                case types.Climate() as data:
                    found.append(types.ClimateDelta(data=data))
                case types.Presence() as data:
                    found.append(types.PresenceDelta(data=data))
                case types.Sensor() as data:
                    found.append(types.SensorDelta(data=data))
                case None:
                    removed = types.Removed(entity_id=entity_id)
                    found.append(types.RemovedDelta(section=section, data=removed))
        self._changed.clear()
        if self._lights.changed:
            self._lights.changed = False
            found.append(types.LightsDelta(data=self._lights.areas()))
        for domain, on_list in self._lists.items():
            if on_list.changed:
                on_list.changed = False
                section = _SECTIONS[domain]
                found.append(types.ListDelta(section=section, data=on_list.ids()))
        return found

    def _sections(self) -> dict[str, Any]:
        climate: list[types.Climate] = []
        presence: list[types.Presence] = []
        sensors: dict[str, list[types.Sensor]] = {}
        for _, thing in sorted(self._objects.items()):
            match thing:
                case types.Climate():
                    climate.append(thing)
                case types.Presence():
                    presence.append(thing)
                case types.Sensor():
                    group = thing.device_class if thing.device_class in WORDS else OTHER
                    sensors.setdefault(group, []).append(thing)
        return {
            "climate": climate,
            "presence": presence,
            "lights_by_area": self._lights.areas(),
            "sensors": sensors,
            "switches_on": self._lists["switch"].ids(),
            "active_automations": self._lists["automation"].ids(),
        }


def _nothing() -> None:
    """Stand in for who is not there."""


def _is_of_another_domain(raw: bytes) -> bool:
    """Return whether a state need not be decoded, going by how they all begin."""
    head = bytes(memoryview(raw)[:HEAD_BYTES])
    return head.startswith(PREFIX) and not head.startswith(WANTED)


def _climate(entity_id: str, state: _State) -> types.Climate:
    attributes = state.attributes
    return types.Climate(
        entity_id=entity_id,
        friendly_name=_text(attributes.friendly_name, entity_id),
        current_temperature=_number(attributes.current_temperature),
        target_temperature=_number(attributes.temperature),
        hvac_mode=state.state,
        unit=_text(attributes.temperature_unit, "C"),
    )


def _presence(entity_id: str, state: _State) -> types.Presence:
    name = _text(state.attributes.friendly_name, entity_id)
    return types.Presence(entity_id=entity_id, name=name, state=state.state)


def _sensor(entity_id: str, state: _State) -> types.Sensor:
    device_class = _text(state.attributes.device_class, OTHER)
    words = WORDS.get(device_class, {})
    return types.Sensor(
        entity_id=entity_id,
        name=_text(state.attributes.friendly_name, entity_id),
        # What is unavailable has no word of its class: it is not closed.
        state=words.get(state.state, state.state),
        device_class=device_class,
    )


_MAKERS: Final[dict[str, Callable[[str, _State], Any]]] = {
    "climate": _climate,
    "person": _presence,
    "binary_sensor": _sensor,
}
_SECTIONS: Final[dict[str, Any]] = {
    "climate": "climate",
    "person": "presence",
    "binary_sensor": "sensors",
    "switch": "switches_on",
    "automation": "active_automations",
}


def _text(value: object, default: str) -> str:
    return value if isinstance(value, str) and value else default


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
