"""Memory of `hiq serve`: idle, at full speed, with many entities, and as time goes by.

    python -m benchmarks.memory [--entities 10000] [--minutes 2] [--rate 500]
                                [--commit 250ms] [--full-s 10]

Resident memory in MiB, and what the process has held at most. The simulated load runs
for so many real minutes at so many events a second and is looked at ten times; flat is
what is wanted. Goals: at most 50 MiB idle, 80 MiB at full speed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from benchmarks.loopback import Database, Home, chunks
from benchmarks.playing import played
from benchmarks.processes import resident_mib, serving
from benchmarks.shaped import of_entities

LOOKS = 10
QUIET_S = 1.0


def peak_mib(pid: int) -> float:
    """The most that was in RAM since the process began."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=500.0, help="events per second")
    parser.add_argument("--commit", default="250ms")
    parser.add_argument("--full-s", type=float, default=10.0, help="at full speed")
    given = parser.parse_args()
    single, coalesced = played("stream"), played("coalesced")
    many = of_entities(single.messages, given.entities, 2 * given.entities)
    with (
        tempfile.TemporaryDirectory() as folder,
        Home() as home,
        Database() as database,
        serving(home, database.url, Path(folder), commit=given.commit) as hiq,
    ):
        print("| when | events | RSS MiB | at most |\n|---|---|---|---|")
        events = 0

        def look(when: str) -> None:
            database.wait_quiet(QUIET_S)
            database.bodies.clear()
            now, most = resident_mib(hiq.pid), peak_mib(hiq.pid)
            print(f"| {when} | {events:,} | {now:.1f} | {most:.1f} |", flush=True)

        look("idle")
        for form in (single, coalesced):
            name = "full speed, " + ("single" if form is single else "coalesced")
            until = time.monotonic() + given.full_s / 2
            while time.monotonic() < until:
                home.play(form.pieces)
                events += form.events
            now = resident_mib(hiq.pid)
            print(f"| {name}, under load | {events:,} | {now:.1f} | |")
            look(f"{name}, after it")
        home.play(chunks(many))
        events += len(many)
        look(f"{given.entities:,} entities more")
        messages = cycle(single.messages)
        count = int(given.minutes * 60 / LOOKS * given.rate)
        for number in range(1, LOOKS + 1):
            home.play_paced(islice(messages, count), given.rate)
            events += count
            look(f"after {given.minutes * number / LOOKS:.1f} min")


if __name__ == "__main__":
    main()
