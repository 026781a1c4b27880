"""What a level of validation costs per event, beside none.

    python -m benchmarks.levels [--case NAME] [--rounds 7]

The same recorded frames through one pipeline for each level, by turns in one process;
the median of CPU time counts. No recorded event is refused at any level but the strict
one, which decodes every event in Python and so shows only what that costs: its clock
stands at the time of the recording's events.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from benchmarks.cases import convert
from benchmarks.data import RECORDINGS, load
from benchmarks.measuring import Case, by_turns
from hiq import Pipeline
from hiq.assure.levels import judge

if TYPE_CHECKING:
    from benchmarks.data import Data

LEVELS = {"none": 0, "permissive": 1, "moderate": 2, "strict": 3}


def case(data: Data, level: int) -> Case:
    """Return one case; the pipeline has seen the frames once."""
    pipeline = Pipeline()
    pipeline.set_level(level, 1)
    if level == LEVELS["strict"]:
        # No code refuses, so that each case makes the same points.
        pipeline.refusal.inspect = lambda event: "" if judge(event) else None
    convert(pipeline, data.frames)
    return Case(lambda: convert(pipeline, data.frames), data.points)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=sorted(RECORDINGS), default="coalesced")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    data = load(options.case)
    cases = {name: case(data, level) for name, level in LEVELS.items()}
    found = by_turns(cases, data.events, options.rounds)
    print("| level | CPU ns per event | to none |\n|---|---|---|")
    for name, cost_ns in found.items():
        print(f"| {name} | {cost_ns:,.0f} | {cost_ns / found['none']:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
