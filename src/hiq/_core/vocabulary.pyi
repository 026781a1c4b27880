from collections.abc import Sequence

from hiq._core.known_rows import Row

class Vocabulary:
    """The attribute names that mean something."""

    def __init__(
        self,
        tags: Sequence[str],
        ignored: Sequence[Sequence[str]],
        rows: Sequence[Row],
    ) -> None: ...
