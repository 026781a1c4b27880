from hiq._core.line import Encoder
from hiq._core.refusal import Refusal
from hiq._core.ring import Ring

class Intake:
    """Frames in: read whole, judged one by one, visible together."""

    def __init__(
        self, encoder: Encoder, ring: Ring, refusal: Refusal, high_water: int
    ) -> None: ...
