"""A scripted database, and a deliverer between it and a real journal."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import msgspec

from hiq.deliver import DeadLetters, Deliverer
from hiq.journal.journal import Entry, Journal
from hiq.packing import compress
from hiq.settings.schema import JournalSettings
from hiq.sink.base import Done, Refused, TooBig
from hiq.stats import SinkStats, Stats
from tests.journal.clockwork import Clockwork, InPlace, steady, until
from tests.journal.disk import Disk


class Database:
    """A sink that stores lines; `script` gives the next answers, then `judge` does."""

    def __init__(self, name="db", *, joins_members=True):
        self.name = name
        self.joins_members = joins_members
        self.script = []
        self.bad = set()
        self.most = 1 << 30
        self.stored = []
        self.bodies = []
        self.hang = None

    async def start(self):
        """Nothing to prepare."""

    async def write(self, batch):
        self.bodies.append(batch.body)
        if self.hang is not None:
            await self.hang.wait()
        if self.script:
            answer = self.script.pop(0)
            if isinstance(answer, Exception):
                raise answer
            if answer is not None:
                return answer
        lines = batch.lines().splitlines()
        assert len(lines) == batch.points
        if len(lines) > self.most:
            return TooBig("413 too large")
        if self.bad.intersection(lines):
            self.stored += [line for line in lines if line not in self.bad]
            return Refused("partial write: bad line dropped=1")
        self.stored += lines
        return Done()

    async def check(self):
        """Nothing to check."""
        return []

    async def close(self):
        """Nothing to close."""


class Bench:
    """A journal, a database and the deliverer between them."""

    def __init__(
        self, path, *, name="db", sink=None, journal=None, executor=None, **kwargs
    ):
        joins = kwargs.pop("joins_members", True)
        own = ("max_points", "in_flight", "save_s", "linger_s", "drain_rate")
        limits = {key: kwargs.pop(key) for key in own if key in kwargs}
        self.disk = Disk()
        self.time = Clockwork()
        self.path = path
        self.accepted = 0
        self.all = Stats()
        self.journal = journal or Journal.open(
            path / "journal",
            JournalSettings(min_free_bytes=0, **kwargs),
            self.all.journal,
            clock=self.time,
            files=self.disk,
        )
        self.sink = sink or Database(name, joins_members=joins)
        self.stats = SinkStats(name, "influxdb1")
        self.letters = DeadLetters(path / "dead" / f"{name}.ndjson")
        self.deliverer = Deliverer(
            self.sink,
            self.journal.cursor(name, "ha"),
            self.stats,
            dead_letters=self.letters,
            executor=executor or InPlace(),
            clock=self.time,
            timer=self.time,
            pauses=steady,
            wait=self.time.wait,
            **limits,
        )

    def append(self, *numbers, record=5):
        """Journal a line per number, so many in a record, as the pump does."""
        lines = [line(n) for n in numbers]
        for at in range(0, len(lines), record):
            part = lines[at : at + record]
            body = compress(b"\n".join(part) + b"\n")
            self.journal.append([("ha", Entry(body, len(part), 0, 0))])
            self.accepted += len(part)
            self.deliverer.wake()
            self.balance()

    def forget(self):
        """Let what was journaled be on the disk only."""
        for stream in self.journal._room.streams.values():
            stream.tail.clear()

    def balance(self):
        """The counters add up."""
        s = self.stats
        sums = s.written + s.dead_lettered + s.dropped + s.pending
        assert s.carried + self.accepted == sums

    async def delivered(self):
        """Nothing is pending any more."""
        await until(lambda: self.stats.pending == 0)
        self.balance()

    def dead(self):
        """The dead letters."""
        return [
            msgspec.json.decode(text)
            for text in self.letters.path.read_bytes().splitlines()
        ]


def line(number):
    """A line of its own for each number."""
    return b"m,e=a v=%d %d" % (number, number)


def lines(*numbers):
    """The lines of these numbers."""
    return [line(number) for number in numbers]


@asynccontextmanager
async def running(*deliverers):
    """The deliverers running as tasks."""
    tasks = [asyncio.ensure_future(each.run()) for each in deliverers]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
