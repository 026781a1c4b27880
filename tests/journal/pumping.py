"""A pump with what belongs to it, and the ways in which its thread can go wrong."""

from __future__ import annotations

import asyncio
import gzip
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import orjson
import pytest

import hiq
from hiq.journal.journal import Journal
from hiq.pump import Pump
from hiq.settings.schema import JournalSettings
from hiq.stats import Stats
from tests.journal.clockwork import Clockwork, InPlace, steady
from tests.journal.disk import Disk
from tests.reference import ReferencePipeline


def frame(number, state=None, entity="sensor.a"):
    """One event as Home Assistant sends it."""
    when = f"2026-11-20T12:00:00.{number:06d}+00:00"
    new = {
        "entity_id": entity,
        "state": str(number) if state is None else state,
        "attributes": {},
        "last_changed": when,
        "last_updated": when,
        "context": {"id": "x", "parent_id": None, "user_id": None},
    }
    event = {
        "event_type": "state_changed",
        "data": {"entity_id": entity, "old_state": None, "new_state": new},
        "origin": "LOCAL",
        "time_fired": when,
        "context": {"id": "x", "parent_id": None, "user_id": None},
    }
    return orjson.dumps({"id": 1, "type": "event", "event": event})


class Bench:
    """A pump and what belongs to it."""

    def __init__(self, path, pipeline, executor=None, gate=None, **settings):
        self.disk = Disk()
        self.time = Clockwork()
        self.stats = Stats()
        self.settings = JournalSettings(**{"min_free_bytes": 0, **settings})
        self.pipeline = pipeline
        self.journal = Journal.open(
            path, self.settings, self.stats.journal, clock=self.time, files=self.disk
        )
        self.cursor = self.journal.cursor("db", "ha")
        self.pump = Pump(
            self.pipeline,
            self.journal,
            self.stats,
            self.settings,
            executor=executor or InPlace(),
            gate=gate,
            clock=self.time,
            timer=self.time,
            pauses=steady,
            wait=self.time.wait,
        )
        self.commits = 0
        self.pump.committed.add(self._committed)

    def _committed(self):
        self.commits += 1

    def feed(self, *frames):
        """Let frames come in, as ingest does."""
        for each in frames:
            verdict = self.pipeline.feed(each)
            self.stats.received += verdict.events
            self.stats.skipped += verdict.skipped
            self.stats.rejected += verdict.rejected
        self.pump.wake()
        assert self.stats.imbalance() == 0

    def lines(self):
        """Every line in the journal that was not read before."""
        lines = []
        while (chunk := self.cursor.read(5_000, 1 << 20)) is not None:
            lines += gzip.decompress(chunk.body).splitlines()
            self.cursor.advance(chunk.end)
        return lines


@asynccontextmanager
async def running(pump):
    """The pump running as a task."""
    task = asyncio.ensure_future(pump.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Slow(ThreadPoolExecutor):
    """A thread whose next job ends only when told."""

    def __init__(self):
        super().__init__(1)
        self.jobs = []

    def submit(self, fn, /, *args, **kwargs):
        go = threading.Event()
        self.jobs.append(go)

        def work():
            go.wait(20)
            return fn(*args, **kwargs)

        return super().submit(work)


class Breaking:
    """A journal in which the second append meets a fault that nobody foresaw."""

    def __init__(self):
        self.bodies = []
        self.broken = True

    def append(self, entries):
        if self.bodies and self.broken:
            raise RuntimeError("unforeseen")
        self.bodies += [entry.body for _, entry in entries]


@pytest.fixture(params=["compiled", "reference"])
def bench(tmp_path, request):
    """Give a pump on either pipeline."""
    make = hiq.Pipeline if request.param == "compiled" else ReferencePipeline
    bench = Bench(tmp_path / "journal", make())
    yield bench
    bench.journal.close()
