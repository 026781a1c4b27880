"""What is asked of Home Assistant's registries, and what their events say.

Pure: questions are built, events are read. It knows neither connection nor home.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from hiq.ha.commands import Command, Question
from hiq.ha.registries import Registry

__all__ = [
    "ENTITY",
    "SERVICES",
    "SUBSCRIPTIONS",
    "WATCHED",
    "Changed",
    "entity_question",
    "list_question",
    "read_event",
]

ENTITY: Final = "config/entity_registry/get"
SERVICES: Final = Question("get_services")

WATCHED: Final = {
    "floor_registry_updated": Registry.FLOORS,
    "label_registry_updated": Registry.LABELS,
    "area_registry_updated": Registry.AREAS,
    "device_registry_updated": Registry.DEVICES,
    "entity_registry_updated": Registry.ENTITIES,
}
"""Event types, and the registry that each is about; all may be had without admin."""

SUBSCRIPTIONS: Final = tuple(
    Question(Command.SUBSCRIBE, (("event_type", event_type),)) for event_type in WATCHED
)


class Changed(Struct, frozen=True):
    """One change of one registry; `removed`: the row is gone."""

    registry: Registry
    key: str
    removed: bool
    old_entity_id: str = ""


class _Data(Struct, frozen=True):
    action: str = ""
    entity_id: str = ""
    old_entity_id: str = ""
    device_id: str = ""
    area_id: str | None = None
    floor_id: str | None = None
    label_id: str | None = None


class _Event(Struct, frozen=True):
    event_type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Message(Struct, frozen=True):
    event: _Event


_MESSAGE = msgspec.json.Decoder(_Message)
_DATA = msgspec.json.Decoder(_Data)


def list_question(registry: Registry) -> Question:
    """Ask for a whole registry."""
    return Question(registry)


def entity_question(entity_id: str) -> Question:
    """Ask for one entity."""
    return Question(ENTITY, (("entity_id", entity_id),))


def read_event(message: bytes) -> Changed | None:
    """Return which registry an event is about, and what; None: about none.

    An event without the key of its row, as `reorder` of areas, says that anything of
    that registry may have changed.

    Raises:
        msgspec.DecodeError: it is no event as Home Assistant sends them.
    """
    event = _MESSAGE.decode(message).event
    registry = WATCHED.get(event.event_type)
    if registry is None:
        return None
    data = _DATA.decode(event.data)
    key = {
        Registry.FLOORS: data.floor_id,
        Registry.LABELS: data.label_id,
        Registry.AREAS: data.area_id,
        Registry.DEVICES: data.device_id,
        Registry.ENTITIES: data.entity_id,
    }[registry]
    return Changed(
        registry,
        key or "",
        bool(key) and data.action == "remove",
        data.old_entity_id,
    )
