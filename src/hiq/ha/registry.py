"""What the registries of Home Assistant mean for the tags of points, as plain data.

Today one thing: on platform `mqtt` lights and climates pass the strings of their own
configuration through, so values that elsewhere are enums are not there. It knows
neither the connection nor the pipeline: the caller carries the updates over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from hiq.ha.messages import EntityEntry

__all__ = ["platform_updates"]

DOMAINS: Final = frozenset({"climate", "light"})
PLATFORM: Final = "mqtt"


def platform_updates(
    entries: Iterable[EntityEntry], known: Collection[str]
) -> list[tuple[str, dict[str, str] | None]]:
    """Compare a complete entity registry with what was told before.

    Args:
        entries: all entries of the entity registry.
        known: entity ids that were given the platform before.

    Returns:
        (entity id, tags) for each that is new, (entity id, None) for each that is
        no longer on the platform; sorted by entity id.
    """
    now = {
        entry.entity_id
        for entry in entries
        if entry.platform == PLATFORM and entry.domain in DOMAINS
    }
    before = set(known)
    updates: list[tuple[str, dict[str, str] | None]] = [
        (entity_id, {"platform": PLATFORM}) for entity_id in now - before
    ]
    updates += [(entity_id, None) for entity_id in before - now]
    return sorted(updates, key=lambda update: update[0])
