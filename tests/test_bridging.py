"""A disk that stalls under full load: memory bridges it up to a mark, then the socket.

Everything is real but the journal's disk: a home on a socket, ingest, pipeline, pump.
"""

from __future__ import annotations

import asyncio
import threading

import pytest

from hiq.flow import Gate
from hiq.ha.reading import READ_BYTES
from hiq.pump import Pump
from hiq.settings.schema import JournalSettings
from tests.ha.home import event, scripted_home
from tests.ingesting import DEADLINE, Run

pytestmark = pytest.mark.usefixtures("listener")

HIGH_BYTES = 1024 * 1024
FRAMES, EACH = 400, 200


class Stalling:
    """A journal whose disk answers only after `go` was set."""

    def __init__(self):
        self.go = threading.Event()
        self.points = 0

    def append(self, entries):
        assert self.go.wait(DEADLINE)
        self.points += sum(entry.points for _, entry in entries)


class Pumped(Run):
    """An ingest that wakes a pump, as in the service."""

    def __init__(self, url, journal):
        super().__init__(url)
        gate = Gate(
            HIGH_BYTES,
            pause=self.ingest.pause_reading,
            resume=self.ingest.resume_reading,
        )
        settings = JournalSettings(commit=0.01)
        self.pump = Pump(self.pipeline, journal, self.stats, settings, gate=gate)

    def _data(self):
        super()._data()
        self.pump.wake()


async def test_a_stalled_disk_is_bridged_and_then_stops_the_reading():
    """Memory grows to the mark and one read; the rest waits in the socket, unlost."""
    frames = [
        "[" + ",".join(event(f"a.s{i}", str(n), n % 60) for i in range(EACH)) + "]"
        for n in range(FRAMES)
    ]
    journal = Stalling()
    async with scripted_home() as home, asyncio.timeout(4 * DEADLINE):
        run = Pumped(home.url, journal)
        async with asyncio.TaskGroup() as group:
            pumping = group.create_task(run.pump.run())
            group.create_task(run.ingest.run())
            await run.subscribed()
            sending = group.create_task(flood(home, frames))
            await run.until(lambda: run.stats.ha.paused)
            await asyncio.sleep(0.2)
            held = run.stats.received
            assert run.stats.buffered == held < FRAMES * EACH
            assert 0 <= 2 * run.stats.buffered_bytes - HIGH_BYTES < 2 * READ_BYTES
            assert (run.stats.ha.pauses, run.pump.gate.closings) == (1, 1)
            journal.go.set()
            await run.until(lambda: run.stats.accepted == FRAMES * EACH)
            await sending
            await run.ingest.stop()
            pumping.cancel()
    assert journal.points == run.stats.received == FRAMES * EACH
    assert run.stats.imbalance() == 0
    assert (run.stats.ha.paused, run.stats.ha.connects) == (False, 1)


async def flood(home, frames):
    """Send as fast as it is taken."""
    for frame in frames:
        await home.socket.send(frame)
