from hiq._core.cards import Cards
from hiq._core.options import Options

class HomeIQ:
    """Built from the options and the texts of the registry."""

    negative_durations: int
    long_durations: int
    def __init__(self, options: Options, cards: Cards) -> None: ...
