"""What the registries say about entities, for the filters of clients.

A filter may name areas and labels. While one does, the registries are read again every
ten seconds; while none does, not at all. It must not know what else a filter says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hiq.clients.hub import Hub
    from hiq.clients.subscriptions import Facts
    from hiq.web.parts import Parts

__all__ = ["RegistryFacts"]

REGISTRY_S: Final = 10.0
"""Between two looks at the registries."""


class RegistryFacts:
    """Areas and labels by entity, as they were at the last look.

    - `of` answers without a look; nothing is known of an entity that has neither.
    - After a look that found something else the hub decides anew who wants what.

    Args:
        parts: its `entities` are those of the registry, None while there is none.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._facts: dict[str, Facts] = {}
        self._due_s = 0.0

    def of(self, entity_id: str) -> Facts:
        """Return what is known about an entity."""
        return self._facts.get(entity_id) or _no_facts()

    def begin(self, hub: Hub) -> None:
        """Look now, unless something is known already."""
        if not self._facts:
            self._read(hub)

    def keep(self, hub: Hub, now_s: float) -> None:
        """Look if the last look was ten seconds ago.

        Args:
            hub: whose filters they are.
            now_s: seconds that never go back.
        """
        if now_s >= self._due_s:
            self._read(hub)
            self._due_s = now_s + REGISTRY_S

    def expire(self) -> None:
        """Let the next `keep` look in any case."""
        self._due_s = 0.0

    def _read(self, hub: Hub) -> None:
        if self._parts.entities is None or not hub.asks_the_registry:
            return
        from hiq.clients.subscriptions import Facts  # noqa: PLC0415  loaded by now

        found = {
            one.entity_id: Facts(
                frozenset(name for name in (one.area_id, one.area) if name),
                frozenset(one.labels),
            )
            for one in self._parts.entities()
        }
        if found != self._facts:
            self._facts = found
            hub.forget()


def _no_facts() -> Facts:
    from hiq.clients.subscriptions import Facts  # noqa: PLC0415  loaded by now

    return Facts()
