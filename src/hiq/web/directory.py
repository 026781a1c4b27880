"""Entities and devices: which of them are asked for, and one page of those.

Pure functions over structs. They know neither the registry nor HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hiq.web.types.home import DevicePage, EntityPage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hiq.web.types.home import Device, DeviceQuery, Entity, EntityQuery

__all__ = ["devices_page", "entities_page"]

T = TypeVar("T", "Entity", "Device")


def entities_page(
    entities: Sequence[Entity], query: EntityQuery, timestamp: str
) -> EntityPage:
    """Return a page of the entities that the query means, in their order."""

    def wanted(entity: Entity) -> bool:
        return (
            query.domain in {None, entity.entity_id.partition(".")[0]}
            and query.device in {None, entity.device_id}
            and (query.label is None or query.label in entity.labels)
        )

    found, total = _page(entities, query, wanted)
    return EntityPage(
        entities=found,
        total=total,
        limit=query.limit,
        offset=query.offset,
        timestamp=timestamp,
    )


def devices_page(
    devices: Sequence[Device], query: DeviceQuery, timestamp: str
) -> DevicePage:
    """Return a page of the devices that the query means, in their order."""
    found, total = _page(devices, query, lambda _device: True)
    return DevicePage(
        devices=found,
        total=total,
        limit=query.limit,
        offset=query.offset,
        timestamp=timestamp,
    )


def _page(
    things: Sequence[T], query: DeviceQuery, wanted: Callable[[T], bool]
) -> tuple[list[T], int]:
    """Return those on the page, and how many are on all pages."""
    text = (query.search or "").casefold()
    found = [
        thing
        for thing in things
        if (query.area is None or query.area in {thing.area_id, thing.area})
        and query.integration in {None, thing.integration}
        and wanted(thing)
        and (not text or any(text in word.casefold() for word in _words(thing)))
    ]
    return found[query.offset : query.offset + query.limit], len(found)


def _words(thing: Entity | Device) -> list[str]:
    """Return what is searched in."""
    words = [
        getattr(thing, "entity_id", None),
        thing.device_id,
        thing.name,
        thing.area,
        thing.manufacturer,
        thing.model,
        *thing.labels,
    ]
    return [word for word in words if word]
