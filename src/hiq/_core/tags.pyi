class Entities:
    """A hash table from entity id to what is known of the entity."""

    count: int
    limit: int
    def __init__(self, limit: int) -> None: ...
