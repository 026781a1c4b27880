from hiq._core.cards import Cards
from hiq._core.options import Options

class Tidy:
    """Built from the options and the texts of the registry."""

    cut_texts: int
    def __init__(self, options: Options, cards: Cards) -> None: ...
