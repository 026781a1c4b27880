"""What the registries of Home Assistant say together: a home that can be asked.

A Home never changes: a new registry, or a new row, gives a new one. Area of an entity
is its own, else that of its device; the floor is that of the area; labels are the
entity's own. What differs between two homes comes out as new tags of entities, so
that the pipeline is told little. It knows neither the connection nor the pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

from hiq.ha.registries import (
    KEYS,
    Area,
    ConfigEntry,
    Device,
    Entity,
    Floor,
    Label,
    Registry,
    Row,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["SEPARATOR", "Changes", "Home", "Place", "Update", "changes"]

SEPARATOR: Final = "|"
"""Between the labels of one entity in a tag."""

Update: TypeAlias = tuple[str, dict[str, str] | None]
"""An entity id and all its tags, or None: it has none any more."""
T = TypeVar("T")
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

_FIELDS: Final = {
    Registry.FLOORS: "floors",
    Registry.LABELS: "labels",
    Registry.AREAS: "areas",
    Registry.CONFIG_ENTRIES: "config_entries",
    Registry.DEVICES: "devices",
    Registry.ENTITIES: "entities",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One entity with all that its device, area, floor and labels add."""

    entity: Entity
    device: Device | None
    area: Area | None
    floor: Floor | None
    labels: tuple[Label, ...]
    integration: str

    @property
    def name(self) -> str | None:
        """What people call the entity."""
        return self.entity.name or self.entity.original_name


@dataclass(frozen=True, slots=True)
class Home:
    """All registries, each by id.

    `first_ids`: registry id -> the entity id that the entity had first, for those
    that were renamed.
    """

    floors: Mapping[str, Floor] = field(default_factory=lambda: NOTHING)
    labels: Mapping[str, Label] = field(default_factory=lambda: NOTHING)
    areas: Mapping[str, Area] = field(default_factory=lambda: NOTHING)
    config_entries: Mapping[str, ConfigEntry] = field(default_factory=lambda: NOTHING)
    devices: Mapping[str, Device] = field(default_factory=lambda: NOTHING)
    entities: Mapping[str, Entity] = field(default_factory=lambda: NOTHING)
    first_ids: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    # questions

    def rows(self, registry: Registry) -> Mapping[str, Row]:
        """Return one registry."""
        return cast("Mapping[str, Row]", getattr(self, _FIELDS[registry]))

    def entity(self, entity_id: str) -> Place | None:
        """Return what is known of an entity; None if it is not in the registry."""
        entity = self.entities.get(entity_id)
        if entity is None:
            return None
        device = _get(self.devices, entity.device_id)
        area = self.area_of(entity)
        return Place(
            entity,
            device,
            area,
            None if area is None else _get(self.floors, area.floor_id),
            tuple(
                self.labels.get(label_id, Label(label_id, label_id))
                for label_id in sorted(entity.labels)
            ),
            self.integration_of(entity),
        )

    def area_of(self, entity: Entity) -> Area | None:
        """Return the area of an entity, else that of its device.

        An area that is not in the registry any more is none.
        """
        device = _get(self.devices, entity.device_id)
        own = entity.area_id or (None if device is None else device.area_id)
        return _get(self.areas, own)

    def integration_of(self, thing: Entity | Device) -> str:
        """Return the integration that a thing comes from, "" if nobody knows."""
        if isinstance(thing, Entity):
            entry = _get(self.config_entries, thing.config_entry_id)
            return (entry.domain if entry else "") or thing.platform
        for entry_id in thing.config_entries:
            entry = self.config_entries.get(entry_id)
            if entry is not None and entry.domain:
                return entry.domain
        return ""

    def tags(self, entity_id: str) -> dict[str, str] | None:
        """Return the tags of an entity; None if it has none, or makes no states."""
        place = self.entity(entity_id)
        if place is None or place.entity.disabled_by is not None:
            return None
        entity, device, area, floor = (
            *(place.entity, place.device),
            *(place.area, place.floor),
        )
        found: dict[str, str | None] = {
            "platform": entity.platform,
            "integration": place.integration,
            "entity_category": entity.entity_category,
            "rid": entity.id,
        }
        if area is not None:
            found |= {"area_id": area.area_id, "area": area.name}
        if floor is not None:
            found |= {"floor_id": floor.floor_id, "floor": floor.name}
        if place.labels:
            names = sorted(label.name or label.label_id for label in place.labels)
            found["labels"] = SEPARATOR.join(names)
            found["label_ids"] = SEPARATOR.join(x.label_id for x in place.labels)
        if device is not None:
            found |= {
                "device_id": device.id,
                "device": device.name_by_user or device.name,
                "manufacturer": device.manufacturer,
                "model": device.model,
                "sw_version": device.sw_version,
            }
        first = self.first_ids.get(entity.id)
        if first != entity_id:
            found["first_entity_id"] = first
        return {name: value for name, value in found.items() if value}

    # other homes

    def with_rows(self, registry: Registry, rows: Iterable[Row]) -> Home:
        """Return a home with these rows in the place of a whole registry."""
        key = KEYS[registry]
        return self._with(registry, {getattr(row, key): row for row in rows})

    def with_row(self, registry: Registry, row: Row) -> Home:
        """Return a home with one row new or replaced."""
        return self._with(
            registry, {**self.rows(registry), getattr(row, KEYS[registry]): row}
        )

    def without(self, registry: Registry, key: str) -> Home:
        """Return a home without one row; the same home if it has none such."""
        if key not in self.rows(registry):
            return self
        rest = dict(self.rows(registry))
        del rest[key]
        return self._with(registry, rest)

    def with_first_ids(self, first_ids: Mapping[str, str]) -> Home:
        """Return a home that knows what renamed entities were called first."""
        return replace(self, first_ids=first_ids)

    def _with(self, registry: Registry, rows: Mapping[str, Row]) -> Home:
        # replace() cannot know which of the fields a name is.
        return replace(self, **cast("dict[str, Any]", {_FIELDS[registry]: rows}))


class Changes:
    """What differs between two homes; asked for some entities at a time.

    Only entities whose row, or something that the row leads to, has changed are
    looked at closely: comparing two big homes that are equal costs little.
    """

    def __init__(self, old: Home, new: Home) -> None:
        self._old = old
        self._new = new
        self._areas = _changed(old.areas, new.areas)
        floors = _changed(old.floors, new.floors)
        if floors:
            for home in (old, new):
                self._areas |= {
                    area.area_id
                    for area in home.areas.values()
                    if area.floor_id in floors
                }
        self._devices = _changed(old.devices, new.devices)
        if self._areas:
            self._devices |= {
                device.id
                for device in new.devices.values()
                if device.area_id in self._areas
            }
        self._labels = _changed(old.labels, new.labels)
        self._entries = _changed(old.config_entries, new.config_entries)
        self._renamed = _changed(old.first_ids, new.first_ids)

    @property
    def entity_ids(self) -> list[str]:
        """Every entity of one of the homes, those that are gone first."""
        gone = [name for name in self._old.entities if name not in self._new.entities]
        return [*gone, *self._new.entities]

    def among(self, entity_ids: Iterable[str]) -> list[Update]:
        """Return the updates of those of the entities that changed."""
        found: list[Update] = []
        for entity_id in entity_ids:
            row = self._new.entities.get(entity_id)
            if row == self._old.entities.get(entity_id) and not self._led_to(row):
                continue
            tags = self._new.tags(entity_id)
            if tags != self._old.tags(entity_id):
                found.append((entity_id, tags))
        return found

    def _led_to(self, row: Entity | None) -> bool:
        """Whether something that an unchanged row leads to has changed."""
        return row is not None and (
            row.device_id in self._devices
            or row.area_id in self._areas
            or row.config_entry_id in self._entries
            or row.id in self._renamed
            or not self._labels.isdisjoint(row.labels)
        )


def changes(old: Home, new: Home) -> list[Update]:
    """Return the new tags of every entity whose tags differ, those gone first."""
    found = Changes(old, new)
    return found.among(found.entity_ids)


def _get(rows: Mapping[str, T], key: str | None) -> T | None:
    return None if key is None else rows.get(key)


def _changed(old: Mapping[str, T], new: Mapping[str, T]) -> set[str]:
    """Return the keys whose values differ, or that are in one of the two only."""
    if old is new:
        return set()
    found = {key for key, value in new.items() if old.get(key) != value}
    return found | {key for key in old if key not in new}
