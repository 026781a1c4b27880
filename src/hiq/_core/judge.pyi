from hiq._core.options import Options

class Judge:
    """Built from the options."""

    def __init__(self, options: Options) -> None: ...
    def explain(
        self, entity_id: bytes, device_class: bytes, facts: bytes
    ) -> tuple[bool, int, int, bool]: ...
    def totals(self) -> tuple[list[int], list[int]]: ...
