"""Which registries were asked for and are not here, and which must be asked again.

Pure bookkeeping over one connection after another. What is in them is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hiq.ha.registries import Registry

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MANY", "Outstanding"]

MANY: Final = 100
"""More single entities than this at once are asked for as a whole list."""


class Outstanding:
    """What is still to come.

    - `lists`, `entities`, `services`: asked for, not answered.
    - `whole`: everything was asked for; `failed` are those of it that did not come.
    """

    def __init__(self) -> None:
        self.lists: set[Registry] = set()
        self.entities: dict[str, int] = {}
        self.services = False
        self.whole = False
        self.failed: dict[Registry, Exception] = {}
        self._again: set[Registry] = set()
        self._retry_at_s: dict[Registry, float] = {}

    @property
    def nothing(self) -> bool:
        """Whether all has come."""
        return not self.lists and not self.entities and not self.services

    def begin(self, *, services: bool = False) -> None:
        """Take note that everything is asked for, perhaps also the services."""
        self.lists = set(Registry)
        self.services = services
        self.whole = True
        self.failed = {}
        self._retry_at_s.clear()

    def lost(self) -> None:
        """Forget it: the connection ended."""
        self.lists.clear()
        self.entities.clear()
        self.services = False
        self._again.clear()
        self._retry_at_s.clear()
        self.whole = False

    def wants_list(self, registry: Registry) -> bool:
        """Return whether to ask now; if it is asked for, it will be asked again.

        An answer that is on its way may be older than the change.
        """
        if registry in self.lists:
            self._again.add(registry)
            return False
        self.lists.add(registry)
        self._retry_at_s.pop(registry, None)
        return True

    def has_list(self, registry: Registry) -> bool:
        """Take note of an answer; return whether to ask for it again at once."""
        self.lists.discard(registry)
        if registry in self._again:
            self._again.discard(registry)
            return True
        return False

    def wants_entity(self, entity_id: str) -> bool:
        """Return whether to ask for one entity; else the whole list is better."""
        if len(self.entities) >= MANY:
            return False
        self.entities[entity_id] = self.entities.get(entity_id, 0) + 1
        return True

    def has_entity(self, entity_id: str) -> bool:
        """Take note of an answer; return whether it is the last one expected."""
        left = self.entities.get(entity_id, 0) - 1
        if left > 0:
            self.entities[entity_id] = left
            return False
        self.entities.pop(entity_id, None)
        return True

    def retry(self, registry: Registry, at_s: float, reason: Exception) -> None:
        """Take note that a registry did not come, and when to ask again."""
        self.failed[registry] = reason
        self._retry_at_s[registry] = at_s

    def due(self, now_s: float) -> list[Registry]:
        """Return the registries that are to be asked for again now."""
        return [name for name, at_s in self._retry_at_s.items() if at_s <= now_s]

    def next_retry_s(self) -> Iterable[float]:
        """Return when something becomes due."""
        return self._retry_at_s.values()
