"""Lights counted by area, and lists of what is on: each change at the same cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hiq.web.types.house import LightsOfArea

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Lights", "OnList"]

NO_AREA: Final = "unknown"
ON, OFF, NEITHER = range(3)


class Lights:
    """Lights on and off in each area.

    - `changed`: set when a count or an area has changed; the reader clears it.
    - A light that is neither on nor off counts in neither; its area is listed.
    """

    def __init__(self) -> None:
        self.changed = False
        self._lights: dict[str, tuple[str, int]] = {}
        self._areas: dict[str, list[int]] = {}

    def put(self, entity_id: str, state: str | None, area: str | None) -> None:
        """Take the state of a light; None removes it."""
        if state is None:
            new = None
        else:
            kind = {"on": ON, "off": OFF}.get(state, NEITHER)
            new = (area or NO_AREA, kind)
        self._replace(entity_id, new)

    def move(self, area_of: Callable[[str], str | None]) -> None:
        """Put every light into the area that it has now."""
        for entity_id, (_, kind) in list(self._lights.items()):
            self._replace(entity_id, (area_of(entity_id) or NO_AREA, kind))

    def areas(self) -> list[LightsOfArea]:
        """Return the counts by area, sorted."""
        return [
            LightsOfArea(area=area, on_count=counts[ON], off_count=counts[OFF])
            for area, counts in sorted(self._areas.items())
        ]

    def _replace(self, entity_id: str, new: tuple[str, int] | None) -> None:
        old = self._lights.get(entity_id)
        if new == old:
            return
        if old is not None:
            area, kind = old
            counts = self._areas[area]
            counts[kind] -= 1
            if not any(counts):
                del self._areas[area]
        if new is None:
            del self._lights[entity_id]
        else:
            area, kind = new
            self._lights[entity_id] = new
            self._areas.setdefault(area, [0, 0, 0])[kind] += 1
        self.changed = True


class OnList:
    """The ids of what is on; `changed` is set when one came or went."""

    def __init__(self) -> None:
        self.changed = False
        self._ids: set[str] = set()

    def put(self, entity_id: str, *, on: bool) -> None:
        """Take whether it is on."""
        if on == (entity_id in self._ids):
            return
        if on:
            self._ids.add(entity_id)
        else:
            self._ids.discard(entity_id)
        self.changed = True

    def ids(self) -> list[str]:
        """Return them, sorted."""
        return sorted(self._ids)
