from hiq._core.options import Options
from hiq._core.tags import Entities

class Schemas:
    """The schemas beside `ha` of one pipeline, with their lines."""

    remembered_bytes: int
    def __init__(self, options: Options, entities: Entities) -> None: ...
