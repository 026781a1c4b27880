"""At a steady rate: what `hiq serve` uses while a home is awake, beside a bare client.

    python -m benchmarks.steady [--rate 100] [--seconds 8] [--rounds 5]

One message per frame, one send per frame, evenly spaced. All processes are there all
the time and work in turn, in several rounds, so that each has the same machine.
Processor time of the whole process is given in percent of one core, wake-ups are
voluntary context switches of all threads per second. The bare client is asyncio and
picows and copies each frame.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.loopback import Database, Home
from benchmarks.playing import played
from benchmarks.processes import receiver, resident_mib, serving, usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GOAL = 1.5
BARE = "bare picows"


class Steady(NamedTuple):
    """Use per second."""

    cores: float
    wakeups: float
    mib: float


def watch(pid: int, work: Callable[[], object]) -> Steady:
    """What a process uses while `work` is done."""
    before, began = usage(pid), time.monotonic()
    work()
    used, took_s = usage(pid).since(before), time.monotonic() - began
    cores = used.cpu_ns / 1e9 / took_s
    return Steady(cores, used.switches / took_s, resident_mib(pid))


def middle(rows: Sequence[Steady]) -> Steady:
    """The median of each column."""
    return Steady(*(statistics.median(column) for column in zip(*rows, strict=True)))


def measure(rate: float, seconds: float, rounds: int) -> dict[str, list[Steady]]:
    """Run all processes at once and let each work in turn, several times."""
    count = int(rate * seconds)
    messages = list(islice(cycle(played("single").messages), count))
    rows: dict[str, list[Steady]] = {}
    with ExitStack() as stack:
        bare_home = stack.enter_context(Home())
        bare = stack.enter_context(receiver("picows", bare_home))
        works = {BARE: (bare.pid, bare_home)}
        for commit in ("250ms", "5s"):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            home = stack.enter_context(Home())
            database = stack.enter_context(Database())
            hiq = stack.enter_context(
                serving(home, database.url, folder, commit=commit)
            )
            works[f"hiq serve, commit {commit}"] = (hiq.pid, home)
        for _, home in works.values():
            home.play_paced(messages[: int(rate)], rate)
        for _ in range(rounds):
            for name, (pid, home) in works.items():
                idle = watch(pid, lambda: time.sleep(seconds / 4))
                busy = watch(pid, lambda home=home: home.play_paced(messages, rate))
                rows.setdefault(f"{name}, idle", []).append(idle)
                rows.setdefault(name, []).append(busy)
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=100.0, help="events per second")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    rows = measure(given.rate, given.seconds, given.rounds)
    print(
        f"{given.rate:g} events/s for {given.seconds:g} s, median of {given.rounds} "
        f"rounds, goal {GOAL} times bare\n"
    )
    print("| process | % of a core | / bare | wake-ups/s | RSS MiB |")
    print("|---|---|---|---|---|")
    for name, found in rows.items():
        row = middle(found)
        ratio = statistics.median(
            mine.cores / base.cores
            for mine, base in zip(found, rows[BARE], strict=True)
        )
        print(
            f"| {name} | {row.cores * 100:.2f} | {ratio:.2f} "
            f"| {row.wakeups:.0f} | {row.mib:.0f} |"
        )


if __name__ == "__main__":
    main()
