from collections.abc import Mapping

KEYS: tuple[str, ...]

class Cards:
    """A table from the number of an entity to its texts."""

    def set(
        self, number: int, entity_id: str, tags: Mapping[str, str] | None
    ) -> None: ...
