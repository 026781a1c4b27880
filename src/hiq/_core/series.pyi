from hiq._core.options import Options

class Series:
    """Measurement and tags of a point."""

    def __init__(self, options: Options) -> None: ...
