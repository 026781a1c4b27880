"""The options of a pipeline, checked and brought into one form.

Keys are those of Home Assistant's `influxdb:` block (its connection keys are
ignored) and a few of hiq. Pure: it makes plain values out of a mapping and knows
nothing of the tables that the compiled modules build from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hiq._core.filter_options import FilterRules
from hiq._core.schema_options import TidyOptions

__all__ = ["Component", "FilterLists", "Options", "Plan"]

SCHEMAS = ("ha", "homeiq", "tidy")
MEASUREMENT_ATTRIBUTES = ("unit_of_measurement", "domain__device_class", "entity_id")
UNIT_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
HIGH_WATER = 8 * 1024 * 1024
MAX_HIGH_WATER = 1 << 40
MAX_ENTITIES = 1_000_000
MAX_REMEMBERED_BYTES = 64 * 1024 * 1024


def strings(key: str, value: object) -> tuple[str, ...]:
    """Return a list of strings; null is none, a single string is a list of one."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple | set | frozenset):
        raise ValueError(f"{key}: expected a list of strings, got {value!r}")
    for item in value:
        if not isinstance(item, str):
            raise ValueError(f"{key}: expected a string, got {item!r}")
    return tuple(value)


def text(key: str, value: object) -> str:
    """Return a string; null is the empty one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{key}: expected a string, got {value!r}")
    return value


def flag(key: str, value: object) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise ValueError(f"{key}: expected true or false, got {value!r}")
    return value


def whole(key: str, value: object, highest: int) -> int:
    """Return an integer from 1 on."""
    if type(value) is not int or not 0 < value <= highest:
        raise ValueError(f"{key}: expected 1 to {highest}, got {value!r}")
    return value


def mapping(key: str, value: object) -> Mapping[str, Any]:
    """Return a mapping; null is the empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"{key}: expected a mapping, got {value!r}")
    for name in value:
        if not isinstance(name, str):
            raise ValueError(f"{key}: expected a string as key, got {name!r}")
    return value


def choice(key: str, value: object, allowed: tuple[str, ...], default: str) -> str:
    """Return one of the allowed strings; null and the empty string are the default."""
    if value is None or value == "":
        return default
    if value not in allowed:
        raise ValueError(f"{key}: expected one of {', '.join(allowed)}, got {value!r}")
    return str(value)


@dataclass(frozen=True, slots=True)
class FilterLists:
    """One side of the entity filter; false if nothing is listed."""

    entities: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entities or self.domains or self.globs)

    @classmethod
    def read(cls, key: str, value: object) -> "FilterLists":
        """Read `include` or `exclude`."""
        side = mapping(key, value)
        for name in side:
            if name not in ("entities", "domains", "entity_globs"):
                raise ValueError(f"{key}: unknown key {name!r}")
        return cls(
            tuple(
                item.lower()
                for item in strings(f"{key}.entities", side.get("entities"))
            ),
            strings(f"{key}.domains", side.get("domains")),
            strings(f"{key}.entity_globs", side.get("entity_globs")),
        )


@dataclass(frozen=True, slots=True)
class Component:
    """Settings of a domain, glob or entity; None is a key that is not written."""

    override_measurement: str | None = None
    ignore_attributes: tuple[str, ...] | None = None

    @classmethod
    def read(cls, key: str, value: object) -> "Component":
        """Read one entry of a `component_config` table."""
        entry = mapping(key, value)
        override = ignored = None
        for name, item in entry.items():
            if name == "override_measurement":
                override = text(f"{key}.{name}", item)
            elif name == "ignore_attributes":
                ignored = strings(f"{key}.{name}", item)
            else:
                raise ValueError(f"{key}: unknown key {name!r}")
        return cls(override, ignored)


def components(key: str, value: object) -> dict[str, Component]:
    """Read a `component_config` table, in its order."""
    return {
        name: Component.read(f"{key}.{name}", entry)
        for name, entry in mapping(key, value).items()
    }


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that shapes points. Raises ValueError with the key in its text."""

    schemas: tuple[str, ...] = ("ha",)
    default_measurement: str = ""
    override_measurement: str = ""
    measurement_attr: str = "unit_of_measurement"
    tags: Mapping[str, str] = field(default_factory=dict)
    tags_attributes: tuple[str, ...] = ()
    ignore_attributes: tuple[str, ...] = ()
    by_domain: Mapping[str, Component] = field(default_factory=dict)
    by_glob: Mapping[str, Component] = field(default_factory=dict)
    by_entity: Mapping[str, Component] = field(default_factory=dict)
    included: FilterLists = field(default_factory=FilterLists)
    excluded: FilterLists = field(default_factory=FilterLists)
    filter: FilterRules = field(default_factory=FilterRules)
    tidy: TidyOptions = field(default_factory=TidyOptions)
    time_unit_ns: int = 1
    restore_python_text: bool = True
    skip_null_attributes: bool = False
    high_water: int = HIGH_WATER
    max_entities: int = MAX_ENTITIES
    """Entities that are remembered; others are encoded each time from scratch."""
    max_remembered_bytes: int = MAX_REMEMBERED_BYTES
    """Memory for the last states of entities; those not used lately are forgotten."""

    @classmethod
    def read(cls, given: object) -> "Options":
        """Read a mapping of options; None is all defaults, other keys are ignored."""
        options = mapping("options", given)
        schemas = strings("schema", options.get("schema", "ha"))
        if not schemas or len(set(schemas)) != len(schemas):
            raise ValueError(f"schema: expected different names, got {schemas!r}")
        for name in schemas:
            choice("schema", name, SCHEMAS, "")
        unit = choice("precision", options.get("precision"), tuple(UNIT_NS), "ns")
        return cls(
            schemas=schemas,
            default_measurement=text(
                "default_measurement", options.get("default_measurement")
            ),
            override_measurement=text(
                "override_measurement", options.get("override_measurement")
            ),
            measurement_attr=choice(
                "measurement_attr",
                options.get("measurement_attr"),
                MEASUREMENT_ATTRIBUTES,
                MEASUREMENT_ATTRIBUTES[0],
            ),
            tags={
                name: str(value)
                for name, value in mapping("tags", options.get("tags")).items()
            },
            tags_attributes=strings("tags_attributes", options.get("tags_attributes")),
            ignore_attributes=strings(
                "ignore_attributes", options.get("ignore_attributes")
            ),
            by_domain=components(
                "component_config_domain", options.get("component_config_domain")
            ),
            by_glob=components(
                "component_config_glob", options.get("component_config_glob")
            ),
            by_entity={
                name.lower(): entry
                for name, entry in components(
                    "component_config", options.get("component_config")
                ).items()
            },
            included=FilterLists.read("include", options.get("include")),
            excluded=FilterLists.read("exclude", options.get("exclude")),
            filter=FilterRules.read(options.get("filter")),
            tidy=TidyOptions.read(options.get("tidy")),
            time_unit_ns=UNIT_NS[unit],
            restore_python_text=flag(
                "restore_python_text", options.get("restore_python_text", True)
            ),
            skip_null_attributes=flag(
                "skip_null_attributes", options.get("skip_null_attributes", False)
            ),
            high_water=whole(
                "high_water", options.get("high_water", HIGH_WATER), MAX_HIGH_WATER
            ),
            max_entities=whole(
                "max_entities", options.get("max_entities", MAX_ENTITIES), MAX_ENTITIES
            ),
            max_remembered_bytes=whole(
                "max_remembered_bytes",
                options.get("max_remembered_bytes", MAX_REMEMBERED_BYTES),
                MAX_HIGH_WATER,
            ),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """The component tables as numbers: entries point to overrides and ignored sets.

    `entries` stand in the order of `domains`, `globs` and `entities`; -1 is a key
    that is not written. Override 0 is none, set 0 is the global one, and each
    further set is already united with the global one.
    """

    domains: tuple[str, ...]
    globs: tuple[str, ...]
    entities: tuple[str, ...]
    entries: tuple[tuple[int, int], ...]
    overrides: tuple[str, ...]
    ignored: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, options: Options) -> "Plan":
        """Number the component tables of the options."""
        overrides = {"": 0}
        ignored = {tuple(options.ignore_attributes): 0}
        entries = []
        tables = (options.by_domain, options.by_glob, options.by_entity)
        for entry in (entry for table in tables for entry in table.values()):
            number = group = -1
            if entry.override_measurement is not None:
                number = overrides.setdefault(
                    entry.override_measurement, len(overrides)
                )
            if entry.ignore_attributes is not None:
                names = (*options.ignore_attributes, *entry.ignore_attributes)
                group = ignored.setdefault(names, len(ignored))
            entries.append((number, group))
        return cls(
            tuple(options.by_domain),
            tuple(options.by_glob),
            tuple(options.by_entity),
            tuple(entries),
            tuple(overrides),
            tuple(ignored),
        )
