"""The registries of a simulated home: floors, areas, labels, devices, entities.

Rows have the keys of Home Assistant 2024.3, areas and devices also those of later
versions. An entity's area is mostly that of its device, as in real homes. Nothing
here changes with time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hiq.simulate.kinds import KINDS, Dice, Kind

__all__ = ["Entity", "Home"]

Row = dict[str, Any]

# name, id, floor
ROOMS = (
    ("Living Room", "living_room", 0),
    ("Kitchen", "kitchen", 0),
    ("Hall", "hall", 0),
    ("Dílna", "dilna", 0),
    ("Bedroom", "bedroom", 1),
    ("Büro", "buro", 1),
    ("Bath", "bath", 1),
    ("Garden", "garden", None),
)
FLOORS = (("Ground Floor", "ground_floor", 0), ("First Floor", "first_floor", 1))
LABELS = (("Critical", "critical"), ("Low priority", "low_priority"))
ENTITIES_PER_DEVICE = 4


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of the home; `room` is an index into the areas."""

    entity_id: str
    name: str
    kind: Kind
    number: int
    room: int
    device: int


class Home:
    """All registries of a home, as lists of rows."""

    def __init__(self, entities: int, seed: int) -> None:
        dice = Dice(seed ^ 0x484F4D45)
        self.entities: list[Entity] = []
        # first one of each kind, so that a small home has many domains too
        pool = [kind for kind in KINDS for _ in range(kind.share)]
        for number in range(entities):
            kind = KINDS[number] if number < len(KINDS) else dice.choice(pool)
            device = number // ENTITIES_PER_DEVICE
            room = device % len(ROOMS)
            name, slug, _ = ROOMS[room]
            self.entities.append(
                Entity(
                    f"{kind.domain}.{slug}_{kind.name.lower()}_{number}",
                    f"{name} {kind.name} {number}",
                    kind,
                    number,
                    room,
                    device,
                )
            )
        self._salt = dice.bits()
        self._revised: dict[tuple[str, str], Row | None] = {}

    def revise(self, registry: str, key: str, changes: Row | None) -> None:
        """Change a row of floor, label, area, device or entity; None drops it.

        The changes are those of the row as it was at first.
        """
        before = self._revised.get((registry, key)) or {}
        self._revised[registry, key] = None if changes is None else before | changes

    def _as_revised(self, registry: str, name: str, rows: list[Row]) -> list[Row]:
        found = []
        for row in rows:
            changes = self._revised.get((registry, row[name]), {})
            if changes is not None:
                found.append(row | changes)
        return found

    def _id(self, what: str, number: int) -> str:
        """Return an id as Home Assistant makes them: 32 hexadecimal digits."""
        dice = Dice(self._salt ^ int.from_bytes(what.encode()) ^ number)
        return f"{dice.bits():016x}{dice.bits():016x}"

    def platforms(self) -> list[str]:
        """Return the integrations that the entities come from."""
        return sorted({entity.kind.platform for entity in self.entities})

    def floor_rows(self) -> list[Row]:
        """Return `config/floor_registry/list`."""
        rows: list[Row] = [
            {"floor_id": slug, "icon": None, "level": level, "name": name}
            for name, slug, level in FLOORS
        ]
        return self._as_revised("floor", "floor_id", rows)

    def area_rows(self) -> list[Row]:
        """Return `config/area_registry/list`."""
        rows: list[Row] = [
            {
                "aliases": [],
                "area_id": slug,
                "floor_id": None if floor is None else FLOORS[floor][1],
                "icon": None,
                "labels": [],
                "name": name,
                "picture": None,
            }
            for name, slug, floor in ROOMS
        ]
        return self._as_revised("area", "area_id", rows)

    def label_rows(self) -> list[Row]:
        """Return `config/label_registry/list`."""
        look = {"color": "red", "description": None, "icon": "mdi:alert"}
        rows: list[Row] = [
            {**look, "label_id": slug, "name": name} for name, slug in LABELS
        ]
        return self._as_revised("label", "label_id", rows)

    def device_rows(self) -> list[Row]:
        """Return `config/device_registry/list`."""
        rows = []
        for entity in self.entities[::ENTITIES_PER_DEVICE]:
            platform = entity.kind.platform
            rows.append(
                {
                    "area_id": ROOMS[entity.room][1],
                    "configuration_url": None,
                    "config_entries": [self._id(platform, 0)],
                    "connections": [],
                    "disabled_by": None,
                    "entry_type": None,
                    "hw_version": None,
                    "id": self._id("device", entity.device),
                    "identifiers": [[platform, f"device_{entity.device}"]],
                    "labels": [],
                    "manufacturer": "Simulated",
                    "model": f"Box {entity.device % 7}",
                    "name_by_user": None,
                    "name": f"{ROOMS[entity.room][0]} box {entity.device}",
                    "serial_number": None,
                    "sw_version": "1.0",
                    "via_device_id": None,
                }
            )
        return self._as_revised("device", "id", rows)

    def entity_rows(self) -> list[Row]:
        """Return `config/entity_registry/list`."""
        rows = []
        for entity in self.entities:
            number = entity.number
            own_area = ROOMS[(entity.room + 1) % len(ROOMS)][1]
            rows.append(
                {
                    "area_id": None if number % 11 else own_area,
                    "categories": {},
                    "config_entry_id": self._id(entity.kind.platform, 0),
                    "device_id": self._id("device", entity.device),
                    "disabled_by": None,
                    "entity_category": None if number % 9 else "diagnostic",
                    "entity_id": entity.entity_id,
                    "has_entity_name": True,
                    "hidden_by": None if number % 31 else "user",
                    "icon": None,
                    "id": self._id("entity", number),
                    "labels": [] if number % 5 else [LABELS[number % 2][1]],
                    "name": None,
                    "options": {"conversation": {"should_expose": False}},
                    "original_name": entity.kind.name,
                    "platform": entity.kind.platform,
                    "translation_key": None,
                    "unique_id": f"simulated_{number}",
                }
            )
        return self._as_revised("entity", "entity_id", rows)

    def config_entry_rows(self) -> list[Row]:
        """Return `config_entries/get`."""
        return [
            {
                "entry_id": self._id(platform, 0),
                "domain": platform,
                "title": platform.replace("_", " ").title(),
                "source": "user",
                "state": "loaded",
                "supports_options": False,
                "supports_remove_device": False,
                "supports_unload": True,
                "pref_disable_new_entities": False,
                "pref_disable_polling": False,
                "disabled_by": None,
                "reason": None,
            }
            for platform in self.platforms()
        ]

    def config(self, version: str) -> Row:
        """Return `get_config` of a home that runs."""
        domains = {entity.kind.domain for entity in self.entities}
        base = {"api", "config", "history", "homeassistant", "http", "recorder"}
        return {
            "latitude": 50.1,
            "longitude": 14.4,
            "elevation": 230,
            "unit_system": {
                "length": "km",
                "accumulated_precipitation": "mm",
                "mass": "g",
                "pressure": "Pa",
                "temperature": "°C",
                "volume": "L",
                "wind_speed": "m/s",
            },
            "location_name": "Simulated home",
            "time_zone": "Europe/Prague",
            "components": sorted(domains | base | set(self.platforms())),
            "config_dir": "/config",
            "whitelist_external_dirs": [],
            "allowlist_external_dirs": [],
            "allowlist_external_urls": [],
            "version": version,
            "config_source": "storage",
            "recovery_mode": False,
            "state": "RUNNING",
            "external_url": None,
            "internal_url": None,
            "currency": "CZK",
            "country": "CZ",
            "language": "en",
            "safe_mode": False,
        }

    def user(self) -> Row:
        """Return `auth/current_user`: the owner, who may everything."""
        return {
            "id": self._id("user", 0),
            "name": "Simulated",
            "is_owner": True,
            "is_admin": True,
            "credentials": [],
            "mfa_modules": [],
        }

    def services(self) -> Row:
        """Return `get_services`: what the domains of the home offer."""
        switch = {
            name: {
                "name": name.replace("_", " ").capitalize(),
                "description": "",
                "fields": {},
                "target": {"entity": [{}]},
            }
            for name in ("turn_on", "turn_off", "toggle")
        }
        domains = {entity.kind.domain for entity in self.entities}
        return dict.fromkeys(sorted(domains | {"homeassistant"}), switch)
