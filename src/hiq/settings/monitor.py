"""The table of the settings of the monitor, and the kind of value that only it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from hiq.settings.rows import Row
from hiq.settings.values import BOOLEAN, DURATION, Kind, got, integer, say

if TYPE_CHECKING:
    from hiq.settings.document import Node
    from hiq.settings.values import Problems

__all__ = ["MONITOR", "SILENCES"]


def _silences(node: Node, key: str, problems: Problems) -> Any:
    """Return entity -> seconds."""
    if not isinstance(node.value, dict):
        wanted = "expected lines such as `sensor.boiler: 10m`"
        return say(problems, node, key, f"{wanted}, got {got(node)}")
    found = {}
    for name, item in node.value.items():
        path = f"{key}.{name}"
        domain, _, rest = str(name).partition(".")
        if not domain or not rest:
            say(problems, item, path, f"expected an entity id, got {name!r}")
            continue
        value = UNSET if item.bad else DURATION.read(item, path, problems)
        if value is not UNSET:
            found[str(name)] = value
    return found


SILENCES = Kind("entity: duration", _silences)
LEAST_S = 0.05


def _least(node: Node, key: str, problems: Problems) -> Any:
    """Return a duration that is not zero: something is done that often."""
    value = DURATION.read(node, key, problems)
    if value is UNSET or value >= LEAST_S:
        return value
    return say(problems, node, key, f"expected at least 50ms, got {got(node)}")


MONITOR: dict[str, Row] = {
    "enabled": Row(BOOLEAN, "Whether anything is watched."),
    "interval": Row(Kind("duration", _least), "Time between two looks."),
    "ha_silent": Row(
        Kind("duration", _least),
        "Shortest silence of Home Assistant that is an alert; a home that is slower by "
        "habit may be silent for longer.",
    ),
    "entity_silent": Row(
        DURATION,
        "Shortest silence of an entity that is an alert, if it is also too long for "
        "its own rhythm; `0s`: none is.",
    ),
    "learn": Row(DURATION, "How long an entity is known before its silence counts."),
    "entities": Row(
        integer(1, 100_000), "How many entities, the busiest, are followed."
    ),
    "expect": Row(
        SILENCES,
        "Entities that must not be silent for longer than this, whatever their rhythm.",
    ),
    "read_back": Row(
        DURATION,
        "How often some points are looked for in each database; `0s`: never.",
    ),
    "compare": Row(
        DURATION,
        "How often Home Assistant is asked for all states, which are held against the "
        "events that came; `0s`: never.",
    ),
    "latency_warning": Row(
        Kind("duration", _least),
        "95 of 100 events must reach journal and databases in this time, beside what "
        "`commit` and `linger` add.",
    ),
    "latency_critical": Row(
        Kind("duration", _least), "The same; from here on the alert is critical."
    ),
    "history": Row(
        integer(1, 10_000), "How many alerts are kept, those that are over included."
    ),
}
