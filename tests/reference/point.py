"""One state to one point, schema `ha`, before cleaning: what Home Assistant builds.

Source: homeassistant/components/influxdb, as of 2026.11. The result may still hold
line breaks, non-finite numbers and forbidden names; `line.cleaned` removes them.
"""

from __future__ import annotations

import math
from typing import Any

from tests.reference.line import Point
from tests.reference.options import Options
from tests.reference.text import digit_tail, number_of, restored_text, text_of

ONE = ("on", "open", "home", "above_horizon", "locked")
ZERO = ("off", "closed", "not_home", "below_horizon", "unlocked")


def state_fields(state: str) -> dict[str, float | str]:
    """State -> `value`, `state`: a number, a known word, or anything else."""
    number = number_of(state)
    if number is not None:
        return {"value": number}
    if state in ONE:
        return {"state": state, "value": 1.0}
    if state in ZERO:
        return {"state": state, "value": 0.0}
    return {"state": state}


def measurement_of(
    options: Options, entity_id: str, override: str, attributes: dict[str, Any]
) -> tuple[str, str | None]:
    """Measurement, and the attribute that was consumed for it (or None)."""
    if override:
        return override, None
    if options.override_measurement:
        return options.override_measurement, None
    if options.measurement_attr == "entity_id":
        return entity_id, None
    if options.measurement_attr == "domain__device_class":
        domain = entity_id.split(".", 1)[0]
        device_class = attributes.get("device_class")
        if device_class is None:
            return domain, None
        return f"{domain}__{text_of(device_class)}", "device_class"
    unit = attributes.get("unit_of_measurement")
    if unit is not None and unit != "":
        return text_of(unit), "unit_of_measurement"
    return options.default_measurement or entity_id, None


def build(
    options: Options,
    entity_id: str,
    state: str,
    attributes: dict[str, Any],
    time_ns: int,
    platform: str | None = None,
) -> Point:
    """Build the point of one state.

    Attributes are taken in the order of the JSON text, which decides collisions.
    """
    domain, object_id = entity_id.split(".", 1)
    settings = options.entity_settings(entity_id)
    measurement, consumed = measurement_of(
        options, entity_id, settings["override_measurement"], attributes
    )
    tags: dict[str, str] = {"domain": domain, "entity_id": object_id}
    fields = state_fields(state)

    for name, value in attributes.items():
        key = name
        if value is None and options.skip_null_attributes:
            continue
        if options.restore_python_text:
            text = restored_text(domain, name, value, attributes, platform)
        else:
            text = text_of(value)
        # A tag attribute wins over ignored ones; a null tag is never sent.
        if name in options.tags_attributes:
            tags[name] = "" if value is None else text
            continue
        if name == consumed or name in settings["ignore_attributes"]:
            continue
        if not options.rules.keeps(entity_id.split(".", 1)[0], name):
            continue
        # Name collision: one underscore, once.
        if key in fields:
            key += "_"
        number = number_of(value)
        if number is not None:
            fields[key] = number
        else:
            fields[key + "_str"] = text
            tail = digit_tail(text_of(value))
            if tail is not None:
                fields[key] = tail
        # A number that is not finite goes at once, its `_str` stays.
        held = fields.get(key)
        if isinstance(held, float) and not math.isfinite(held):
            del fields[key]

    tags.update(options.tags)  # static tags come last
    return Point(measurement, tags, fields, time_ns)
