from collections.abc import Sequence

from hiq._core.known_rows import Row
from hiq._core.options import Options, Plan
from hiq._core.overlay import Overlay
from hiq._core.tags import Entities

class Writer:
    """One judged event to one line."""

    def __init__(
        self,
        options: Options,
        plan: Plan,
        overlay: Overlay,
        rows: Sequence[Row],
        entities: Entities,
    ) -> None: ...
