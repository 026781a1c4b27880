from hiq._core.filter_options import FilterRules

class Allowance:
    """Built from the filter of the options."""

    count: int

    def __init__(self, rules: FilterRules) -> None: ...
    def keeps(self, domain: str, name: str) -> bool: ...
