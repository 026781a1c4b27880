"""A hundred clients of `/ws`, one of them not reading, beside a bare broadcast.

    python -m benchmarks.clients [--clients 100] [--rates 200 2000] [--seconds 10]

One home sends recorded messages at a steady rate; each goes to every client. Four
figures in one run: from the message of the home to the synced journal, without clients
and with them; from the message to each client, of hiq and of `benchmarks.broadcaster`,
which is aiohttp and nothing else and has no client that does not read; and processor
time per frame that was delivered, receiving and journal included. Where a column ends
long after the last message was sent, that side could not keep up with the rate.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.latency import NOTES, points_only, quantile, waits
from benchmarks.loopback import Database, Home
from benchmarks.processes import ROOT, serving, usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GOAL = 2.0
COMMIT = "50ms"
LARGEST_BYTES = 64 * 1024
"""A few recorded messages are larger, up to more than a frame may have."""
LIMITS = (
    "clients:\n  connections_per_user: {most}\n  connections_per_address: {most}\n"
    "  sessions_per_user: {most}\n  acks_per_minute: 60000\n"
    "  outbox_events: {outbox}\n  outbox_age: 1h\n"
)


class Side(NamedTuple):
    """What one side took; seconds."""

    latencies: list[float]
    frames: int
    cpu_ns: int
    sent: list[float]


@contextmanager
def reading(
    port: int, count: int, expected: int, folder: Path, *options: str
) -> Iterator[Path]:
    """Run readers around the sending; returns where their notes will be."""
    notes = folder / f"readers-{port}"
    command = (str(port), str(count), str(expected), str(notes), *options)
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.readers", *command],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            if process.stdout.readline().strip() != "ready":
                raise RuntimeError("the readers did not begin")
            yield notes
            if process.wait(60):
                raise RuntimeError("the readers failed")
        finally:
            process.kill()


def taken(notes: Path, sent: Sequence[float]) -> list[float]:
    """Seconds from message to client, of every frame; each must have come."""
    out = []
    for runs in json.loads(notes.read_text(encoding="ascii")):
        at = 0
        for frames, moment in runs:
            out += (moment - began for began in sent[at:frames])
            at = frames
        if at != len(sent):
            raise AssertionError(f"{at} of {len(sent)} frames came")
    return out


def bare(messages: list[bytes], rate: float, count: int, folder: Path) -> Side:
    """The broadcast."""
    port = free_port()
    with Home() as home, subprocess.Popen(
        [
            *(sys.executable, "-m", "benchmarks.broadcaster"),
            *(f"ws://127.0.0.1:{home.port}/bare", str(port)),
        ],
        cwd=ROOT,
    ) as process:  # fmt: skip
        try:
            home.wait()
            with reading(port, count, len(messages), folder) as notes:
                before = usage(process.pid)
                sent = home.play_paced(messages, rate)
            used = usage(process.pid).since(before)
            latencies = taken(notes, sent)
        finally:
            process.kill()
    return Side(latencies, count * len(messages), used.cpu_ns, sent)


def hiq(
    messages: list[bytes], rate: float, count: int, folder: Path
) -> tuple[Side, list[float], list[float], int]:
    """Ours: clients, journal without them, journal with them, CPU without them."""
    os.environ[NOTES] = str(folder / "notes")
    limits = LIMITS.format(most=count + 10, outbox=len(messages))
    module = ("benchmarks.latency", "traced")
    with Home() as home, Database() as database, serving(
        home, database.url, folder, commit=COMMIT, module=module, extra=limits
    ) as it:  # fmt: skip
        home.play_paced(messages[: int(rate)], rate)
        before = usage(it.pid)
        alone = home.play_paced(messages, rate)
        alone_ns = usage(it.pid).since(before).cpu_ns
        with reading(
            it.port, count, len(messages), folder, "--hiq", "--slow", "1"
        ) as notes:
            before = usage(it.pid)
            sent = home.play_paced(messages, rate)
        used = usage(it.pid).since(before)
        latencies = taken(notes, sent)
    warm = int(rate)
    took = waits([0.0] * warm + alone + sent, (folder / "notes").read_text("ascii"))
    without, with_them = took[warm : warm + len(alone)], took[warm + len(alone) :]
    if len(with_them) != len(sent):
        raise AssertionError(f"{len(with_them)} of {len(sent)} were journaled")
    side = Side(latencies, count * len(messages), used.cpu_ns, sent)
    return side, without, with_them, alone_ns


def some_messages(count: int) -> list[bytes]:
    """So many recorded messages that make a point and fit into a frame."""
    small = (one for one in points_only(5000) if len(one) < LARGEST_BYTES)
    return list(islice(cycle(list(small)), count))


def free_port() -> int:
    """A port that nobody had a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def row(name: str, values: Sequence[float]) -> str:
    """One row in Markdown, milliseconds."""
    figures = (quantile(values, 0.5), quantile(values, 0.95), quantile(values, 0.99))
    cells = " | ".join(f"{one * 1000:.2f}" for one in (*figures, max(values)))
    return f"| {name} | {cells} |"


def measure(rate: float, seconds: float, count: int, place: Path | None) -> float:
    """Measure at one rate and print it; return the ratio of the p95."""
    messages = some_messages(int(rate * seconds))
    readers = count - 1
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        ours, without, with_them, alone_ns = hiq(messages, rate, readers, folder)
        theirs = bare(messages, rate, readers, folder)
    print(f"\n{rate:g} events/s, {readers} clients and one that does not read; ms\n")
    print("| from the message to | p50 | p95 | p99 | longest |\n|---|---|---|---|---|")
    print(row(f"the journal (commit {COMMIT}), no client", without))
    print(row("the journal, with clients", with_them))
    print(row("a client, bare aiohttp", theirs.latencies))
    print(row("a client, hiq", ours.latencies))
    ratio = quantile(ours.latencies, 0.95) / quantile(theirs.latencies, 0.95)
    each = ours.cpu_ns / ours.frames / 1000
    bare_each = theirs.cpu_ns / theirs.frames / 1000
    ingested = alone_ns / len(messages) / 1000
    print(
        f"\np95 {ratio:.2f} of the bare broadcast; processor time per frame: "
        f"hiq {each:.2f} µs, bare {bare_each:.2f} µs; "
        f"without clients hiq took {ingested:.1f} µs per event"
    )
    return ratio


def main() -> int:
    """Print the tables; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rates", type=float, nargs="+", default=[200.0, 2000.0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--folder", type=Path, help="where to write (temporary)")
    given = parser.parse_args()
    ratios = [
        measure(rate, given.seconds, given.clients, given.folder)
        for rate in given.rates
    ]
    return int(max(ratios) > GOAL)


if __name__ == "__main__":
    sys.exit(main())
