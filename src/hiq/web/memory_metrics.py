"""Memory as Prometheus text: its limit, how short it is, what was given up for it.

Names and units: docs/reference/metrics.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.web.exposition import Family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hiq.stats import Stats

__all__ = ["MemoryCollector"]


class MemoryCollector:
    """Reads the counters of the look at memory."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Family]:
        """Yield every family, read at this moment."""
        stats = self._stats.memory
        if not stats.limit_bytes:
            return  # nobody looks
        text = "Memory in RAM from which on everything that can be is given up."
        yield Family("hiq_memory_limit_bytes", text).add(stats.limit_bytes)
        text = "0 calm, 1 short, 2 critical."
        yield Family("hiq_memory_level", text).add(stats.level)
        for name, text, values in (
            ("bytes", "Bytes that a part holds, about.", stats.parts),
            ("limit_bytes", "Most bytes of that part.", stats.part_limits),
        ):
            family = Family(f"hiq_memory_part_{name}", text, labels=("part",))
            for part, value in values.items():
                family.add(value, part)
            yield family
        shed = Family(
            "hiq_memory_shed_total",
            "What was given up: events, entities, connections, points journaled early.",
            "counter",
            ("step",),
        )
        for step, count in stats.shed.items():
            shed.add(count, step)
        yield shed
