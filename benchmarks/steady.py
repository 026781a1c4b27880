"""At a steady rate: what `hiq serve` uses while a home is awake, beside a bare client.

    python -m benchmarks.steady [--rate 100] [--seconds 20]

One message per frame, one send per frame, evenly spaced. Processor time of the whole
process is given in percent of one core, wake-ups are voluntary context switches of
all threads per second. The bare client is asyncio and picows and copies each frame.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.loopback import Database, Home
from benchmarks.playing import played
from benchmarks.processes import receiver, resident_mib, serving, usage

if TYPE_CHECKING:
    from collections.abc import Callable

GOAL = 1.5


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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=100.0, help="events per second")
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    count = int(given.rate * given.seconds)
    messages = list(islice(cycle(played("single").messages), count))
    rows: dict[str, Steady] = {}
    with Home() as home, receiver("picows", home) as process:
        rows["bare picows"] = watch(
            process.pid, lambda: home.play_paced(messages, given.rate)
        )
    for commit in ("250ms", "5s"):
        with (
            tempfile.TemporaryDirectory() as folder,
            Home() as home,
            Database() as database,
            serving(home, database.url, Path(folder), commit=commit) as hiq,
        ):
            idle = watch(hiq.pid, lambda: time.sleep(given.seconds / 4))
            busy = watch(hiq.pid, lambda: home.play_paced(messages, given.rate))
            rows[f"hiq serve, commit {commit}, idle"] = idle
            rows[f"hiq serve, commit {commit}"] = busy
    base = rows["bare picows"]
    print(f"{given.rate:g} events/s for {given.seconds:g} s, goal {GOAL} times bare\n")
    print("| process | % of a core | / bare | wake-ups/s | RSS MiB |")
    print("|---|---|---|---|---|")
    for name, row in rows.items():
        print(
            f"| {name} | {row.cores * 100:.2f} | {row.cores / base.cores:.2f} "
            f"| {row.wakeups:.0f} | {row.mib:.0f} |"
        )


if __name__ == "__main__":
    main()
