from collections.abc import Mapping, Sequence

from hiq._core.filter_options import Rule

class Rules:
    """Built from a sequence of rules of the options."""

    count: int
    asks_class: bool

    def __init__(self, rules: Sequence[Rule]) -> None: ...
    def find(self, facts: Mapping[str, str]) -> tuple[int, bool]: ...
