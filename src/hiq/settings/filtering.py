"""The section `filter`: which entities and attributes are written, and how often.

The form is that of HomeIQ's filter file (`mode`, `patterns`, `exceptions`) with more
keys. A pattern holds if all of its keys do; a key with several texts if one does. It
does not know how the core decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from hiq.settings.block import domain_problem, glob_problem
from hiq.settings.rows import Row
from hiq.settings.values import DURATION, Kind, Problems, choice, fields, got, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.settings.document import Node

__all__ = ["CONDITIONS", "FILTER", "LIMIT", "attribute_glob_problem", "read_filter"]

MOST_RULES = 10_000
"""Each has a counter."""


def _name_problem(text: str) -> str | None:
    """Return what is wrong with an id."""
    if text.strip() == text and text and "|" not in text:
        return None
    return "expected a name, without spaces around it and without |"


def attribute_glob_problem(pattern: str) -> str | None:
    """Return why a pattern can match no attribute, None if it can."""
    if not pattern.strip():
        return "bad glob: expected the name of an attribute, perhaps with *"
    # Names need no dot; apart from that the rules are those of entity ids.
    return glob_problem(f"{pattern}*".replace(" ", "_"))


def _texts(check: Callable[[str], str | None]) -> Kind:
    """Return the kind of one text or several, but at least one."""

    def read(node: Node, key: str, problems: Problems) -> Any:
        items = node.value if isinstance(node.value, list) else [node]
        if not items:
            return say(problems, node, key, "expected a text or a list of texts")
        found = []
        for number, item in enumerate(items):
            path = f"{key}[{number}]" if isinstance(node.value, list) else key
            if item.bad:
                continue
            if not isinstance(item.value, str):
                say(problems, item, path, f"expected a text, got {got(item)}")
            elif wrong := check(item.value):
                say(problems, item, path, f"{wrong}, got {item.value!r}")
            else:
                found.append(item.value)
        return found if len(found) == len(items) else UNSET

    return Kind("text or list of texts", read)


def _above_zero(node: Node, key: str, problems: Problems) -> Any:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return say(problems, node, key, f"expected a number above 0, got {got(node)}")
    if 0 < value <= 1e300:
        return float(value)
    return say(problems, node, key, f"expected a number above 0, got {got(node)}")


def _interval(node: Node, key: str, problems: Problems) -> Any:
    value = DURATION.read(node, key, problems)
    if value is UNSET or 0 < value <= 366 * 86_400:
        return value
    wanted = "expected a duration above 0 and of a year at the most"
    return say(problems, node, key, f"{wanted}, got {got(node)}")


NAMES = _texts(_name_problem)
ATTRIBUTES = _texts(attribute_glob_problem)

CONDITIONS: dict[str, Row] = {
    "entity_id": Row(_texts(glob_problem), "Glob against the whole entity id."),
    "domain": Row(_texts(domain_problem), "Before the dot of the entity id."),
    "device_class": Row(NAMES, "Attribute of the state; of the old one on removal."),
    "area_id": Row(NAMES, "Area of the entity, else of its device."),
    "floor_id": Row(NAMES, "Floor of that area."),
    "label": Row(NAMES, "Id of one of its labels."),
    "integration": Row(NAMES, "Integration that made it, such as `mqtt`."),
    "entity_category": Row(NAMES, "`config` or `diagnostic`."),
    "platform": Row(NAMES, "Platform in the entity registry."),
}
LIMIT: dict[str, Row] = {
    "min_interval": Row(
        Kind("duration", _interval),
        "Shortest time between two numbers that are written.",
    ),
    "min_change": Row(
        Kind("number", _above_zero), "Smallest change of a number that is written."
    ),
}
_CONDITIONS = {name: row.kind for name, row in CONDITIONS.items()}
_LIMIT = {name: row.kind for name, row in LIMIT.items()}


def _rule(node: Node, key: str, problems: Problems) -> Any:
    """Read a pattern; a pattern without keys would match everything."""
    return _pattern(node, key, problems, _CONDITIONS)


def _limit(node: Node, key: str, problems: Problems) -> Any:
    """Read a pattern with a limit."""
    found = _pattern(node, key, problems, {**_CONDITIONS, **_LIMIT})
    written = node.value if isinstance(node.value, dict) else {}
    if written and not LIMIT.keys() & written.keys():
        return say(problems, node, key, f"set {' or '.join(LIMIT)}, or both")
    return found


def _pattern(node: Node, key: str, problems: Problems, kinds: dict[str, Kind]) -> Any:
    """Read a mapping of conditions, of which there must be one."""
    if not isinstance(node.value, dict):
        return say(problems, node, key, f"expected `key: value`, got {got(node)}")
    if not node.value.keys() - LIMIT.keys():
        known = ", ".join(CONDITIONS)
        return say(problems, node, key, f"no condition; set one of {known}")
    return fields(node, key, kinds, problems, null_is_unset=False)


def _list_of(read_item: Callable[[Node, str, Problems], Any]) -> Kind:
    """Return the kind of lists of such items."""

    def read(node: Node, key: str, problems: Problems) -> Any:
        if not isinstance(node.value, list):
            return say(problems, node, key, f"expected a list, got {got(node)}")
        found = [
            read_item(item, f"{key}[{number}]", problems)
            for number, item in enumerate(node.value)
            if not item.bad
        ]
        return [item for item in found if item is not UNSET]

    return Kind("list of patterns", read)


def _domains(node: Node, key: str, problems: Problems) -> Any:
    """Read lists of attributes by domain."""
    if not isinstance(node.value, dict):
        return say(problems, node, key, f"expected `domain: ...`, got {got(node)}")
    found = {}
    for name, item in node.value.items():
        wrong = domain_problem(name)
        if wrong:
            say(problems, item, key, f"{wrong}, got {name!r}")
        found[name] = _lists(item, f"{key}.{name}", problems, _LISTS)
    return found


def _lists(node: Node, key: str, problems: Problems, kinds: dict[str, Kind]) -> Any:
    if node.value is None:
        return say(problems, node, key, "expected `allow` or `deny`, got nothing")
    return fields(node, key, kinds, problems, null_is_unset=False)


_LISTS = {"allow": ATTRIBUTES, "deny": ATTRIBUTES}


def _attributes(node: Node, key: str, problems: Problems) -> Any:
    kinds = {**_LISTS, "domains": Kind("mapping", _domains)}
    return _lists(node, key, problems, kinds)


FILTER: dict[str, Row] = {
    "mode": Row(
        choice("exclude", "include"),
        "What a matching pattern does: `exclude` (default) leaves the entity out, "
        "`include` leaves out all others.",
    ),
    "patterns": Row(
        _list_of(_rule), "Of each, all keys must hold; one that holds is enough."
    ),
    "exceptions": Row(
        _list_of(_rule), "Looked at first: what matches passes, in both modes."
    ),
    "limits": Row(
        _list_of(_limit),
        "Patterns with `min_interval` or `min_change`: numbers that come sooner, or "
        "differ less, are left out and counted as thinned.",
    ),
    "attributes": Row(
        Kind("section", _attributes),
        "`allow` and `deny`: globs of attribute names; `domains`: the same by domain.",
    ),
}


def read_filter(node: Node, problems: Problems) -> dict[str, Any] | None:
    """Return the checked section; None if it is empty."""
    if node.bad or node.value is None:
        return None
    kinds = {name: row.kind for name, row in FILTER.items()}
    found = fields(node, "filter", kinds, problems, null_is_unset=False)
    rules = sum(len(found.get(n, ())) for n in ("patterns", "exceptions", "limits"))
    if rules > MOST_RULES:
        say(problems, node, "filter", f"expected at most {MOST_RULES} rules")
    return found
