from hiq._core.options import Options
from hiq._core.tags import Entities

class Memory:
    """What is remembered of the entities' last states."""

    def __init__(self, options: Options, entities: Entities, off: bool) -> None: ...
