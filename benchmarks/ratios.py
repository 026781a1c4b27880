"""Print what the transform costs per event, beside the bound and the baselines.

    python -m benchmarks.ratios [--rounds 7] [--check] [--ruled] [--plot FILE]

Cases are run by turns in one process, so that what disturbs the machine disturbs all
of them; the median of CPU time counts. Ratios travel between machines, nanoseconds do
not. `hot` runs over few frames again and again, which stay in the cache as those in a
receive buffer do; the other two read cold memory. `--check` exits with 1 if a goal is
missed. `--ruled`: with a filter of a thousand rules and the registry's tags, beside a
core without; the goals are then 15 % lower.
"""

from __future__ import annotations

import argparse
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cases import BOUND, case, cases
from benchmarks.data import RECORDINGS, load
from benchmarks.measuring import Case, by_turns, table
from benchmarks.svg import bars
from hiq import Pipeline

if TYPE_CHECKING:
    from benchmarks.data import Data

CORE, DECODE, POINT = "core", "msgspec decode", "orjson + Point"
PLAIN = "core, no rules"
FIRST = "core, first pass"
"""Not with few frames: making a pipeline would be most of it."""
AT_MOST = 0.35
"""Of the typed decode of msgspec, that the running core may cost."""
AT_LEAST = 50.0
"""How many times cheaper than orjson and Point it must be."""
RULED = 1.15
"""What filter and tags may cost besides."""
HOT = 300
"""Frames that fit into a second-level cache."""
CALLS = 20_000


def measure(
    data: Data, rounds: int, loops: int = 1, without: str = "", *, ruled: bool = False
) -> dict[str, float]:
    """Median CPU time per event of each case, in ns; checks every result."""
    found = cases(data, ruled=ruled)
    chosen = {name: one for name, one in found.items() if name != without}
    if ruled:
        chosen[PLAIN] = case(CORE, data)
    return by_turns(chosen, data.events, rounds, loops)


def border_ns(rounds: int) -> float:
    """What a call costs that finds nothing to do, with its verdict."""
    feed = Pipeline().feed
    frames = [b"[]"] * CALLS
    case = Case(lambda: sum(feed(frame).events for frame in frames), 0)
    return by_turns({"call": case}, CALLS, rounds)["call"]


def rows(name: str, data: Data, times: dict[str, float]) -> list[str]:
    """One table in Markdown; ratios say how much of the baseline a case costs."""
    size = data.size / data.events
    held = (
        f"**{name}**: {len(data.frames):,} frames, {data.events:,} events, "
        f"{data.points:,} points, {size:,.0f} bytes per event"
    )
    bases = {f"/ {base}": base for base in (DECODE, POINT)}
    if BOUND in times:
        bases = {f"/ {BOUND}": BOUND, **bases}
    return [held, "", *table(times, bases, size), ""]


def main() -> int:
    """Measure and print; status 1 if `--check` is given and a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=int, help="use only so many frames")
    parser.add_argument("--check", action="store_true", help="fail below the goals")
    parser.add_argument("--ruled", action="store_true", help="with filter and tags")
    parser.add_argument("--plot", type=Path, help="write a plot (SVG)")
    given = parser.parse_args()

    print(f"{platform.python_implementation()} {platform.python_version()}, ", end="")
    print(f"{platform.machine()}, {given.rounds} rounds, median of CPU time\n")
    found: dict[str, dict[str, float]] = {}
    for recording in RECORDINGS:
        data = load(recording, given.limit)
        found[recording] = measure(data, given.rounds, ruled=given.ruled)
        print("\n".join(rows(recording, data, found[recording])), flush=True)
    few = load("single", HOT)
    loops = max(1, load("single", given.limit).events // few.events)
    times = measure(few, given.rounds, loops, without=FIRST, ruled=given.ruled)
    print("\n".join(rows(f"hot, {loops} times", few, times)), flush=True)
    print(f"a call of `feed` with an empty frame: {border_ns(given.rounds):.0f} ns\n")
    missed = False
    slack = RULED if given.ruled else 1.0
    at_most, at_least = AT_MOST * slack, AT_LEAST / slack
    for recording, times in found.items():
        share, fold = times[CORE] / times[DECODE], times[POINT] / times[CORE]
        missed |= share > at_most or fold < at_least
        print(
            f"{recording}: {share:.3f} of {DECODE} (goal: at most {at_most:.3g}), "
            f"{fold:.1f} times cheaper than {POINT} (goal: at least {at_least:.3g})"
        )
        if given.ruled:
            ratio = times[CORE] / times[PLAIN]
            missed |= ratio > RULED
            print(f"  {ratio:.3f} times {PLAIN} (goal: at most {RULED})")
    if given.plot is not None:
        title = "CPU time from frame to line"
        text = bars(title, "ns per event, logarithmic", found)
        given.plot.write_text(text, encoding="utf-8")
    return int(given.check and missed)


if __name__ == "__main__":
    sys.exit(main())
