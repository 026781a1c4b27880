"""The bodies of the three uploads to a data-api, made of Home Assistant's answers.

Entities and services go as they came; devices get the domain of their first config
entry, and those that come through zigbee2mqtt are marked. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from msgspec import Raw

    from hiq.ha.home import Home

__all__ = ["ZIGBEE", "bodies", "devices_body"]

ZIGBEE: Final = "zigbee2mqtt"
_ADDRESS = re.compile(r"(?:zigbee2mqtt_)?0x[0-9a-f]{8,}", re.IGNORECASE)


def bodies(
    home: Home, devices: Raw | None, entities: Raw | None, services: Raw | None
) -> dict[str, bytes]:
    """Return what there is to upload, by name of the list.

    Raises:
        msgspec.DecodeError: the devices are no list of objects.
    """
    found: dict[str, bytes] = {}
    if devices is not None:
        found["devices"] = devices_body(home, devices)
    if entities is not None:
        found["entities"] = bytes(entities)
    if services is not None:
        found["services"] = bytes(services)
    return found


def devices_body(home: Home, devices: Raw | bytes) -> bytes:
    """Return the devices unchanged, with `integration`, and `source` where known."""
    rows = msgspec.json.decode(devices, type=list[dict[str, Any]])
    bridges = {row.get("id") for row in rows if _is_bridge(row)}
    for row in rows:
        row["integration"] = _integration(home, row)
        if _is_zigbee(row, bridges):
            row["integration"] = row["source"] = ZIGBEE
    return msgspec.json.encode(rows)


def _integration(home: Home, row: dict[str, Any]) -> str | None:
    """Return the domain of the first config entry."""
    for entry_id in row.get("config_entries") or ():
        entry = home.config_entries.get(entry_id)
        return None if entry is None else entry.domain or None
    return None


def _is_bridge(row: dict[str, Any]) -> bool:
    """Whether it is the device through which zigbee2mqtt speaks."""
    manufacturer, model, name = (
        str(row.get(key) or "").lower() for key in ("manufacturer", "model", "name")
    )
    return ZIGBEE in manufacturer or ("bridge" in model and "zigbee" in name)


def _is_zigbee(row: dict[str, Any], bridges: set[Any]) -> bool:
    """Whether it has an address of the radio, or hangs below the bridge on MQTT."""
    if any(map(_names_zigbee, _second(row.get("identifiers") or ()))):
        return True
    return row["integration"] == "mqtt" and row.get("via_device_id") in bridges


def _second(pairs: Iterable[Any]) -> Iterable[str]:
    """Yield the id of each pair of domain and id."""
    for pair in pairs:
        if isinstance(pair, list) and len(pair) > 1:
            yield str(pair[1])


def _names_zigbee(identifier: str) -> bool:
    lowered = identifier.lower()
    return (
        "zigbee" in lowered
        or "ieee" in lowered
        or _ADDRESS.fullmatch(lowered) is not None
    )
