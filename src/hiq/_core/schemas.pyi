from collections.abc import Mapping

from hiq._core.options import Options
from hiq._core.ring import Ring
from hiq._core.tags import Entities

class Schemas:
    """The schemas beside `ha` of one pipeline, with their lines."""

    remembered_bytes: int
    def __init__(self, options: Options, entities: Entities) -> None: ...
    def ring_of(self, name: str) -> Ring: ...
    def tell(self, entity_id: str, tags: Mapping[str, str] | None) -> None: ...
    def counts(self) -> dict[str, int]: ...
