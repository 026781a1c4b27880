"""Entities and devices of a home as the documents of the routes.

Pure. The documents are remembered for the home they were made of, because a page of
them is asked for more often than a home changes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from hiq.web.report import moment
from hiq.web.types import home as documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hiq.discovery.renames import Renames
    from hiq.ha.home import Home

__all__ = ["devices_of", "entities_of", "renames_of"]


class _Same:
    """A home that is equal to itself only, so that comparing costs nothing."""

    __slots__ = ("home",)

    def __init__(self, home: Home) -> None:
        self.home = home

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.home is self.home

    def __hash__(self) -> int:
        return id(self.home)


def entities_of(home: Home) -> Sequence[documents.Entity]:
    """Return the entities, in the order of their ids."""
    return _entities(_Same(home))


def devices_of(home: Home) -> Sequence[documents.Device]:
    """Return the devices, in the order of their ids."""
    return _devices(_Same(home))


def renames_of(renames: Renames) -> Sequence[documents.Rename]:
    """Return the last renames, oldest first."""
    return [
        documents.Rename(
            at=moment(one.at_s), old=one.old, new=one.new, rid=one.rid or None
        )
        for one in renames.last
    ]


@lru_cache(maxsize=1)
def _entities(same: _Same) -> tuple[documents.Entity, ...]:
    found = []
    for entity_id in sorted(same.home.entities):
        place = same.home.entity(entity_id)
        if place is None:
            continue
        device, area, floor = place.device, place.area, place.floor
        found.append(
            documents.Entity(
                entity_id=entity_id,
                name=place.name,
                area_id=None if area is None else area.area_id,
                area=None if area is None else area.name,
                floor_id=None if floor is None else floor.floor_id,
                floor=None if floor is None else floor.name,
                labels=sorted(label.name or label.label_id for label in place.labels),
                device_id=None if device is None else device.id,
                device=None if device is None else device.name_by_user or device.name,
                manufacturer=None if device is None else device.manufacturer,
                model=None if device is None else device.model,
                integration=place.integration or None,
                entity_category=place.entity.entity_category,
            )
        )
    return tuple(found)


@lru_cache(maxsize=1)
def _devices(same: _Same) -> tuple[documents.Device, ...]:
    home = same.home
    found = []
    for device_id, device in sorted(home.devices.items()):
        area = home.areas.get(device.area_id or "")
        labels = (home.labels.get(label_id) for label_id in device.labels)
        found.append(
            documents.Device(
                device_id=device_id,
                name=device.name_by_user or device.name,
                area_id=None if area is None else area.area_id,
                area=None if area is None else area.name,
                labels=sorted(label.name for label in labels if label is not None),
                manufacturer=device.manufacturer,
                model=device.model,
                sw_version=device.sw_version,
                integration=home.integration_of(device) or None,
            )
        )
    return tuple(found)
