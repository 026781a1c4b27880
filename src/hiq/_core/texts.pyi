from collections.abc import Sequence

class Texts:
    """Texts of the options as bytes."""

    count: int
    def __init__(self, texts: Sequence[str]) -> None: ...
