from collections.abc import Mapping, Sequence

class Wanted:
    """Which attributes schema `tidy` writes."""

    def __init__(self, by_domain: Mapping[str, Sequence[str]]) -> None: ...
