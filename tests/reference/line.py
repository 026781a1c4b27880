"""Cleaning of a point, and its bytes in line protocol.

Sources: InfluxDB line protocol reference; behaviour of InfluxDB 1.6.7 and
VictoriaMetrics 1.79.5 where the reference leaves it open (backslashes, `#`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

SPECIAL_AFTER_BACKSLASHES = re.compile(r"\\+([ ,=])")
BACKSLASHES_AT_END = re.compile(r"\\+\Z")


@dataclass
class Point:
    """Measurement, tags, fields (numbers are floats) and time in ns since 1970."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, float | str]
    time_ns: int


def one_line(text: str) -> str:
    """Line breaks of all kinds become single spaces; one at the end vanishes."""
    return " ".join(text.splitlines())


def name_text(text: str) -> str:
    """A text that every server reads back equal in a measurement, key or tag value.

    Backslashes before a space, comma or `=` are dropped; at the end they become one
    space. A backslash elsewhere is a plain character and is never doubled.
    """
    text = SPECIAL_AFTER_BACKSLASHES.sub(r"\1", one_line(text))
    return BACKSLASHES_AT_END.sub(" ", text)


def free_of_time(
    names: dict[str, str] | dict[str, float | str],
) -> dict[str, float | str]:
    """Rename `time` to `time_`, or with as many `_` as needed to be free."""
    renamed: dict[str, float | str] = {}
    for name, value in names.items():
        key = name
        if key == "time":
            while key in names:
                key += "_"
        renamed[key] = value
    return renamed


def cleaned(
    point: Point, default_measurement: str, entity_id: str, time_unit_ns: int = 1
) -> Point | None:
    """The point as it may be sent, or None if it has no field left."""
    measurement = (
        name_text(point.measurement)
        or name_text(default_measurement)
        or name_text(entity_id)
    )
    if measurement.startswith("#"):
        # A server takes the line for a comment and drops it.
        measurement = "\\" + measurement

    tags = {name_text(key): name_text(value) for key, value in point.tags.items()}
    tags = {key: value for key, value in tags.items() if key and value}

    fields: dict[str, float | str] = {}
    for key, value in point.fields.items():
        if isinstance(value, str):
            fields[name_text(key)] = one_line(value)
        elif math.isfinite(value):
            fields[name_text(key)] = value
    fields.pop("", None)
    if not fields:
        return None

    return Point(
        measurement,
        {key: str(value) for key, value in free_of_time(tags).items()},
        free_of_time(fields),
        point.time_ns // time_unit_ns * time_unit_ns,
    )


def escaped(text: str, special: str) -> str:
    """A backslash before each special character."""
    return "".join("\\" + c if c in special else c for c in text)


def field_value(value: float | str) -> str:
    """A float as its shortest text, a string in quotes."""
    if value is True:
        return "true"
    if isinstance(value, str):
        return '"' + escaped(value, '"\\') + '"'
    return repr(value)


def series_key(point: Point) -> str:
    """Measurement and tags, tags sorted by key."""
    tags = "".join(
        f",{escaped(key, ' ,=')}={escaped(value, ' ,=')}"
        for key, value in sorted(point.tags.items())
    )
    return escaped(point.measurement, " ,") + tags


def encode(point: Point) -> bytes:
    """One line of line protocol with its newline; fields sorted by key."""
    fields = ",".join(
        f"{escaped(key, ' ,=')}={field_value(value)}"
        for key, value in sorted(point.fields.items())
    )
    return f"{series_key(point)} {fields} {point.time_ns}\n".encode()
