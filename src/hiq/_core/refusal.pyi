from collections.abc import Callable

class Refusal:
    """The newest refused events; at most 4 MiB of originals wait to be fetched."""

    keeps: bool
    inspect: Callable[[bytes], str | None] | None
    @property
    def dropped(self) -> int: ...
    def samples(self) -> list[tuple[str, bytes]]: ...
    def taken(self) -> list[tuple[str, bytes]]: ...
