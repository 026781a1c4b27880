from collections.abc import Sequence

from hiq._core.known_rows import Row

class Known:
    """The Python text of well-known attributes."""

    def __init__(self, rows: Sequence[Row]) -> None: ...
