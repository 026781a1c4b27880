"""Rows of the registries as points: `devices`, `entities`, `config_entries`.

Names, tags and stand-ins for what is missing are those of the HomeIQ service. What a
row says, without its time, is a text; two rows that say the same are no change. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hiq.ha.registries import ConfigEntry, Device, Entity, Registry
from hiq.sink.encode import encode, encode_series

if TYPE_CHECKING:
    from hiq.ha.home import Home
    from hiq.sink.decode import Value

__all__ = ["MEASUREMENTS", "REMOVED", "Said", "said_of"]

MEASUREMENTS: Final = {
    Registry.CONFIG_ENTRIES: "config_entries",
    Registry.DEVICES: "devices",
    Registry.ENTITIES: "entities",
}
UNKNOWN: Final = "Unknown"
NO_AREA: Final = "unassigned"
NO_DEVICE: Final = "unknown"
REMOVED: Final = "removed=true"
"""The only field of a row that is not there any more."""


class Said(NamedTuple):
    """What a row says: the first two parts of a line."""

    series: str
    fields: str

    def line(self, time_ns: int) -> str:
        """Return the line of that time, with its end."""
        return f"{self.series} {self.fields} {time_ns}\n"


def said_of(home: Home, row: ConfigEntry | Device | Entity, entities: int = 0) -> Said:
    """Return what a row says; `entities`: how many belong to the device."""
    tags: dict[str, str]
    fields: dict[str, Value]
    match row:
        case Device():
            measurement = MEASUREMENTS[Registry.DEVICES]
            tags = {
                "device_id": row.id,
                "manufacturer": row.manufacturer or UNKNOWN,
                "model": row.model or UNKNOWN,
                "area_id": row.area_id or NO_AREA,
            }
            fields = {
                "name": row.name_by_user or row.name or UNKNOWN,
                "sw_version": row.sw_version or UNKNOWN,
                "entity_count": float(entities),
            }
        case Entity():
            measurement = MEASUREMENTS[Registry.ENTITIES]
            device = home.devices.get(row.device_id or "")
            area_id = row.area_id or (None if device is None else device.area_id)
            tags = {
                "entity_id": row.entity_id,
                "device_id": row.device_id or NO_DEVICE,
                "domain": row.entity_id.partition(".")[0],
                "platform": row.platform or UNKNOWN,
                "area_id": area_id or NO_AREA,
            }
            unique_id = row.unique_id
            fields = {
                "unique_id": UNKNOWN
                if unique_id is None or unique_id == ""
                else str(unique_id),
                "disabled": row.disabled_by is not None,
            }
        case ConfigEntry():
            measurement = MEASUREMENTS[Registry.CONFIG_ENTRIES]
            tags = {
                "entry_id": row.entry_id,
                "domain": row.domain or UNKNOWN,
                "state": row.state or UNKNOWN,
            }
            fields = {"title": row.title or UNKNOWN}
    series = encode_series(
        measurement, {key: _one_line(text) for key, text in tags.items()}
    )
    plain = {k: _one_line(v) if isinstance(v, str) else v for k, v in fields.items()}
    body = encode("", 0, plain.items())
    return Said(series, body[1 : body.rindex(" ")])


def _one_line(text: str) -> str:
    """Return a text without line breaks and never empty, as all of our points have."""
    return text if text.isprintable() and text else " ".join(text.split()) or UNKNOWN
