"""The documents of entities and devices, and how they are asked for."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from hiq.web.types.health import Count, Moment

__all__ = [
    "Device",
    "DevicePage",
    "DeviceQuery",
    "Entity",
    "EntityPage",
    "EntityQuery",
    "Rename",
    "RenameList",
]

Text = Annotated[str, Meta(max_length=100)]
Limit = Annotated[int, Meta(ge=1, le=1000)]
Offset = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class DeviceQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which devices, and which page of them.

    `search` is looked for in names, ids, areas and labels, upper or lower case.
    """

    search: Text | None = None
    area: Text | None = None
    integration: Text | None = None
    limit: Limit = 100
    offset: Offset = 0


class EntityQuery(DeviceQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which entities, and which page of them."""

    domain: Text | None = None
    device: Text | None = None
    label: Text | None = None


class Entity(Struct, frozen=True, kw_only=True):
    """One entity, with what its device and area add."""

    entity_id: str
    name: str | None = None
    area_id: str | None = None
    area: str | None = None
    floor_id: str | None = None
    floor: str | None = None
    labels: list[str] = []
    device_id: str | None = None
    device: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    integration: str | None = None
    entity_category: str | None = None


class Device(Struct, frozen=True, kw_only=True):
    """One device."""

    device_id: str
    name: str | None = None
    area_id: str | None = None
    area: str | None = None
    labels: list[str] = []
    manufacturer: str | None = None
    model: str | None = None
    sw_version: str | None = None
    integration: str | None = None


class Rename(Struct, frozen=True, kw_only=True):
    """One rename; `rid` is the id that the registry keeps, null if it was not known."""

    at: Moment
    old: str
    new: str
    rid: str | None = None


class RenameList(Struct, frozen=True, kw_only=True):
    """The last renames of entities, oldest first."""

    renames: list[Rename]


class _Page(Struct, frozen=True, kw_only=True):
    total: Count
    limit: Count
    offset: Count
    timestamp: Moment


class EntityPage(_Page, frozen=True, kw_only=True):
    """Entities in the order of their ids; `total` counts those of all pages."""

    entities: list[Entity]


class DevicePage(_Page, frozen=True, kw_only=True):
    """Devices in the order of their ids; `total` counts those of all pages."""

    devices: list[Device]
