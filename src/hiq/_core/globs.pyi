from collections.abc import Sequence

class Globs:
    """Shell patterns against the whole of a text."""

    count: int
    def __init__(self, patterns: Sequence[str]) -> None: ...
    def first(self, text: str) -> int:
        """Return the number of the first pattern that matches, -1 if none does."""
