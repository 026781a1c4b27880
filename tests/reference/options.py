"""What the keys of Home Assistant's `influxdb:` block mean for one entity.

Source: homeassistant/components/influxdb and helpers/entity_values.py. Connection
keys are ignored here; a single string is taken where a list is expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.reference.filter import EntityFilter, Lists
from tests.reference.rules import RuleFilter

KNOWN_SCHEMAS = ("ha", "homeiq", "tidy")
MEASUREMENT_ATTRIBUTES = ("unit_of_measurement", "domain__device_class", "entity_id")
NANOSECONDS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


def as_list(value: Any) -> list[str]:
    """Null is no entry, a single string is a list of one."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(item) for item in value]


def lists(side: Mapping[str, Any] | None) -> Lists:
    """Read one side of the filter."""
    side = side or {}
    return Lists(
        as_list(side.get("entities")),
        as_list(side.get("domains")),
        as_list(side.get("entity_globs")),
    )


class Options:
    """The options of one pipeline, checked and with their defaults."""

    def __init__(self, given: Mapping[str, Any] | None) -> None:
        given = dict(given or {})
        self.schemas = as_list(given.get("schema", "ha"))
        for schema in self.schemas:
            if schema not in KNOWN_SCHEMAS:
                raise ValueError(f"schema: unknown name {schema!r}")
        self.measurement_attr = given.get("measurement_attr") or "unit_of_measurement"
        if self.measurement_attr not in MEASUREMENT_ATTRIBUTES:
            raise ValueError(f"measurement_attr: {self.measurement_attr!r}")
        precision = given.get("precision") or "ns"
        if precision not in NANOSECONDS:
            raise ValueError(f"precision: {precision!r}")
        self.time_unit_ns = NANOSECONDS[precision]
        self.default_measurement = given.get("default_measurement") or ""
        self.override_measurement = given.get("override_measurement") or ""
        self.tags = {
            str(key): str(value) for key, value in (given.get("tags") or {}).items()
        }
        self.tags_attributes = as_list(given.get("tags_attributes"))
        self.ignore_attributes = as_list(given.get("ignore_attributes"))
        self.by_domain = given.get("component_config_domain") or {}
        self.by_glob = given.get("component_config_glob") or {}
        self.by_entity = {
            entity.lower(): entry
            for entity, entry in (given.get("component_config") or {}).items()
        }
        self.filter = EntityFilter(
            lists(given.get("include")), lists(given.get("exclude"))
        )
        self.tidy = given.get("tidy") or {}
        self.rules = RuleFilter(given.get("filter"))
        self.restore_python_text = given.get("restore_python_text", True)
        self.skip_null_attributes = given.get("skip_null_attributes", False)
        self.high_water = given.get("high_water", 8 * 1024 * 1024)

    def entity_settings(self, entity_id: str) -> dict[str, Any]:
        """Settings of the entity: domain, then every glob in order, then exact.

        The overlay is key by key and replaces: an exact `ignore_attributes` hides the
        domain's list. The global list is united with the result.
        """
        settings: dict[str, Any] = {}
        settings.update(self.by_domain.get(entity_id.split(".", 1)[0]) or {})
        for glob, entry in self.by_glob.items():
            if fnmatchcase(entity_id, glob):
                settings.update(entry or {})
        settings.update(self.by_entity.get(entity_id) or {})
        return {
            "override_measurement": settings.get("override_measurement") or "",
            "ignore_attributes": {
                *as_list(settings.get("ignore_attributes")),
                *self.ignore_attributes,
            },
        }
