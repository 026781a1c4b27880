"""Attributes whose Python type is known, so that their Python text can be restored.

JSON shows a tuple as a list, a datetime with a `T` and an enum as its value, while
Home Assistant's InfluxDB integration writes `str()` of the object in its process.
The table is data: one row per domain and attribute, with the shape that must match.
A row changes the text only, never a number. Sources: the components `light`,
`group`, `media_player`, `automation`, `script` and `climate` of Home Assistant.
"""

from enum import IntEnum
from typing import NamedTuple

__all__ = ["ROWS", "Row", "Shape"]


class Shape(IntEnum):
    """What the value must be, and what its text becomes; as in `known.pxd`."""

    NUMBERS = 0
    """List of 2 to 5 numbers: a tuple."""
    STRINGS = 1
    """List of strings: a tuple."""
    MOMENT = 2
    """ISO date-time: a space in place of the `T`."""
    ENUMS = 3
    """List of known words: a list of enum members."""


class Row(NamedTuple):
    """One attribute of one domain."""

    domain: str
    attribute: str
    shape: Shape
    enum: str = ""
    words: tuple[str, ...] = ()
    """Values of the enum; the member's name is the value in capitals."""
    plain: tuple[str, ...] = ()
    """If all values are of these, `siblings` are not asked for."""
    siblings: tuple[str, ...] = ()
    """Attributes that must be there too: real entities have them, plain lists of
    the same name set by scripts do not."""


COLOR_MODES = (
    "onoff",
    "brightness",
    "color_temp",
    "hs",
    "xy",
    "rgb",
    "rgbw",
    "rgbww",
    "white",
    "unknown",
)
HVAC_MODES = ("off", "heat", "cool", "heat_cool", "auto", "dry", "fan_only")

ROWS = (
    Row("light", "rgb_color", Shape.NUMBERS),
    Row("light", "hs_color", Shape.NUMBERS),
    Row("light", "xy_color", Shape.NUMBERS),
    Row("light", "rgbw_color", Shape.NUMBERS),
    Row("light", "rgbww_color", Shape.NUMBERS),
    Row("group", "entity_id", Shape.STRINGS),
    Row("media_player", "media_position_updated_at", Shape.MOMENT),
    Row("automation", "last_triggered", Shape.MOMENT),
    Row("script", "last_triggered", Shape.MOMENT),
    Row(
        "light",
        "supported_color_modes",
        Shape.ENUMS,
        enum="ColorMode",
        words=COLOR_MODES,
        plain=("onoff", "brightness", "white"),
        siblings=("xy_color",),
    ),
    Row(
        "climate",
        "hvac_modes",
        Shape.ENUMS,
        enum="HVACMode",
        words=HVAC_MODES,
        siblings=("min_temp", "max_temp"),
    ),
)
