"""What several schemas at once cost beside one alone, and how long their lines are.

    python -m benchmarks.bench_schemas [--rounds 7] [--check]

Recorded single frames through running pipelines that know their entities, by turns;
the median of CPU time counts. `--check` exits with 1 if `homeiq` and `tidy` together
cost more than 1.6 times what the cheaper of the two costs alone, or a line of `homeiq`
is longer than 650 bytes on average.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from benchmarks.cases import TAKE_BYTES
from benchmarks.data import load
from benchmarks.measuring import Case, by_turns
from hiq import Pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

CASES = (
    *(("ha",), ("homeiq",), ("tidy",)),
    *(("homeiq", "tidy"), ("ha", "homeiq"), ("ha", "tidy"), ("ha", "homeiq", "tidy")),
)
BOTH = "homeiq + tidy"
MOST_RATIO = 1.6
MOST_BYTES = 650


class Run:
    """A pipeline of some schemas that runs; counts what it made."""

    def __init__(self, schemas: Sequence[str], frames: Sequence[bytes]) -> None:
        self._schemas = schemas
        self._frames = frames
        self._pipeline = Pipeline({"schema": list(schemas), "high_water": TAKE_BYTES})
        self.lines = 0
        self.size = 0
        self()

    def __call__(self) -> int:
        """Feed all frames and take all lines; return the events."""
        feed, events = self._pipeline.feed, 0
        self.lines = self.size = 0
        for frame in self._frames:
            verdict = feed(frame)
            events += verdict.events
            if verdict.full:
                self._take()
        self._take()
        return events

    def _take(self) -> None:
        self.lines += self._pipeline.buffered_of(self._schemas[0])
        self.size += len(self._pipeline.take(self._schemas[0]))
        for schema in self._schemas[1:]:
            self._pipeline.take(schema)


def rows(times: dict[str, float]) -> list[str]:
    """The table in Markdown; a case beside the dearer and the cheaper of its parts."""
    out = ["| schemas | ns/event | / dearest alone | / cheapest alone |"]
    out.append("|---" * 4 + "|")
    for name, ns in times.items():
        alone = [times[part] for part in name.split(" + ")]
        ratios = (
            (f"{ns / max(alone):.2f}", f"{ns / min(alone):.2f}")
            if len(alone) > 1
            else ("", "")
        )
        out.append(f"| {name} | {ns:,.0f} | {ratios[0]} | {ratios[1]} |")
    return out


def main() -> int:
    """Print the table; status 1 if `--check` is given and a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=int, help="use only so many frames")
    parser.add_argument("--check", action="store_true", help="fail above the goals")
    given = parser.parse_args()
    data = load("single", given.limit)
    runs = {" + ".join(names): Run(names, data.frames) for names in CASES}
    cases = {name: Case(run, data.events) for name, run in runs.items()}
    times = by_turns(cases, data.events, given.rounds)
    print("\n".join(rows(times)))
    length = runs["homeiq"].size / runs["homeiq"].lines
    ratio = times[BOTH] / min(times["homeiq"], times["tidy"])
    print(
        f"\n{BOTH}: {ratio:.2f} times the cheaper alone (goal: at most {MOST_RATIO}); "
        f"a line of homeiq: {length:.0f} bytes (goal: at most {MOST_BYTES})"
    )
    return int(given.check and (ratio > MOST_RATIO or length > MOST_BYTES))


if __name__ == "__main__":
    sys.exit(main())
