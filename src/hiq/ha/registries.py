"""The rows of Home Assistant's registries: what is used of them, and their decoding.

Keys that are not named are ignored, keys that a version does not have get a default:
floors and labels came with 2024.4. A row that cannot be read is left out and counted,
the others stand. Not known here: what the rows mean together, who asked for them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
from msgspec import Raw, Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "KEYS",
    "Area",
    "ConfigEntry",
    "Device",
    "Entity",
    "Floor",
    "Label",
    "Registry",
    "Row",
    "decode_row",
    "decode_rows",
    "rows_of",
]


class Registry(StrEnum):
    """The registries, by the command that lists them."""

    FLOORS = "config/floor_registry/list"
    LABELS = "config/label_registry/list"
    AREAS = "config/area_registry/list"
    CONFIG_ENTRIES = "config_entries/get"
    DEVICES = "config/device_registry/list"
    ENTITIES = "config/entity_registry/list"


class Floor(Struct, frozen=True):
    """One floor."""

    floor_id: str
    name: str = ""


class Label(Struct, frozen=True):
    """One label."""

    label_id: str
    name: str = ""


class Area(Struct, frozen=True):
    """One area."""

    area_id: str
    name: str = ""
    floor_id: str | None = None


class ConfigEntry(Struct, frozen=True):
    """One configured integration."""

    entry_id: str
    domain: str = ""
    title: str = ""
    state: str = ""


class Device(Struct, frozen=True):
    """One device; `name_by_user` is stronger than `name`."""

    id: str
    name: str | None = None
    name_by_user: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    sw_version: str | None = None
    area_id: str | None = None
    config_entries: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


class Entity(Struct, frozen=True):
    """One entity; `id` stays when `entity_id` changes."""

    entity_id: str
    id: str = ""
    platform: str = ""
    name: str | None = None
    original_name: str | None = None
    config_entry_id: str | None = None
    device_id: str | None = None
    area_id: str | None = None
    labels: tuple[str, ...] = ()
    entity_category: str | None = None
    disabled_by: str | None = None
    unique_id: Any = ""


Row: TypeAlias = Floor | Label | Area | ConfigEntry | Device | Entity

KEYS: Final = {
    Registry.FLOORS: "floor_id",
    Registry.LABELS: "label_id",
    Registry.AREAS: "area_id",
    Registry.CONFIG_ENTRIES: "entry_id",
    Registry.DEVICES: "id",
    Registry.ENTITIES: "entity_id",
}
"""The attribute that tells one row of a registry from the others."""

_PIECES = msgspec.json.Decoder(list[Raw])
_DECODERS: Final[dict[Registry, msgspec.json.Decoder[Row]]] = {
    Registry.FLOORS: msgspec.json.Decoder(Floor),
    Registry.LABELS: msgspec.json.Decoder(Label),
    Registry.AREAS: msgspec.json.Decoder(Area),
    Registry.CONFIG_ENTRIES: msgspec.json.Decoder(ConfigEntry),
    Registry.DEVICES: msgspec.json.Decoder(Device),
    Registry.ENTITIES: msgspec.json.Decoder(Entity),
}


def rows_of(result: Raw | bytes) -> list[Raw]:
    """Cut the answer to a list command into its rows, each left as bytes.

    Raises:
        msgspec.DecodeError: it is not an array.
    """
    return _PIECES.decode(result)


def decode_row(registry: Registry, row: Raw | bytes) -> Row:
    """Decode one row; raises msgspec.DecodeError."""
    return _DECODERS[registry].decode(row)


def decode_rows(
    registry: Registry, rows: Sequence[Raw | bytes]
) -> tuple[list[Row], int]:
    """Decode some rows; also returns how many could not be read."""
    decode = _DECODERS[registry].decode
    found: list[Row] = []
    for row in rows:
        try:
            found.append(decode(row))
        except msgspec.DecodeError:
            continue
    return found, len(rows) - len(found)
