"""The section `snapshot`: the last values as points, every so often, of which entities.

Which entities is said in the form of the section `filter`. It does not know how the
points are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET

from hiq.settings.filtering import FILTER
from hiq.settings.rows import Row
from hiq.settings.values import DURATION, Kind, Problems, got, say

if TYPE_CHECKING:
    from hiq.settings.document import Node

__all__ = ["SNAPSHOT"]

SHORTEST_S: Final = 10.0
LONGEST_S: Final = 86_400.0


def _every(node: Node, key: str, problems: Problems) -> Any:
    value = DURATION.read(node, key, problems)
    if value is UNSET or value == 0 or SHORTEST_S <= value <= LONGEST_S:
        return value
    wanted = "expected 0s, or a duration from 10s to 1d"
    return say(problems, node, key, f"{wanted}, got {got(node)}")


def _patterns(name: str) -> Kind:
    """Return the kind of a list of patterns of the filter."""
    kind = FILTER[name].kind

    def read(node: Node, key: str, problems: Problems) -> Any:
        found = kind.read(node, key, problems)
        return found if found is UNSET else tuple(found)

    return Kind(kind.name, read)


SNAPSHOT: dict[str, Row] = {
    "every": Row(
        Kind("duration", _every),
        "How often the last value of each entity is written as a point with the field "
        "`hiq_snapshot=1`, changed or not; `0s`: never.",
    ),
    "mode": Row(
        FILTER["mode"].kind,
        "What a matching pattern does: `exclude` leaves the entity out of snapshots, "
        "`include` leaves out all others.",
    ),
    "patterns": Row(
        _patterns("patterns"), "As in `filter`, whose keys they have; none: all."
    ),
    "exceptions": Row(
        _patterns("exceptions"), "Looked at first: what matches is in snapshots."
    ),
}
