"""From the event of Home Assistant to the synced journal: how long, at a steady rate.

    python -m benchmarks.latency [--rate 1000] [--seconds 10] [--commit 250ms 10ms]

The sender notes when it sent each message; `hiq serve` runs with a journal that notes
when each append returned, which is after its fdatasync, and how many points it took.
Only messages that make a point are sent, and they are kept in order, so the n-th sent
is on the disk with the append that reaches n. The bound is the commit time and three
times the p99 of a bare loop: write about as many bytes as a record has, fdatasync. The
loop is a process of its own and runs meanwhile, thirty times a second, so that it meets
the same disk and the same neighbours on the processors. Beside it stands the bound by
such a loop that runs alone, behind the run.
"""

from __future__ import annotations

import argparse
import os
import runpy
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.loopback import Database, Home

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SYNCS_A_SECOND = 30
ALONE_S = 5.0
POINT_BYTES = 60
"""In a small record; what a record has beside its points counts as ten of them."""
ROOT = Path(__file__).parent.parent
NOTES = "HIQ_BENCHMARK_NOTES"
SECONDS = {"ms": 1e-3, "s": 1.0}


def main_traced() -> None:
    """Run hiq with a journal that notes its appends; see `main`."""
    from hiq.journal.journal import Entry, Journal  # noqa: PLC0415

    notes = Path(os.environ[NOTES]).open("w", buffering=1)  # noqa: SIM115  till the end
    append = Journal.append

    def noting(self: Journal, entries: Sequence[tuple[str, Entry]]) -> None:
        append(self, entries)
        done = time.monotonic()
        notes.write(f"{done} {sum(entry.points for _, entry in entries)}\n")

    Journal.append = noting  # type: ignore[method-assign,assignment]
    sys.argv.pop(1)
    runpy.run_module("hiq", run_name="__main__", alter_sys=True)


def points_only(count: int) -> list[bytes]:
    """So many recorded messages, each of which makes one point."""
    from benchmarks.playing import played  # noqa: PLC0415  hiq runs without the corpus
    from hiq import Pipeline  # noqa: PLC0415

    pipeline = Pipeline()
    good = [m for m in played("single", 5000).messages if pipeline.feed(m).points]
    return list(islice(cycle(good), count))


def waits(sent: Sequence[float], notes: str) -> list[float]:
    """Seconds of each message."""
    out: list[float] = []
    for line in notes.splitlines():
        done, points = line.split()
        out += (
            float(done) - sent[at] for at in range(len(out), len(out) + int(points))
        )
    return out


def main_syncs(path: str, size: str) -> None:
    """Print the seconds of each write and fdatasync of so many bytes, for ever."""
    data = os.urandom(int(size))
    with Path(path).open("wb", buffering=0) as file:
        while True:
            began = time.monotonic()
            file.write(data)
            os.fdatasync(file.fileno())
            print(time.monotonic() - began, flush=True)
            time.sleep(1 / SYNCS_A_SECOND)


@contextmanager
def syncs(path: Path, size: int) -> Iterator[list[float]]:
    """Run the bare loop during the block; the list is full behind it."""
    out: list[float] = []
    command = [sys.executable, "-m", "benchmarks.latency", "syncs", str(path)]
    printed = path.with_suffix(".times")
    with printed.open("w") as file, subprocess.Popen(
        [*command, str(size)], cwd=ROOT, stdout=file
    ) as process:  # fmt: skip
        try:
            while not printed.stat().st_size and process.poll() is None:
                time.sleep(0.01)
            yield out
        finally:
            process.kill()
    out += map(float, printed.read_text(encoding="ascii").splitlines())


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def measure(commit: str, rate: float, seconds: float, place: Path | None) -> str:
    """Run once; returns one row in Markdown."""
    from benchmarks.processes import serving  # noqa: PLC0415  needs the corpus

    unit = "ms" if commit.endswith("ms") else "s"
    commit_s = float(commit.removesuffix(unit)) * SECONDS[unit]
    size = int((rate * commit_s + 10) * POINT_BYTES)
    messages = points_only(int(rate * seconds))
    with (
        tempfile.TemporaryDirectory(dir=place) as name,
        Home() as home,
        Database() as database,
    ):
        folder = Path(name)
        os.environ[NOTES] = str(folder / "notes")
        module = ("benchmarks.latency", "traced")
        with (
            serving(home, database.url, folder, commit=commit, module=module),
            syncs(folder / "bare", size) as bare,
        ):
            sent = home.play_paced(messages, rate)
        took = waits(sent, (folder / "notes").read_text(encoding="ascii"))
        if len(took) != len(messages):
            raise AssertionError(f"{len(took)} of {len(messages)} were journaled")
        with syncs(folder / "alone", size) as alone:
            time.sleep(ALONE_S)
    bare99, alone99 = quantile(bare, 0.99), quantile(alone, 0.99)
    bound, bound_alone = commit_s + 3 * bare99, commit_s + 3 * alone99
    p50, p99 = quantile(took, 0.5), quantile(took, 0.99)
    figures = (p50, p99, max(took), bare99, alone99, bound)
    cells = " | ".join(f"{figure * 1000:.1f}" for figure in figures)
    return f"| {commit} | {cells} | {p99 / bound:.2f} | {p99 / bound_alone:.2f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=1000.0, help="events per second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--commit", nargs="+", default=["250ms", "50ms", "1ms"])
    parser.add_argument("--folder", type=Path, help="where to write (temporary)")
    given = parser.parse_args()
    print(f"{given.rate:g} events/s for {given.seconds:g} s; ms\n")
    print(
        "| commit | p50 | p99 | longest | fdatasync p99 | alone | bound of p99 "
        "| p99 / bound | alone |\n|---|---|---|---|---|---|---|---|---|"
    )
    for commit in given.commit:
        print(measure(commit, given.rate, given.seconds, given.folder), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["traced"]:
        main_traced()
    elif sys.argv[1:2] == ["syncs"]:
        main_syncs(*sys.argv[2:])
    else:
        main()
