"""The `filter` option spelled out: rules, lists of attributes, limits.

Keys of a pattern are joined by AND, texts of a key by OR. Exceptions come first, then
patterns; then the mode decides. Everything is decided anew for each event.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

REGISTRY = {
    "area_id": "area_id",
    "floor_id": "floor_id",
    "integration": "integration",
    "entity_category": "entity_category",
    "platform": "platform",
}
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def as_list(value: Any) -> list[str]:
    """A single text is a list of one."""
    return [value] if isinstance(value, str) else list(value)


def holds(key: str, wanted: list[str], facts: Mapping[str, str]) -> bool:
    """Whether one condition is met by what is known of an entity."""
    if key == "entity_id":
        return any(fnmatchcase(facts["entity_id"], glob) for glob in wanted)
    if key == "label":
        labels = facts.get("label_ids", "")
        return bool(labels) and any(label in wanted for label in labels.split("|"))
    fact = facts.get(key, "")
    return bool(fact) and fact in wanted


def matches(pattern: Mapping[str, Any], facts: Mapping[str, str]) -> bool:
    """Whether all conditions of a pattern are met."""
    return all(
        holds(key, as_list(wanted), facts)
        for key, wanted in pattern.items()
        if key not in {"min_interval", "min_change"}
    )


class RuleFilter:
    """Says of each event whether it passes, by which rule, and what is left out."""

    def __init__(self, given: Mapping[str, Any] | None) -> None:
        given = given or {}
        self.mode = given.get("mode", "exclude")
        self.exceptions = list(given.get("exceptions") or ())
        self.patterns = list(given.get("patterns") or ())
        self.limits = list(given.get("limits") or ())
        self.attributes = dict(given.get("attributes") or {})
        self._limit: dict[str, int] = {}
        self._written: dict[str, tuple[int, float]] = {}

    def decide(self, facts: Mapping[str, str]) -> tuple[bool, str]:
        """Return whether an event passes, and the rule that decides."""
        for number, pattern in enumerate(self.exceptions):
            if matches(pattern, facts):
                return True, f"exceptions[{number}]"
        for number, pattern in enumerate(self.patterns):
            if matches(pattern, facts):
                return self.mode == "include", f"patterns[{number}]"
        return self.mode == "exclude", ""

    def keeps(self, domain: str, name: str) -> bool:
        """Whether an attribute passes the lists of all and those of its domain."""
        domains = self.attributes.get("domains") or {}
        for lists in (self.attributes, domains.get(domain) or {}):
            allow, deny = lists.get("allow"), lists.get("deny")
            if deny and any(fnmatchcase(name, glob) for glob in as_list(deny)):
                return False
            if allow and not any(fnmatchcase(name, glob) for glob in as_list(allow)):
                return False
        return True

    def observe(self, facts: Mapping[str, str]) -> None:
        """Forget what was written under another limit."""
        found = next(
            (n for n, one in enumerate(self.limits) if matches(one, facts)), -1
        )
        if self._limit.get(facts["entity_id"], -1) != found:
            self._limit[facts["entity_id"]] = found
            self._written.pop(facts["entity_id"], None)

    def thins(self, facts: Mapping[str, str], state: str, stamp: int) -> bool:
        """Whether a state is left out: too soon and too little has changed."""
        limit = next((one for one in self.limits if matches(one, facts)), None)
        before = self._written.get(facts["entity_id"])
        if limit is None or before is None or not NUMBER.fullmatch(state):
            return False
        interval, change = limit.get("min_interval"), limit.get("min_change")
        soon = 0 <= stamp - before[0] < round((interval or 0) * 1e9)
        small = change is not None and abs(float(state) - before[1]) < change
        return (soon or interval is None) and (small or change is None)

    def written(self, entity_id: str, state: str, stamp: int) -> None:
        """Take note of a state that is written, or gives no point."""
        self._written.pop(entity_id, None)
        if NUMBER.fullmatch(state):
            self._written[entity_id] = stamp, float(state)
