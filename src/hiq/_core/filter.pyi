from collections.abc import Sequence

from hiq._core.options import FilterLists

class Lists:
    """Entities, domains and globs of one side."""

    def __init__(
        self, entities: Sequence[str], domains: Sequence[str], globs: Sequence[str]
    ) -> None: ...

class Filter:
    """Says of each entity whether its events become points."""

    case: int
    def __init__(self, allowed: FilterLists, denied: FilterLists) -> None: ...
    def decide(self, entity_id: str) -> bool:
        """Return whether the events of an entity become points."""

def case_of(allowed: FilterLists, denied: FilterLists) -> int: ...
