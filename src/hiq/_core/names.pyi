from collections.abc import Mapping

class Names:
    """A fixed set of names, each with a number."""

    count: int
    def __init__(self, numbers: Mapping[str, int]) -> None: ...
    def get(self, name: str) -> int:
        """Return the number of a name, -1 if it is not there."""
