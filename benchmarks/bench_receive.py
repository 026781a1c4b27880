"""What receiving costs: processor time per event of hiq's connection and of others.

    python -m benchmarks.bench_receive [--loops 5] [--rounds 3]

Each receiver is a process of its own on the same prebuilt frames from the same sender,
by turns; its time in user and kernel counts, from the first frame to the pong behind
the last one. Ratios are to `picows`, a bare listener that copies each frame.
"""

from __future__ import annotations

import argparse
import statistics
from typing import TYPE_CHECKING

import pytest

from benchmarks.loopback import Home
from benchmarks.playing import FORMS, Played, played
from benchmarks.processes import receiver, usage
from benchmarks.receivers import KINDS

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

BASELINE = "picows"


def one_run(kind: str, data: Played, loops: int) -> tuple[float, float]:
    """Return nanoseconds per event and events per second; checks what was taken."""
    with Home() as home, receiver(kind, home) as process:
        before = usage(process.pid)
        took_s = sum(home.play(data.pieces) for _ in range(loops))
        used = usage(process.pid).since(before)
        home.hang_up()
        assert process.stdout is not None
        taken = int(process.stdout.readline())
    counts_events = kind in {"feed", "ingest"}
    expected = loops * (data.events if counts_events else len(data.messages))
    if taken != expected:
        raise AssertionError(f"{kind} took {taken} of {expected}")
    events = loops * data.events
    return used.cpu_ns / events, events / took_s


def table(form: str, loops: int, rounds: int) -> list[str]:
    """Measure all receivers by turns; one table in Markdown."""
    data = played(form)
    runs: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for _ in range(rounds):
        for kind in KINDS:
            runs[kind].append(one_run(kind, data, loops))
    base = statistics.median(ns for ns, _ in runs[BASELINE])
    out = [
        f"{form}: {loops} x {data.events:,} events in {len(data.messages):,} frames",
        "",
        f"| receiver | ns/event | / {BASELINE} | events/s |",
        "|---|---|---|---|",
    ]
    for kind, found in runs.items():
        ns, rate = (statistics.median(column) for column in zip(*found, strict=True))
        out.append(f"| {kind} | {ns:,.0f} | {ns / base:.2f} | {rate:,.0f} |")
    return [*out, ""]


@pytest.mark.parametrize("kind", ["picows", "feed"])
def test_receive(
    benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Everything that was sent was taken."""
    monkeypatch.setattr("benchmarks.processes.SETTLE_S", 0.0)
    data = played("single", 1000)
    run = benchmark.pedantic(  # type: ignore[no-untyped-call]
        one_run, args=(kind, data, 1), rounds=1
    )
    assert min(run) > 0


def main() -> None:
    """Print one table for single frames and one for coalesced ones."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--loops", type=int, default=5, help="times over the frames")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for form in FORMS:
        print("\n".join(table(form, given.loops, given.rounds)))


if __name__ == "__main__":
    main()
