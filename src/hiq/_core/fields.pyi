from collections.abc import Sequence

from hiq._core.known_rows import Row

ONE: tuple[str, ...]
ZERO: tuple[str, ...]

class Fields:
    """Fields of one point."""

    slow: int
    def __init__(self, known: Sequence[Row]) -> None: ...
