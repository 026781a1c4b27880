"""Kinds of entities of a simulated home, and how each of them changes.

A kind knows its domain, how common it is, how often it changes, and what state and
attributes come next; chance comes as an argument. It does not know which entities
there are, what time it is, or how anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = ["KINDS", "Attributes", "Dice", "Kind"]

T = TypeVar("T")
Attributes = Mapping[str, Any]
Next = tuple[str, dict[str, Any]]

MASK = 2**64 - 1


class Dice:
    """SplitMix64: the same seed gives the same home on every Python and machine."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & MASK

    def bits(self) -> int:
        """Return 64 random bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, limit: int) -> int:
        """Return an integer from 0 to `limit` - 1."""
        return self.bits() % limit

    def between(self, low: float, high: float) -> float:
        """Return a number from `low` to `high`."""
        return low + (high - low) * (self.bits() >> 11) / 2**53

    def choice(self, of: Sequence[T]) -> T:
        """Return one of them."""
        return of[self.bits() % len(of)]

    def other(self, of: Sequence[str], than: str) -> str:
        """Return one of them that is not `than`."""
        return self.choice([text for text in of if text != than])


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entity.

    Attributes:
        domain: of Home Assistant.
        name: what is behind the room in the entity's name.
        share: how many of 100 entities are of this kind, roughly.
        pace: how often one changes, in relation to others.
        follow: (dice, last state, last attributes) -> the next. The first time the
            last state is "" and the attributes are `fixed`.
        fixed: attributes that never change.
        platform: the integration it comes from.
    """

    domain: str
    name: str
    share: int
    pace: int
    follow: Callable[[Dice, str, Attributes], Next]
    fixed: Attributes = field(default_factory=dict)
    platform: str = "demo"


def _walk(low: float, high: float, step: float, digits: int) -> Callable[..., Next]:
    """Make a number that moves by at most `step` and stays in its range."""

    def follow(dice: Dice, last: str, attributes: Attributes) -> Next:
        try:
            value = float(last)
        except ValueError:  # the first time, and after unavailable
            value = dice.between(low, high)
        value = min(high, max(low, value + dice.between(-step, step)))
        return f"{value:.{digits}f}", dict(attributes)

    return follow


def _grow(step: float, digits: int) -> Callable[..., Next]:
    """Make a meter that only counts up."""

    def follow(dice: Dice, last: str, attributes: Attributes) -> Next:
        try:
            value = float(last)
        except ValueError:
            value = dice.between(0, 5000)
        return f"{value + dice.between(0, step):.{digits}f}", dict(attributes)

    return follow


def _turn(*states: str) -> Callable[..., Next]:
    """Make one of a few states, never the same twice."""

    def follow(dice: Dice, last: str, attributes: Attributes) -> Next:
        return dice.other(states, last), dict(attributes)

    return follow


def _light(dice: Dice, last: str, attributes: Attributes) -> Next:
    """Switch, or dim only: then the state stays and an attribute changes."""
    on = last != "on" if dice.below(3) else last == "on"
    look: dict[str, Any] = dict.fromkeys(("brightness", "color_temp", "rgb_color"))
    look["color_mode"] = None
    if on:
        look["color_mode"] = "color_temp"
        look["brightness"] = 1 + dice.below(255)
        look["color_temp"] = 153 + dice.below(347)
        look["rgb_color"] = [255, 120 + dice.below(130), dice.below(256)]
    return "on" if on else "off", {**attributes, **look}


def _climate(dice: Dice, last: str, attributes: Attributes) -> Next:
    """Measure, and rarely change the mode."""
    mode = dice.choice(("heat", "off", "auto")) if not last or not dice.below(8) else ""
    measured = round(dice.between(17, 25), 1)
    return mode or last, {
        **attributes,
        "current_temperature": measured,
        "temperature": dice.choice((20, 21, 21.5)),
        "hvac_action": "heating" if measured < 20 else "idle",
    }


def _cover(dice: Dice, last: str, attributes: Attributes) -> Next:
    """Move to a position."""
    position = 0 if last == "open" and dice.below(2) else dice.below(101)
    return "open" if position else "closed", {
        **attributes,
        "current_position": position,
    }


def _fan(dice: Dice, last: str, attributes: Attributes) -> Next:
    """Switch, with a speed in percent."""
    on = last != "on"
    speed = 1 + dice.below(100) if on else 0
    return "on" if on else "off", {**attributes, "percentage": speed}


def _media(dice: Dice, last: str, attributes: Attributes) -> Next:
    """Play something; titles have characters that need escaping."""
    state = dice.other(("playing", "paused", "idle"), last)
    title = dice.choice(('The "Best" of', "Něco pěkného", "C:\\music", "Tab, comma"))
    return state, {
        **attributes,
        "volume_level": round(dice.between(0, 1), 2),
        "is_volume_muted": False,
        "media_title": None if state == "idle" else title,
    }


def _where(dice: Dice, last: str, attributes: Attributes) -> Next:
    """Come and go."""
    return dice.other(("home", "not_home", "Work"), last), {
        **attributes,
        "latitude": round(dice.between(49.9, 50.2), 5),
        "longitude": round(dice.between(14.2, 14.6), 5),
        "gps_accuracy": dice.below(100),
    }


def _sun(dice: Dice, last: str, attributes: Attributes) -> Next:
    """Move over the sky; mostly only the attributes change."""
    del last
    elevation = round(dice.between(-60, 60), 2)
    return "above_horizon" if elevation > 0 else "below_horizon", {
        **attributes,
        "elevation": elevation,
        "azimuth": round(dice.between(0, 360), 2),
        "rising": bool(dice.below(2)),
    }


def _weather(dice: Dice, last: str, attributes: Attributes) -> Next:
    """Change the weather."""
    return dice.other(("sunny", "cloudy", "rainy", "fog"), last), {
        **attributes,
        "temperature": round(dice.between(-10, 32), 1),
        "humidity": dice.below(101),
        "pressure": round(dice.between(980, 1040), 1),
    }


def _vacuum(dice: Dice, last: str, attributes: Attributes) -> Next:
    """Clean and come back."""
    return dice.other(("docked", "cleaning", "returning"), last), {
        **attributes,
        "battery_level": dice.below(101),
        "fan_speed": dice.choice(("silent", "turbo")),
    }


def _update(dice: Dice, last: str, attributes: Attributes) -> Next:
    """Offer another version: a text with digits in it."""
    version = f"2024.{1 + dice.below(12)}.{dice.below(6)}"
    state = dice.other(("on", "off"), last)
    return state, {**attributes, "latest_version": version, "in_progress": False}


def _measure(unit: str, device_class: str, state_class: str = "measurement") -> Any:
    return {
        "state_class": state_class,
        "unit_of_measurement": unit,
        "device_class": device_class,
    }


_POWER = _measure("W", "power")
_ENERGY = _measure("kWh", "energy", "total_increasing")
_HEATED = {"hvac_modes": ["heat", "off", "auto"], "min_temp": 7, "max_temp": 35}
_LAMP = {"supported_color_modes": ["color_temp"], "supported_features": 44}
_METEO = {"temperature_unit": "°C", "wind_speed_unit": "km/h"}
_LEVELS = {"options": ["low", "medium", "high"]}

KINDS = (
    Kind(
        "sensor",
        "Temperature",
        14,
        8,
        _walk(-5, 30, 0.3, 2),
        _measure("°C", "temperature"),
        "mqtt",
    ),
    Kind(
        "sensor",
        "Humidity",
        8,
        6,
        _walk(20, 90, 1, 1),
        _measure("%", "humidity"),
        "mqtt",
    ),
    Kind("sensor", "Power", 10, 30, _walk(0, 3500, 80, 1), _POWER, "shelly"),
    Kind("sensor", "Energy", 6, 6, _grow(0.05, 3), _ENERGY, "shelly"),
    Kind(
        "sensor",
        "Battery",
        5,
        1,
        _walk(0, 100, 1, 0),
        _measure("%", "battery"),
        "mqtt",
    ),
    Kind(
        "sensor",
        "Pressure",
        2,
        3,
        _walk(970, 1040, 0.5, 1),
        _measure("hPa", "atmospheric_pressure"),
        "mqtt",
    ),
    Kind(
        "sensor",
        "Illuminance",
        3,
        10,
        _walk(0, 5000, 200, 0),
        _measure("lx", "illuminance"),
        "hue",
    ),
    Kind("sensor", "Mode", 2, 2, _turn("eco", "boost", "away, far", "3")),
    Kind(
        "binary_sensor",
        "Motion",
        8,
        12,
        _turn("on", "off"),
        {"device_class": "motion"},
        "hue",
    ),
    Kind(
        "binary_sensor",
        "Door",
        5,
        3,
        _turn("on", "off"),
        {"device_class": "door"},
        "mqtt",
    ),
    Kind("light", "Light", 8, 4, _light, _LAMP, "hue"),
    Kind("switch", "Socket", 6, 3, _turn("on", "off"), platform="shelly"),
    Kind("climate", "Heating", 3, 4, _climate, _HEATED),
    Kind("cover", "Blind", 3, 2, _cover, {"device_class": "blind"}),
    Kind("fan", "Fan", 2, 2, _fan, {"preset_mode": None}),
    Kind("lock", "Lock", 1, 1, _turn("locked", "unlocked", "locking")),
    Kind("media_player", "Speaker", 2, 3, _media, {"device_class": "speaker"}),
    Kind(
        "device_tracker",
        "Phone",
        2,
        2,
        _where,
        {"source_type": "gps"},
        "mobile_app",
    ),
    Kind("number", "Limit", 2, 1, _walk(0, 100, 5, 1), {"mode": "slider"}),
    Kind("select", "Level", 2, 1, _turn("low", "medium", "high"), _LEVELS),
    Kind("input_boolean", "Guests", 2, 1, _turn("on", "off"), platform="input_boolean"),
    Kind("weather", "Weather", 1, 2, _weather, _METEO, "met"),
    Kind("sun", "Sun", 1, 5, _sun, platform="sun"),
    Kind("vacuum", "Vacuum", 1, 2, _vacuum),
    Kind("update", "Firmware", 1, 1, _update, {"installed_version": "2024.1.0"}),
)
