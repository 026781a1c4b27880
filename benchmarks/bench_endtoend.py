"""The whole way: WebSocket, core, journal with fsync, gzip, POST; one `hiq serve`.

    python -m benchmarks.bench_endtoend [--loops 10] [--rounds 3] [--slow 60]

`hiq serve` and a bare picows receiver that only copies the frames are processes of
their own, by turns, on the same prebuilt frames; sender and a server that says 204 are
threads of this process and share the machine with them. All processor time of the
measured process counts, from the first frame until the last POST has arrived. Every
point must have arrived. Bytes per event are those of the journal's segments and of the
bodies; `--slow` plays so many events at 5 a second as well.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.loopback import Database, Home
from benchmarks.playing import FORMS, Played, played
from benchmarks.processes import receiver, resident_mib, serving, usage

if TYPE_CHECKING:
    import pytest
    from pytest_benchmark.fixture import BenchmarkFixture

QUIET_S = 2.5
GOAL = 2.5
"""Times the processor time of the bare receiver."""
SLOW_RATE = 5.0


class Run(NamedTuple):
    """One run; times in ns per event, bytes per point."""

    cpu_ns: float
    rate: float
    """Events per second until the last was read."""
    switches: int
    mib: float
    journal: float = 0.0
    wire: float = 0.0
    requests: int = 0


def bare(data: Played, loops: int) -> Run:
    """Run the baseline."""
    with Home() as home, receiver("picows", home) as process:
        before = usage(process.pid)
        took_s = sum(home.play(data.pieces) for _ in range(loops))
        used = usage(process.pid).since(before)
        mib = resident_mib(process.pid)
    events = data.events * loops
    return Run(used.cpu_ns / events, events / took_s, used.switches, mib)


def whole(data: Played, loops: int, rate: float | None = None) -> Run:
    """Run `hiq serve`, at full speed or at so many messages per second."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Home() as home,
        Database() as database,
    ):
        with serving(home, database.url, Path(folder)) as hiq:
            before = usage(hiq.pid)
            if rate is None:
                took_s = sum(home.play(data.pieces) for _ in range(loops))
            else:
                messages = islice(cycle(data.messages), loops * len(data.messages))
                sent = home.play_paced(messages, rate)
                took_s = sent[-1] - sent[0]
            database.wait_quiet(QUIET_S)
            used = usage(hiq.pid).since(before)
            mib = resident_mib(hiq.pid)
            journal = hiq.journal_bytes()
        events, points = data.events * loops, data.points * loops
        if (arrived := database.lines()) != points:
            raise AssertionError(f"{arrived} of {points} points arrived")
        return Run(
            used.cpu_ns / events,
            events / took_s,
            used.switches,
            mib,
            journal / points,
            database.wire_bytes / points,
            len(database.bodies),
        )


def median(runs: list[Run]) -> Run:
    """Each figure's median."""
    return Run(*map(statistics.median, zip(*runs, strict=True)))


def row(name: str, run: Run, base: Run) -> str:
    """One row in Markdown."""
    sizes = f"{run.journal:.1f} | {run.wire:.1f} | {run.requests:,.0f}"
    return (
        f"| {name} | {run.cpu_ns:,.0f} | {run.cpu_ns / base.cpu_ns:.2f} "
        f"| {run.rate:,.0f} | {run.mib:.0f} | {sizes if run.journal else '- | - | -'} |"
    )


HEAD = (
    "| process | CPU ns/event | / bare | events/s | RSS MiB | journal B/point "
    "| wire B/point | POSTs |\n|---|---|---|---|---|---|---|---|"
)


def test_every_point_arrives(
    benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was played is in the bodies that the database got, and in the journal."""
    monkeypatch.setattr("benchmarks.processes.SETTLE_S", 0.0)
    data = played("single", 1000)
    run = benchmark.pedantic(  # type: ignore[no-untyped-call]
        whole, args=(data, 1), rounds=1
    )
    assert min(run) > 0


def main() -> None:
    """Print one table for single frames and one for coalesced ones."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--loops", type=int, default=10, help="times over the frames")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow", type=int, default=0, help="events at 5 a second")
    given = parser.parse_args()
    for form in FORMS:
        data = played(form)
        base: list[Run] = []
        full: list[Run] = []
        for _ in range(given.rounds):
            base.append(bare(data, given.loops))
            full.append(whole(data, given.loops))
        print(f"{form}: {given.loops * data.events:,} events, goal {GOAL} times bare\n")
        print(HEAD)
        print(row("bare picows", median(base), median(base)))
        print(row("hiq serve", median(full), median(base)), end="\n\n")
    if given.slow:
        few = played("single", given.slow)
        print(f"{few.events} events at {SLOW_RATE:g} a second\n\n{HEAD}")
        run = whole(few, 1, SLOW_RATE)
        print(row("hiq serve", run, run))


if __name__ == "__main__":
    main()
