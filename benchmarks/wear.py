"""Wear: disk bytes and syncs per day, from the real encoder on recorded frames.

    python -m benchmarks.wear [--rate 5] [--events 5000] [--folder DIR] [--device NAME]

Recorded events come at random instants (Poisson, seeded) on a clock that does not
wait; each commit goes through the pipeline, the compressor and the journal, and one
sink that keeps pace moves its cursor. What is counted is scaled to a day:

- records: bytes of the journal's records;
- pages: 4 KiB pages of the segments that each sync has to write, most of them again;
- device (with --device, a name of /sys/class/block on which DIR lies and nothing else
  writes): everything that reached it, the file system's own journal included.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

from tests.corpus import frames as recorded

from hiq import Pipeline
from hiq.journal.journal import Entry, Journal
from hiq.packing import compress
from hiq.pump import MAX_BYTES, MAX_POINTS
from hiq.saving import SAVE_S
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMITS_S = (0.25, 1.0, 5.0, 30.0)
DAY_S = 86_400.0
PAGE = 4096
SECTOR = 512
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wear:
    """What one commit time costs per day; `device` is None if it was not watched."""

    commit_s: float
    events_per_commit: float
    syncs: float
    lines: float
    records: float
    pages: float
    device: float | None


def commits(
    frames: list[bytes], rate: float, commit_s: float, count: int, seed: int = 1
) -> Iterator[tuple[float, list[bytes]]]:
    """Yield instant and frames of each commit, as the pump would have them."""
    draw = random.Random(seed)
    now = 0.0
    until = 0.0
    window: list[bytes] = []
    for frame in islice(cycle(frames), count):
        now += draw.expovariate(rate)
        if window and now > until:
            yield until, window
            window = []
        if not window:
            until = now + commit_s
        window.append(frame)
    if window:
        yield until, window


def written(device: str) -> int:
    """Bytes written to a block device since it is there."""
    stat = Path("/sys/class/block", device, "stat").read_text(encoding="ascii")
    return int(stat.split()[6]) * SECTOR


def measure(
    frames: list[bytes],
    commit_s: float,
    folder: Path,
    *,
    rate: float,
    events: int,
    device: str | None = None,
) -> Wear:
    """Run so many events through the journal in a new folder."""
    stats = JournalStats()
    clock = [0.0]
    journal = Journal.open(
        folder, JournalSettings(min_free_bytes=0), stats, clock=lambda: clock[0]
    )
    cursor = journal.cursor("sink", "ha")
    pipeline = Pipeline()
    lines = pages = count = 0
    saved_at = 0.0
    os.sync()
    before = written(device) if device else 0
    for instant, window in commits(frames, rate, commit_s, events):
        clock[0] = instant
        for frame in window:
            pipeline.feed(frame)
        parts = pipeline.take_batches(None, MAX_POINTS, MAX_BYTES)
        if not parts:
            continue
        lines += sum(len(part.data) for part in parts)
        count += 1
        begin = stats.bytes
        journal.append(
            [
                ("ha", Entry(compress(p.data), p.points, p.first_ns, p.last_ns))
                for p in parts
            ]
        )
        pages += (stats.bytes - 1) // PAGE - begin // PAGE + 1
        while (chunk := cursor.read(5_000, MIB)) is not None:
            cursor.confirm(chunk.end)
        if instant - saved_at >= SAVE_S:
            cursor.save(sync=False)
            saved_at = instant
    os.sync()
    after = written(device) if device else 0
    days = clock[0] / DAY_S
    journal.close()
    return Wear(
        commit_s=commit_s,
        events_per_commit=events / count,
        syncs=stats.fsyncs / days,
        lines=lines / days,
        records=stats.written_bytes / days,
        pages=pages * PAGE / days,
        device=(after - before) / days if device else None,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=5.0, help="events per second")
    parser.add_argument("--events", type=int, default=5_000, help="events per row")
    parser.add_argument("--folder", type=Path, help="where to write (temporary)")
    parser.add_argument("--device", help="block device to watch, such as mmcblk0")
    given = parser.parse_args()
    frames = recorded(limit=given.events)
    print(f"per day at {given.rate:g} events/s, one sink; MiB")
    print("| commit | events each | syncs | lines | records | pages | device |")
    print("|---|---|---|---|---|---|---|")
    for commit_s in COMMITS_S:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            wear = measure(
                frames,
                commit_s,
                Path(folder) / "journal",
                rate=given.rate,
                events=given.events,
                device=given.device,
            )
        device = "-" if wear.device is None else f"{wear.device / MIB:,.0f}"
        print(
            f"| {commit_s:g} s | {wear.events_per_commit:.1f} | {wear.syncs:,.0f} "
            f"| {wear.lines / MIB:,.0f} | {wear.records / MIB:,.0f} "
            f"| {wear.pages / MIB:,.0f} | {device} |"
        )


if __name__ == "__main__":
    main()
