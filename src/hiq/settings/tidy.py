"""The section `tidy`: what shapes the points of the schema of that name.

What is read here is what `hiq.Pipeline` takes under `tidy`; every value that passes is
good for it. It does not know how the core makes points, nor which sink wants them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET

from hiq.settings.block import domain_problem
from hiq.settings.filtering import attribute_glob_problem
from hiq.settings.rows import Row
from hiq.settings.units import show_size
from hiq.settings.values import (
    BOOLEAN,
    SIZE,
    Kind,
    Problems,
    choice,
    fields,
    got,
    say,
    texts,
)

if TYPE_CHECKING:
    from hiq.settings.document import Node

__all__ = ["TAGS", "TIDY", "read_tidy"]

TAGS: Final = (
    *("device_class", "area", "unit", "floor"),
    *("device", "labels", "platform", "rid"),
)
ALL_DOMAINS: Final = "*"
HIGHEST_TEXT_BYTES: Final = 1 << 20

GLOBS: Final = texts(attribute_glob_problem)


def _tags(node: Node, key: str, problems: Problems) -> Any:
    """Read a switch for each tag."""
    return fields(node, key, dict.fromkeys(TAGS, BOOLEAN), problems)


def _attributes(node: Node, key: str, problems: Problems) -> Any:
    """Read globs for every domain, or by domain."""
    if not isinstance(node.value, dict):
        found = GLOBS.read(node, key, problems)
        return found if found is UNSET else {ALL_DOMAINS: found}
    by_domain = {}
    for name, item in node.value.items():
        wrong = None if name == ALL_DOMAINS else domain_problem(name)
        if wrong:
            say(problems, item, key, f"{wrong}, or {ALL_DOMAINS}, got {name!r}")
        globs = GLOBS.read(item, f"{key}.{name}", problems)
        if globs is not UNSET:
            by_domain[name] = globs
    return by_domain


def _text_size(node: Node, key: str, problems: Problems) -> Any:
    value = SIZE.read(node, key, problems)
    if value is UNSET or 1 <= value <= HIGHEST_TEXT_BYTES:
        return value
    wanted = f"expected a size from 1 byte to {show_size(HIGHEST_TEXT_BYTES)}"
    return say(problems, node, key, f"{wanted}, got {got(node)}")


TIDY: dict[str, Row] = {
    "tags": Row(
        Kind("mapping", _tags),
        f"Switches for {', '.join(f'`{name}`' for name in TAGS)}; `device_class` and "
        "`area` are on unless switched off.",
    ),
    "follow": Row(
        choice("none", "old_id"),
        "`old_id`: a renamed entity keeps the first entity id that is known for it; "
        "`none` (default): it goes on under the new one.",
    ),
    "attributes": Row(
        Kind("globs, or globs by domain", _attributes),
        "Globs of the attributes that are written, for every domain or by domain "
        "(`*` is every domain); none by default.",
    ),
    "max_text_bytes": Row(
        Kind("size", _text_size),
        "Longest text of an attribute, 4 KiB by default; a longer one is cut.",
    ),
    "unavailable": Row(
        choice("write", "skip"),
        "What becomes of `unknown`, `unavailable` and the empty state: `write` "
        "(default) makes a point with `state` alone.",
    ),
    "numeric_state_text": Row(
        BOOLEAN, "Whether a state that is a number is also the text `state`."
    ),
}


def read_tidy(node: Node, problems: Problems) -> dict[str, Any] | None:
    """Return the checked section; None if it is empty."""
    if node.bad or node.value is None:
        return None
    kinds = {name: row.kind for name, row in TIDY.items()}
    return fields(node, "tidy", kinds, problems)
