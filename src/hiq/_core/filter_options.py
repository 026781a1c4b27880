"""The `filter` option of a pipeline, checked and brought into one form.

Rules by entity id, class and what the registry knows, lists of attributes, and
limits to what is written of an entity. Pure: it makes plain values of a mapping and
knows nothing of the tables that the compiled modules build from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from math import isfinite
from typing import Any

__all__ = ["TAGS", "AttributeLists", "FilterRules", "Key", "Limit", "Rule"]

MODES = ("exclude", "include")
MOST_RULES = 10_000
"""Of patterns, exceptions and limits together: each has a counter."""
NANOSECONDS = 1_000_000_000
LONGEST_S = 366 * 86_400.0


class Key(IntEnum):
    """What a condition looks at; the values are those of `rules.pxd`."""

    ENTITY_ID = 0
    DOMAIN = 1
    DEVICE_CLASS = 2
    AREA_ID = 3
    FLOOR_ID = 4
    LABEL = 5
    INTEGRATION = 6
    ENTITY_CATEGORY = 7
    PLATFORM = 8


KEYS = {key.name.lower(): key for key in Key}
TAGS = (
    *("area_id", "floor_id", "label_ids"),
    *("integration", "entity_category", "platform"),
)
"""The registry's tags behind the keys from `AREA_ID` on, in their order."""


def refuse(key: str, wanted: str, value: object) -> ValueError:
    """Return the error for a value."""
    return ValueError(f"{key}: expected {wanted}, got {value!r}")


def texts(key: str, value: object) -> tuple[str, ...]:
    """Return a list of texts that are not empty; a single one is a list of one."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not items:
        raise refuse(key, "a text or a list of texts", value)
    for item in items:
        if not isinstance(item, str) or not item:
            raise refuse(key, "a text", item)
    return tuple(items)


def mapping(key: str, value: object, known: tuple[str, ...]) -> Mapping[str, Any]:
    """Return a mapping with known keys only; null is the empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise refuse(key, "a mapping", value)
    for name in value:
        if name not in known:
            raise ValueError(f"{key}: unknown key {name!r}")
    return value


def items(key: str, value: object) -> list[tuple[str, Any]]:
    """Return the items of a list, each with its place; null is the empty list."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise refuse(key, "a list", value)
    return [(f"{key}[{number}]", item) for number, item in enumerate(value)]


def above_zero(key: str, value: object, most: float) -> float:
    """Return a number above zero; null is none, 0."""
    if value is None:
        return 0.0
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not isfinite(value)
        or not 0 < value <= most
    ):
        raise refuse(key, f"a number above 0 and at most {most:g}", value)
    return float(value)


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions that must all hold: for each key one of the texts."""

    conditions: tuple[tuple[Key, tuple[str, ...]], ...]

    @classmethod
    def read(cls, key: str, value: object, also: tuple[str, ...] = ()) -> "Rule":
        """Read one pattern; other keys that it may have are left to the caller."""
        given = mapping(key, value, (*KEYS, *also))
        found = tuple(
            (KEYS[name], texts(f"{key}.{name}", given[name]))
            for name in KEYS
            if name in given
        )
        if not found:
            raise ValueError(f"{key}: no condition; set one of {', '.join(KEYS)}")
        return cls(found)


@dataclass(frozen=True, slots=True)
class Limit:
    """How often, or by which steps, a number is written; 0 is no such limit."""

    rule: Rule
    interval_ns: int
    change: float

    @classmethod
    def read(cls, key: str, value: object) -> "Limit":
        """Read one limit: a pattern with `min_interval` (seconds) and `min_change`."""
        rule = Rule.read(key, value, ("min_interval", "min_change"))
        assert isinstance(value, Mapping)
        interval, change = value.get("min_interval"), value.get("min_change")
        if interval is None and change is None:
            raise ValueError(f"{key}: set min_interval, min_change or both")
        interval_s = above_zero(f"{key}.min_interval", interval, LONGEST_S)
        return cls(
            rule,
            round(interval_s * NANOSECONDS),
            above_zero(f"{key}.min_change", change, 1e300),
        )


@dataclass(frozen=True, slots=True)
class AttributeLists:
    """Globs of attribute names: only those allowed, if any, and none denied."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    @classmethod
    def read(
        cls, key: str, value: object, also: tuple[str, ...] = ()
    ) -> "AttributeLists":
        """Read `allow` and `deny`."""
        given = mapping(key, value, ("allow", "deny", *also))
        allow, deny = given.get("allow"), given.get("deny")
        return cls(
            () if allow is None else texts(f"{key}.allow", allow),
            () if deny is None else texts(f"{key}.deny", deny),
        )


@dataclass(frozen=True, slots=True)
class FilterRules:
    """Everything below `filter`. Raises ValueError with the key in its text.

    The rule that decides is the first of the exceptions that matches, else the first
    of the patterns; without one, mode `exclude` accepts and mode `include` refuses.
    """

    is_set: bool = False
    is_include: bool = False
    exceptions: tuple[Rule, ...] = ()
    patterns: tuple[Rule, ...] = ()
    limits: tuple[Limit, ...] = ()
    attributes: AttributeLists = field(default_factory=AttributeLists)
    of_domain: Mapping[str, AttributeLists] = field(default_factory=dict)

    @classmethod
    def read(cls, value: object) -> "FilterRules":
        """Read the option; None is no filter."""
        if value is None:
            return cls()
        given = mapping(
            "filter", value, ("mode", "patterns", "exceptions", "limits", "attributes")
        )
        mode = given.get("mode", "exclude")
        if mode not in MODES:
            raise refuse("filter.mode", "exclude or include", mode)
        exceptions, patterns = (
            tuple(Rule.read(*item) for item in items(f"filter.{name}", given.get(name)))
            for name in ("exceptions", "patterns")
        )
        limits = items("filter.limits", given.get("limits"))
        if len(exceptions) + len(patterns) + len(limits) > MOST_RULES:
            raise ValueError(f"filter: expected at most {MOST_RULES} rules")
        attributes = given.get("attributes")
        lists = AttributeLists.read("filter.attributes", attributes, ("domains",))
        domains = (attributes or {}).get("domains")
        if not isinstance(domains, Mapping | None):
            raise refuse("filter.attributes.domains", "a mapping", domains)
        return cls(
            True,
            mode == "include",
            exceptions,
            patterns,
            tuple(Limit.read(*item) for item in limits),
            lists,
            {
                name: AttributeLists.read(f"filter.attributes.domains.{name}", entry)
                for name, entry in (domains or {}).items()
            },
        )
