"""Python's text and number of a JSON value, and the well-known attributes.

Home Assistant writes `str(value)` of the object in its process. JSON shows a tuple
as a list, a datetime with a `T` and an enum as its value; for attributes whose
Python type is known (the table below) the text of the process is restored.
"""

from __future__ import annotations

import re
from typing import Any

DIGIT_TAIL = re.compile(r"[^.]*\d+\.?\d+[^.]*")
NOT_DIGIT_OR_POINT = re.compile(r"[^\d.]+")
ISO_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII
)

COLOR_MODES = "onoff brightness color_temp hs xy rgb rgbw rgbww white unknown".split()
PLAIN_COLOR_MODES = "onoff brightness white".split()
HVAC_MODES = "off heat cool heat_cool auto dry fan_only".split()


def number_of(value: Any) -> float | None:
    """What `float(value)` gives, or None where it raises.

    Numbers, booleans (1 and 0) and numeric strings: white space around, digits of any
    script, single underscores, `inf` and `nan` in any case. Too large is infinity.
    """
    try:
        return float(value)
    except (ValueError, TypeError):
        return None
    except OverflowError:  # an integer of more than 308 digits
        return float("inf") if value > 0 else float("-inf")


def text_of(value: Any) -> str:
    """Text of a value: `str()`; a string is itself, null is `None`."""
    return str(value)


def has_digit_tail(text: str) -> bool:
    """Whether Home Assistant's pattern matches the whole text.

    The pattern takes cubic time, minutes for a thousand digits. Long texts are judged by
    what it amounts to: two adjacent digits and no point, or one point between digits.
    """
    if len(text) <= 50:
        return DIGIT_TAIL.fullmatch(text) is not None
    points = text.count(".")
    wanted = r"\d\d" if points == 0 else r"\d\.\d"
    return points <= 1 and re.search(wanted, text) is not None


def digit_tail(text: str) -> float | None:
    """The number in a text such as `99%`: one group of digits with one point at most."""
    if not has_digit_tail(text):
        return None
    return float(NOT_DIGIT_OR_POINT.sub("", text))


def restored_text(
    domain: str,
    key: str,
    value: Any,
    attributes: dict[str, Any],
    platform: str | None,
) -> str:
    """Text of an attribute as Home Assistant's process shows it.

    One `if` per row of the table: domain, attribute, shape that must match.
    """
    if (
        domain == "light"
        and key in ("rgb_color", "hs_color", "xy_color", "rgbw_color", "rgbww_color")
        and isinstance(value, list)
        and 2 <= len(value) <= 5
        and all(type(item) in (int, float) for item in value)
    ):
        return text_of(tuple(value))
    if (
        domain == "group"
        and key == "entity_id"
        and isinstance(value, list)
        and all(isinstance(item, str) for item in value)
    ):
        return text_of(tuple(value))
    if (
        (domain, key)
        in (
            ("media_player", "media_position_updated_at"),
            ("automation", "last_triggered"),
            ("script", "last_triggered"),
        )
        and isinstance(value, str)
        and ISO_DATE_TIME.fullmatch(value)
    ):
        return value[:10] + " " + value[11:]
    if (
        domain == "light"
        and key == "supported_color_modes"
        and platform != "mqtt"  # JSON-schema lights pass configured strings through
        and isinstance(value, list)
        and all(item in COLOR_MODES for item in value)
        and (
            all(item in PLAIN_COLOR_MODES for item in value) or "xy_color" in attributes
        )
    ):
        return enum_list("ColorMode", value)
    if (
        domain == "climate"
        and key == "hvac_modes"
        and platform != "mqtt"
        and isinstance(value, list)
        and all(item in HVAC_MODES for item in value)
        and "min_temp" in attributes
        and "max_temp" in attributes
    ):
        return enum_list("HVACMode", value)
    return text_of(value)


def enum_list(name: str, values: list[str]) -> str:
    """A list of enum members; the member's name is its value in capitals."""
    members = [f"<{name}.{value.upper()}: {value!r}>" for value in values]
    return "[" + ", ".join(members) + "]"
