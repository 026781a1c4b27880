"""Memory of `hiq serve`: idle, at full speed, with many entities, over an hour.

    python -m benchmarks.memory [--seconds 90] [--check] [--plot FILE]
    python -m benchmarks.memory --seconds 3600 --rate 100     (a real hour)

Resident memory in MiB at the end of a phase, and the most of it meanwhile. The hour is
so many events as an hour at `--rate` brings, played evenly within `--seconds`; it is
looked at every five minutes of it. What comes by the clock (commits, pings) comes as
often as in `--seconds`. Goals: at most 50 MiB idle, at most 80 at full speed, and in
the hour no growth above 2 MiB after its first look.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from benchmarks.loopback import Database, Home, chunks
from benchmarks.playing import played
from benchmarks.processes import resident_mib, serving
from benchmarks.shaped import of_entities
from benchmarks.svg import lines

IDLE_MIB, FULL_MIB, GROWTH_MIB = 50.0, 80.0, 2.0
HOUR_S = 3600
LOOKS = 12
QUIET_S = 2.5
FORMS = ("single", "stream", "coalesced")
RESET_PEAK = "5"
"""What /proc/PID/clear_refs takes for it, see proc(5)."""


class Watched:
    """A process whose memory is looked at; one row in Markdown at each look."""

    def __init__(self, pid: int, database: Database) -> None:
        self.events = 0
        self._pid = pid
        self._database = database

    def look(self, when: str) -> tuple[float, float]:
        """Return and print memory now and the most since the last look."""
        self._database.wait_quiet(QUIET_S)
        self._database.bodies.clear()
        now, most = resident_mib(self._pid), peak_mib(self._pid)
        print(f"| {when} | {self.events:,} | {now:.1f} | {most:.1f} |", flush=True)
        Path(f"/proc/{self._pid}/clear_refs").write_text(RESET_PEAK, encoding="ascii")
        return now, most


def peak_mib(pid: int) -> float:
    """The most that was in RAM since the process began, or since it was reset."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.split("VmHWM:")[1].split()[0]) / 1024


def full_speed(home: Home, watched: Watched, form: str, seconds: float) -> float:
    """Play a form over and over; returns the most that was in RAM."""
    data = played(form)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        home.play(data.pieces)
        watched.events += data.events
    return watched.look(f"full speed, {form}")[1]


def an_hour(home: Home, watched: Watched, rate: float, seconds: float) -> list[float]:
    """Play the events of an hour within some seconds; returns memory at each look."""
    messages = cycle(played("single").messages)
    count = int(rate * HOUR_S / LOOKS)
    found = []
    for number in range(1, LOOKS + 1):
        home.play_paced(islice(messages, count), rate * HOUR_S / seconds)
        watched.events += count
        found.append(watched.look(f"minute {number * 60 // LOOKS}")[0])
    return found


def main() -> int:
    """Print the table; status 1 if `--check` is given and a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=50.0, help="events a second")
    parser.add_argument("--seconds", type=float, default=90.0, help="for the hour")
    parser.add_argument("--full-s", type=float, default=15.0, help="at full speed")
    parser.add_argument("--commit", default="250ms")
    parser.add_argument("--check", action="store_true", help="fail above a goal")
    parser.add_argument("--plot", type=Path, help="write a plot of the hour (SVG)")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Home() as home,
        Database() as database,
        serving(home, database.url, Path(folder), commit=given.commit) as hiq,
    ):
        print(f"an hour at {given.rate:g} events/s within {given.seconds:g} s\n")
        print("| when | events | RSS MiB | at most |\n|---|---|---|---|")
        watched = Watched(hiq.pid, database)
        idle, _ = watched.look("idle")
        each_s = given.full_s / len(FORMS)
        full = max(full_speed(home, watched, form, each_s) for form in FORMS)
        hour = an_hour(home, watched, given.rate, given.seconds)
        many = of_entities(
            played("stream").messages, given.entities, 2 * given.entities
        )
        home.play(chunks(many))
        watched.events += len(many)
        watched.look(f"{given.entities:,} entities more")
    growth = max(hour) - hour[0]
    print(
        f"\nidle {idle:.1f} MiB (goal {IDLE_MIB:g}), full speed {full:.1f} (goal "
        f"{FULL_MIB:g}), growth in the hour {growth:.1f} (goal {GROWTH_MIB:g})"
    )
    if given.plot is not None:
        minutes = [number * 60 / LOOKS for number in range(1, LOOKS + 1)]
        points = list(zip(minutes, hour, strict=True))
        text = lines("Memory over an hour", "minutes", "MiB", {"resident": points})
        given.plot.write_text(text, encoding="utf-8")
    missed = idle > IDLE_MIB or full > FULL_MIB or growth > GROWTH_MIB
    return int(given.check and missed)


if __name__ == "__main__":
    sys.exit(main())
