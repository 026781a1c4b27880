"""What clients of `/ws` wait for: a change of a shared document, an event of the home.

    python -m benchmarks.clients_waits [--check]

Milliseconds from the moment at which one tab sends a change, or the home sends an
event, to the moment at which the client has it. Five users change their document ten
times each, at once; the home sends bursts; and four clients read while one does not.
The order of all this is judged by the tests; only how long it takes is measured here.
Needs the extra `test`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.clients.serving import Hiq, hiq_serve, tab

from benchmarks.latency import quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

USERS, UPDATES = 5, 10
BURSTS = {10: 0.1, 50: 0.2, 100: 0.4}
"""Events at once, and how long they may take in the mean, in seconds."""
P95_S = 0.1
ROUNDS, EACH = 100, 20
OPTIONS = "messages_per_minute: 1000, outbox_events: 100000, send_timeout: 1m"


class Waits(NamedTuple):
    """How long something took, and what it may take."""

    what: str
    seconds: Sequence[float]
    found_s: float
    limit_s: float

    def row(self) -> str:
        """Return a row of the table."""
        shares = [quantile(self.seconds, share) for share in (0.5, 0.95)]
        cells = [*shares, max(self.seconds), self.found_s, self.limit_s]
        shown = " | ".join(f"{cell * 1000:.1f}" for cell in cells)
        return f"| {self.what} | {len(self.seconds)} | {shown} |"


async def documents(hiq: Hiq) -> Waits:
    """Let users change their documents; the second tab of each waits for it."""
    taken: list[float] = []

    async def user(name: str) -> None:
        async with tab(hiq, name) as writer, tab(hiq, name) as reader:
            for version in range(1, UPDATES + 1):
                began_s = time.monotonic()
                change = {"version": version, "state": {"n": version}}
                await writer.tell("state_update", id=1, **change)
                await reader.wait_for("state_updated")
                taken.append(time.monotonic() - began_s)
                await writer.wait_for("state_updated")

    await asyncio.gather(*(user(f"user{number}") for number in range(USERS)))
    return Waits("document, second tab", taken, quantile(taken, 0.95), P95_S)


async def burst(hiq: Hiq, count: int) -> Waits:
    """Let the home send so many events at once."""
    async with tab(hiq) as client:
        await client.subscribe(domains=["light"])
        began_s = time.monotonic()
        for number in range(count):
            hiq.home.set("light.lamp", str(number), {})
        taken = []
        for _ in range(count):
            await client.events(1)
            taken.append(time.monotonic() - began_s)
    mean_s = sum(taken) / count
    return Waits(f"burst of {count}", taken, mean_s, BURSTS[count])


async def beside_one_that_does_not_read(hiq: Hiq) -> Waits:
    """Let four clients read large events while a fifth takes none."""
    taken: list[float] = []
    async with (
        tab(hiq, "slow", max_queue=1) as slow,
        tab(hiq, "a") as one,
        tab(hiq, "b") as two,
        tab(hiq, "c") as three,
        tab(hiq, "d") as four,
    ):
        tabs = (one, two, three, four)
        for client in (slow, *tabs):
            await client.subscribe(domains=["light"])
        slow.socket.transport.pause_reading()
        for start in range(0, ROUNDS * EACH, EACH):
            began_s = time.monotonic()
            for number in range(start, start + EACH):
                hiq.home.set("light.lamp", "on", {"n": number, "x": "x" * 5000})
            for client in tabs:
                await client.events(EACH)
                taken.append(time.monotonic() - began_s)
                await client.tell("ack", seq=start + EACH)
        slow.socket.transport.abort()
    what = f"{EACH} events beside one that does not read"
    return Waits(what, taken, quantile(taken, 0.95), P95_S)


async def measure() -> list[Waits]:
    """Run all of it against one `hiq serve`."""
    with tempfile.TemporaryDirectory(prefix="hiq-waits-") as folder:
        async with hiq_serve(Path(folder), OPTIONS) as hiq:
            async with tab(hiq) as client:
                await client.ask("ping")  # the HTTP server is loaded by it
            found = [await documents(hiq)]
            found += [await burst(hiq, count) for count in BURSTS]
            found.append(await beside_one_that_does_not_read(hiq))
    return found


def main() -> int:
    """Print the table; with --check exit 1 if something took longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    rows = asyncio.run(measure())
    print("| ms | samples | p50 | p95 | longest | judged | may be |")
    print("|---|---|---|---|---|---|---|")
    for waits in rows:
        print(waits.row())
    late = [waits for waits in rows if waits.found_s > waits.limit_s]
    return 1 if given.check and late else 0


if __name__ == "__main__":
    sys.exit(main())
