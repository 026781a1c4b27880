"""The next home while it comes in: rows, removals and renames, one after another.

Remembers which entities may differ, so that one new row costs one comparison and not
twenty thousand. Pure; when it becomes the present home is decided elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.ha.home import Home
from hiq.ha.registries import Entity, Registry, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Staging"]


class Staging:
    """What the home will be.

    - `only`: the entities that may differ from the present home; None: any may.
    """

    def __init__(self) -> None:
        self.home = Home()
        self.only: set[str] | None = set()

    @property
    def dirty(self) -> bool:
        """Whether anything was changed since `taken`."""
        return self.only is None or bool(self.only)

    def begin(self, home: Home) -> None:
        """Replace all of it."""
        self.home = home
        self.only = None

    def taken(self) -> tuple[Home, set[str] | None]:
        """Return the home that is the present one from now on, and what may differ."""
        only, self.only = self.only, set()
        return self.home, only

    def listed(self, registry: Registry, rows: Iterable[Row]) -> None:
        """Take a whole registry."""
        self.home = self.home.with_rows(registry, rows)
        self.only = None

    def entity(self, row: Entity) -> None:
        """Take one entity, new or changed."""
        self.home = self.home.with_row(Registry.ENTITIES, row)
        self._touch(row.entity_id)

    def gone(self, registry: Registry, key: str) -> None:
        """Take a row away, if it is there."""
        if key not in self.home.rows(registry):
            return
        self.home = self.home.without(registry, key)
        if registry is Registry.ENTITIES:
            self._touch(key)
        else:
            self.only = None

    def first_ids(self, first_ids: Mapping[str, str]) -> None:
        """Take what renamed entities were called first.

        Whose first name is new here has just lost its row, and gets another one.
        """
        self.home = self.home.with_first_ids(first_ids)

    def _touch(self, entity_id: str) -> None:
        if self.only is not None:
            self.only.add(entity_id)
