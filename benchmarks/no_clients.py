"""What clients cost a service that has none: processor time per event, three ways.

    python -m benchmarks.no_clients [--loops 4] [--rounds 5]

Three `hiq serve` with the same journal and database: with clients switched off, without
any client, and after a client that subscribed to everything has gone. All are there all
the time and work in turn on the recorded frames as fast as they go, several rounds; the
median counts, and the spread of the first one says what is noise.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.loopback import Database, Home
from benchmarks.playing import played
from benchmarks.processes import serving, usage
from benchmarks.readers import connected

if TYPE_CHECKING:
    from benchmarks.processes import Serving

OFF, NONE, GONE = "clients.enabled: false", "no client", "a client has gone"
SETTINGS = {
    OFF: "clients:\n  enabled: false\n",
    NONE: "",
    GONE: "clients:\n  session_age: 1s\n",
}
GONE_S = 3.0


def come_and_go(it: Serving) -> None:
    """Subscribe to everything, leave, and let the session end."""
    (reader,) = connected(it.port, 1, hiq=True)
    reader.socket.close()
    time.sleep(GONE_S)


def measure(form: str, loops: int, rounds: int) -> dict[str, list[float]]:
    """Nanoseconds per event of each, round by round."""
    data = played(form)
    found: dict[str, list[float]] = {name: [] for name in SETTINGS}
    with ExitStack() as stack:
        sides = {}
        for name, extra in SETTINGS.items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            home = stack.enter_context(Home())
            database = stack.enter_context(Database())
            it = stack.enter_context(serving(home, database.url, folder, extra=extra))
            sides[name] = (it, home)
        come_and_go(sides[GONE][0])
        for _, home in sides.values():
            home.play(data.pieces)
        for _ in range(rounds):
            for name, (it, home) in sides.items():
                before = usage(it.pid)
                for _ in range(loops):
                    home.play(data.pieces)
                used = usage(it.pid).since(before)
                found[name].append(used.cpu_ns / loops / data.events)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--form", default="single")
    parser.add_argument("--loops", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    found = measure(given.form, given.loops, given.rounds)
    base = statistics.median(found[OFF])
    print("| | ns/event | least | most | / off |\n|---|---|---|---|---|")
    for name, values in found.items():
        middle = statistics.median(values)
        cells = f"{middle:,.0f} | {min(values):,.0f} | {max(values):,.0f}"
        print(f"| {name} | {cells} | {middle / base:.3f} |")


if __name__ == "__main__":
    main()
