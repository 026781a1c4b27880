"""The status of the house: climate, presence, lights, sensors, and its frames."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from hiq.web.types.health import Count, Moment

__all__ = [
    "FRAMES",
    "Climate",
    "ClimateDelta",
    "Delta",
    "HouseStatus",
    "LightsDelta",
    "LightsOfArea",
    "ListDelta",
    "NotKnown",
    "Ping",
    "Presence",
    "PresenceDelta",
    "Removed",
    "RemovedDelta",
    "Section",
    "Sensor",
    "SensorDelta",
    "Snapshot",
]

Section: TypeAlias = Literal[
    "climate",
    "presence",
    "lights_by_area",
    "sensors",
    "switches_on",
    "active_automations",
]


class Climate(Struct, frozen=True, kw_only=True):
    """One thermostat."""

    entity_id: str
    friendly_name: str
    current_temperature: float | None
    target_temperature: float | None
    hvac_mode: str
    unit: str


class Presence(Struct, frozen=True, kw_only=True):
    """One person."""

    entity_id: str
    name: str
    state: str


class LightsOfArea(Struct, frozen=True, kw_only=True):
    """Lights of one area; one that is unavailable is neither on nor off."""

    area: str
    on_count: Count
    off_count: Count


class Sensor(Struct, frozen=True, kw_only=True):
    """One binary sensor, its state in the words of its device class."""

    entity_id: str
    name: str
    state: str
    device_class: str


class _Sections(Struct, frozen=True, kw_only=True):
    climate: list[Climate]
    presence: list[Presence]
    lights_by_area: list[LightsOfArea]
    sensors: dict[str, list[Sensor]]
    switches_on: list[str]
    active_automations: list[str]
    timestamp: Moment


class HouseStatus(_Sections, frozen=True, kw_only=True):
    """The house now."""


class Snapshot(_Sections, frozen=True, kw_only=True, tag_field="type", tag="snapshot"):
    """The first frame of /ws/status: the house now."""


class Removed(Struct, frozen=True, kw_only=True):
    """An object that is no more."""

    entity_id: str
    removed: Literal[True] = True


class _Delta(Struct, frozen=True, kw_only=True, tag_field="type", tag="delta"):
    pass


class ClimateDelta(_Delta, frozen=True, kw_only=True):
    """One thermostat that changed."""

    section: Literal["climate"] = "climate"
    data: Climate


class PresenceDelta(_Delta, frozen=True, kw_only=True):
    """One person who came or went."""

    section: Literal["presence"] = "presence"
    data: Presence


class SensorDelta(_Delta, frozen=True, kw_only=True):
    """One binary sensor that changed."""

    section: Literal["sensors"] = "sensors"
    data: Sensor


class RemovedDelta(_Delta, frozen=True, kw_only=True):
    """An object of one of these sections that is no more."""

    section: Literal["climate", "presence", "sensors"]
    data: Removed


class LightsDelta(_Delta, frozen=True, kw_only=True):
    """The lights of all areas, after a change."""

    section: Literal["lights_by_area"] = "lights_by_area"
    data: list[LightsOfArea]


class ListDelta(_Delta, frozen=True, kw_only=True):
    """All that are on in one section, after a change."""

    section: Literal["switches_on", "active_automations"]
    data: list[str]


Delta: TypeAlias = (
    ClimateDelta | PresenceDelta | SensorDelta | RemovedDelta | LightsDelta | ListDelta
)


class Ping(Struct, frozen=True, kw_only=True, tag_field="type", tag="ping"):
    """Every 15 seconds."""


class NotKnown(Struct, frozen=True, kw_only=True):
    """No state is known yet."""

    detail: str


FRAMES = (
    Snapshot,
    ClimateDelta,
    PresenceDelta,
    SensorDelta,
    RemovedDelta,
    LightsDelta,
    ListDelta,
    Ping,
)
"""Every frame of /ws/status."""
