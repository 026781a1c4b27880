"""Print what the transform costs per event, and the ratio to the baselines.

Cases are run by turns in one process, so that what disturbs the machine disturbs all
of them; the median of CPU time counts. Ratios travel between machines, nanoseconds do
not. `--check` exits with 1 if the goal is missed.
"""

from __future__ import annotations

import argparse
import gc
import platform
import statistics
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.cases import CASES, expected
from benchmarks.data import RECORDINGS, load

if TYPE_CHECKING:
    from benchmarks.data import Data

GOAL = 30
"""How many times cheaper than orjson and Point the running core must be."""


def measure(data: Data, rounds: int) -> dict[str, float]:
    """Median CPU time per event of each case, in ns; checks every result."""
    spent: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(rounds):
        for name, run in CASES.items():
            gc.collect()
            gc.disable()
            start = time.thread_time_ns()
            result = run(data.frames)
            took = time.thread_time_ns() - start
            gc.enable()
            if result != expected(name, data):
                raise AssertionError(f"{name}: {result} of {expected(name, data)}")
            spent[name].append(took / data.events)
    return {name: statistics.median(times) for name, times in spent.items()}


def rows(recording: str, data: Data, times: dict[str, float]) -> list[str]:
    """One table in Markdown."""
    size = data.size / data.events
    held = (
        f"{recording}: {len(data.frames):,} frames, {data.events:,} events, "
        f"{data.points:,} points, {size:,.0f} bytes per event"
    )
    head = "| case | ns/event | MB/s | orjson + Point / it | msgspec decode / it |"
    out = [held, "", head, "|---|---|---|---|---|"]
    for name, ns in times.items():
        ratios = [times[base] / ns for base in ("orjson + Point", "msgspec decode")]
        row = (f"{ns:,.0f}", f"{size / ns * 1000:,.0f}", *(f"{r:.2f}" for r in ratios))
        out.append(f"| {name} | {' | '.join(row)} |")
    return [*out, ""]


def main() -> int:
    """Measure and print; status 1 if `--check` is given and the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=int, help="use only so many frames")
    parser.add_argument("--check", action="store_true", help="fail below the goal")
    arguments = parser.parse_args()

    print(f"{platform.python_implementation()} {platform.python_version()}, ", end="")
    print(f"{platform.machine()}, {arguments.rounds} rounds, median of CPU time\n")
    reached = {}
    for recording in RECORDINGS:
        data = load(recording, arguments.limit)
        times = measure(data, arguments.rounds)
        print("\n".join(rows(recording, data, times)))
        reached[recording] = times["orjson + Point"] / times["core"]
    print(f"goal: {GOAL} times cheaper than orjson + Point; ", end="")
    print("reached: " + ", ".join(f"{k} {v:.1f}" for k, v in reached.items()))
    missed = min(reached.values()) < GOAL
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
