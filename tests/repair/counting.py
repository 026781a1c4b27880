"""How often each point came, and how often each should have."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hiq.repair.keys import keys_of, lines_of
from hiq.sink.base import Batch, Done, Outcome
from tests.serving import StubbornSink

if TYPE_CHECKING:
    from hiq.simulate.server import Simulator


class Counting(StubbornSink):
    """Keeps repeats, as VictoriaMetrics does: how often did each point come?"""

    def __init__(self) -> None:
        super().__init__("store")
        self.points: Counter[tuple[str, int]] = Counter()
        self.lines = b""

    async def write(self, batch: Batch) -> Outcome:
        """Count."""
        self.lines += batch.lines()
        self.points.update(keys_of(lines_of(batch.parts())))
        return Done()


def truth(simulator: Simulator, since_us: int = 0) -> Counter[tuple[str, int]]:
    """Every state that makes a point, once."""
    return Counter(
        {
            (fired.entity_id, fired.updated_us)
            for fired in simulator.fired
            if fired.updated_us >= since_us
            and fired.state not in {"unknown", "unavailable", ""}
        }
    )
