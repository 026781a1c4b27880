from collections.abc import Sequence

class Overlay:
    """Settings of one entity by domain, glob and entity."""

    def __init__(
        self,
        domains: Sequence[str],
        globs: Sequence[str],
        entities: Sequence[str],
        entries: Sequence[tuple[int, int]],
        overrides: Sequence[str],
    ) -> None: ...
