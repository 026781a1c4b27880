"""Cases by turns: what disturbs the machine disturbs all of them.

The figure of a case is the median of its CPU time; the collector is off while it
runs. Every result is checked. It knows nothing of what is measured.
"""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Case", "by_turns", "table"]


class Case(NamedTuple):
    """What is run, and what it must return."""

    run: Callable[[], int]
    expected: int


def by_turns(
    cases: Mapping[str, Case], units: int, rounds: int, loops: int = 1
) -> dict[str, float]:
    """Nanoseconds of CPU time per unit of each case; a round runs it `loops` times."""
    spent: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            gc.collect()
            gc.disable()
            start = time.thread_time_ns()
            results = [case.run() for _ in range(loops)]
            took = time.thread_time_ns() - start
            gc.enable()
            if wrong := set(results) - {case.expected}:
                raise AssertionError(f"{name}: {wrong} instead of {case.expected}")
            spent[name].append(took / (units * loops))
    return {name: statistics.median(times) for name, times in spent.items()}


def table(
    times: Mapping[str, float], bases: Mapping[str, str], size: float | None = None
) -> list[str]:
    """Rows in Markdown: ns, MB/s if the bytes of a unit are given, and ratios.

    Args:
        times: of each case.
        bases: heading of a column of ratios, and the case that it divides by.
        size: bytes of one unit.
    """
    heads = ["case", "ns/event", *(["MB/s"] if size else []), *bases]
    out = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, ns in times.items():
        cells = [name, f"{ns:,.0f}"]
        if size:
            cells.append(f"{size / ns * 1000:,.0f}")
        cells += (f"{ns / times[base]:.3f}" for base in bases.values())
        out.append(f"| {' | '.join(cells)} |")
    return out
