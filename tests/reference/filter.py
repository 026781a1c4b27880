"""Entity filter: Home Assistant's six cases of include and exclude, spelled out.

Source: homeassistant/helpers/entityfilter.py. The decision depends on the entity id
alone; a glob matches the whole id, case-sensitively.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase


class Lists:
    """The entities, domains and globs of one side."""

    def __init__(
        self,
        entities: Iterable[str] = (),
        domains: Iterable[str] = (),
        globs: Iterable[str] = (),
    ) -> None:
        self.entities = [entity.lower() for entity in entities]
        self.domains = list(domains)
        self.globs = list(globs)

    def __bool__(self) -> bool:
        return bool(self.entities or self.domains or self.globs)

    def has_entity(self, entity_id: str) -> bool:
        return entity_id in self.entities

    def has_domain(self, entity_id: str) -> bool:
        return entity_id.split(".", 1)[0] in self.domains

    def has_glob(self, entity_id: str) -> bool:
        return any(fnmatchcase(entity_id, glob) for glob in self.globs)


class EntityFilter:
    """Says of each entity whether its events become points."""

    def __init__(self, include: Lists, exclude: Lists) -> None:
        self.include = include
        self.exclude = exclude

    @property
    def case(self) -> int:
        """Which of the six cases applies: only which lists are empty counts."""
        if not self.include and not self.exclude:
            return 1
        if not self.exclude:
            return 2
        if not self.include:
            return 3
        if self.include.domains or self.include.globs:
            return 4
        if self.exclude.domains or self.exclude.globs:
            return 5
        return 6

    def accepts(self, entity_id: str) -> bool:
        """Apply the rule of the case; the first line that applies decides."""
        include, exclude = self.include, self.exclude
        case = self.case
        if case == 1:
            return True
        if case == 2:
            return (
                include.has_entity(entity_id)
                or include.has_domain(entity_id)
                or include.has_glob(entity_id)
            )
        if case == 3:
            return not (
                exclude.has_entity(entity_id)
                or exclude.has_domain(entity_id)
                or exclude.has_glob(entity_id)
            )
        # Cases 4 to 6: both sides are configured.
        if include.has_entity(entity_id):
            return True
        if case == 4:  # excluded domains have no effect
            if exclude.has_entity(entity_id):
                return False
            if include.has_glob(entity_id):
                return True
            if exclude.has_glob(entity_id):
                return False
            return include.has_domain(entity_id)
        if case == 5:
            return not (
                exclude.has_entity(entity_id)
                or exclude.has_glob(entity_id)
                or exclude.has_domain(entity_id)
            )
        return False  # case 6: the exclude side has no effect
