"""Schemas `homeiq` and `tidy`, rule by rule: one event to one point or none."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.reference.line import Point, free_of_time, name_text, one_line
from tests.reference.options import Options
from tests.reference.point import ONE, ZERO
from tests.reference.raw import raw_text
from tests.reference.text import number_of

ID = re.compile(r"[a-zA-Z0-9_]+\.[a-zA-Z0-9_]+", re.ASCII)
WORD = re.compile(r"[a-zA-Z0-9_]+", re.ASCII)
OWN_NAMES = ("value", "state", "unit", "removed", "time")
GONE = ("unknown", "unavailable", "")


@dataclass
class Event:
    """What a schema sees of one accepted event; times are in ns."""

    entity_id: str
    fired: int
    new: dict[str, Any] | None
    old: dict[str, Any]
    changed: int | None
    old_changed: int | None
    context: dict[str, Any]
    registry: Mapping[str, str]
    first_id: str

    @property
    def attributes(self) -> dict[str, Any]:
        """Those of the state, of the old one on removal."""
        found = (self.old if self.new is None else self.new).get("attributes")
        return found if isinstance(found, dict) else {}


def texts(pairs: Mapping[str, Any]) -> dict[str, str]:
    """Only what is a text."""
    return {key: value for key, value in pairs.items() if isinstance(value, str)}


def finite(text: str) -> float | None:
    """The number that a text is, if it is finite."""
    number = number_of(text)
    return number if number is not None and math.isfinite(number) else None


def point_of(
    measurement: str, tags: dict[str, str], fields: dict[str, Any], event: Event
) -> Point:
    """Clean names and tags; texts get on one line."""
    name = name_text(measurement) or name_text(event.entity_id)
    tags = {name_text(key): name_text(value) for key, value in tags.items()}
    tags = {key: value for key, value in tags.items() if key and value}
    return Point(
        "\\" + name if name.startswith("#") else name,
        {key: str(value) for key, value in free_of_time(tags).items()},
        {
            key: one_line(value) if isinstance(value, str) else value
            for key, value in fields.items()
        },
        event.fired,
    )


def category(domain: str, kind: str) -> str:
    """The first that the domain or the class names."""
    if domain in {"alarm_control_panel", "lock"} or kind in {
        "door",
        "window",
        "motion",
        "lock",
    }:
        return "security"
    if domain == "climate" or kind in {"temperature", "humidity"}:
        return "climate"
    if domain == "light" or kind == "light":
        return "lighting"
    if domain in {"switch", "fan", "vacuum"} or kind in {"power", "energy"}:
        return "appliance"
    return "monitoring" if domain == "sensor" else "general"


def homeiq(options: Options, event: Event) -> Point | None:
    """The point of `home_assistant_events`, None if the entity id is not a plain one."""
    if not ID.fullmatch(event.entity_id):
        return None
    domain = event.entity_id.split(".")[0]
    attributes = texts(event.attributes)
    kind = attributes.get("device_class", "")
    if not WORD.fullmatch(kind):
        kind = ""
    tags = {
        "entity_id": event.entity_id,
        "domain": domain,
        "event_type": "state_changed",
        "event_category": category(domain, kind),
        "device_class": kind,
        "area": attributes.get("area", ""),
    }
    for key in ("device_id", "area_id", "entity_category"):
        tags[key] = event.registry.get(key, "")
    fields: dict[str, Any] = {}
    raw = (event.old if event.new is None else event.new).get("attributes")
    if isinstance(raw, dict):
        fields["attributes"] = raw_text(raw)
    context = texts(event.context)
    for key in ("id", "parent_id", "user_id"):
        if key in context:
            fields[f"context_{key}"] = context[key]
    end = event.fired if event.new is None else event.changed
    if event.old_changed is not None and end is not None:
        microseconds = max((end - event.old_changed) // 1000, 0)
        fields["duration_in_state_seconds"] = microseconds / 1e6
    for key in ("manufacturer", "model", "sw_version"):
        if event.registry.get(key):
            fields[key] = event.registry[key]
    if isinstance(event.old.get("state"), str):
        fields["previous_state"] = event.old["state"]
    if event.new is None:
        fields["removed"] = True
    else:
        state = event.new["state"]
        fields["state_value"] = state
        number = finite(state)
        if number is not None:
            fields["state_numeric"] = number
    return point_of("home_assistant_events", tags, fields, event)


def is_asked_for(tidy: Mapping[str, Any], domain: str, name: str) -> bool:
    """Whether the allow-list of the domain, or that of all, has the name."""
    allowed = tidy.get("attributes") or {}
    if not isinstance(allowed, dict):
        allowed = {"*": allowed}
    globs = []
    for key in ("*", domain):
        found = allowed.get(key, [])
        globs += [found] if isinstance(found, str) else found
    return any(fnmatchcase(name, glob) for glob in globs)


def cut(text: str, most: int) -> str:
    """At most so many bytes of UTF-8."""
    return text.encode()[:most].decode(errors="ignore")


def attribute_fields(
    tidy: Mapping[str, Any], domain: str, attributes: dict[str, Any]
) -> dict[str, Any]:
    """Those that are asked for: floats under their name, all else under `_text`."""
    fields: dict[str, Any] = {}
    for key, value in attributes.items():
        name = name_text(key)
        if not name or not is_asked_for(tidy, domain, key):
            continue
        if isinstance(value, (int, float)):
            if name in OWN_NAMES or name.endswith("_text"):
                name += "_"
            fields[name] = float(value)
        else:
            text = value if isinstance(value, str) else raw_text(value)
            fields[name + "_text"] = cut(
                one_line(text), tidy.get("max_text_bytes", 4096)
            )
    return fields


def tidy(options: Options, event: Event) -> Point | None:
    """The point in the domain's measurement; None where `skip` says so."""
    given = options.tidy
    domain = event.entity_id.split(".")[0]
    attributes = texts(event.attributes)
    known = {
        **event.registry,
        "device_class": attributes.get("device_class", ""),
        "unit": attributes.get("unit_of_measurement", ""),
    }
    switches = {"device_class": True, "area": True, **(given.get("tags") or {})}
    follows = given.get("follow") == "old_id"
    tags = {
        "entity_id": (follows and event.first_id) or event.entity_id,
        **{name: known.get(name, "") for name, on in switches.items() if on},
        **options.tags,
    }
    fields: dict[str, Any] = {}
    if event.new is None:
        return point_of(domain, tags, {"removed": True}, event)
    state = event.new["state"]
    if state in GONE:
        if given.get("unavailable", "write") == "skip":
            return None
        return point_of(domain, tags, {"state": state}, event)
    fields = attribute_fields(given, domain, event.attributes)
    if known["unit"] and not switches.get("unit"):
        fields["unit"] = known["unit"]
    number = finite(state)
    if number is None or given.get("numeric_state_text"):
        fields["state"] = state
    if number is not None:
        fields["value"] = number
    elif state in ONE + ZERO:
        fields["value"] = float(state in ONE)
    return point_of(domain, tags, fields, event)
