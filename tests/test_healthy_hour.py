"""A healthy home for an hour by a clock by hand: the whole monitor, and no alert.

The home, the pipeline and the monitor are real; the journal and the database are
counters, since the hour passes in seconds. A real hour of a whole service is
`make healthy`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import msgspec
import pytest

from hiq import Pipeline
from hiq.assure.monitor_stages import JOURNAL
from hiq.ha.feed import Feed
from hiq.journal.journal import Entry
from hiq.oversight import Oversight
from hiq.settings import HomeAssistantSettings, MonitorSettings, Settings, SinkSettings
from hiq.simulate.world import World
from hiq.sink.base import Batch, Check, Done, Outcome
from hiq.stats import SinkStats, Stats
from hiq.supervise import Supervisor
from hiq.web.parts import Parts

START_S = 1_795_000_000.0
COMMIT_S = 0.25
HOUR_S = 3600.0
RATE = 20.0


class NoGuests:
    """Nobody is connected."""

    on_sent: object = None

    def sessions(self) -> tuple[()]:
        """Return no session."""
        return ()

    def alert(self, **_fields: object) -> int:
        """Tell nobody."""
        return 0


class Journal:
    """Takes everything."""

    def append(self, entries: list[tuple[str, Entry]]) -> None:
        """Take it."""


class Database:
    """Confirms everything."""

    name = "db"
    joins_members = True

    async def start(self) -> None:
        """Nothing to do."""

    async def write(self, batch: Batch) -> Outcome:
        """Confirm."""
        return Done()

    async def check(self) -> list[Check]:
        """Not asked for."""
        return []

    async def close(self) -> None:
        """Nothing to do."""


class Walk:
    """A home, its way through hiq, and the clock they share."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 0.0
        self.random = Random(12)
        sink = SinkSettings(name="db", type="stdout")
        self.settings = Settings(
            home_assistant=HomeAssistantSettings(token="x" * 40),
            sinks=(sink,),
            monitor=MonitorSettings(learn=600.0),
            data_dir=folder,
        )
        self.stats = Stats()
        self.stats.sinks["db"] = SinkStats("db", "stdout", state="ok")
        self.stats.journal.writable = True
        stopping = asyncio.Event()
        self.oversight = Oversight(
            self.settings,
            self.stats,
            Parts(),
            Supervisor(self.stats.errors, stopping).down,
            NoGuests(),  # type: ignore[arg-type]
            lambda: START_S + self.now_s,
            steady=lambda: self.now_s,
        )
        self.pipeline = Pipeline({})
        self.feed = Feed(
            self.pipeline,
            self.stats,
            on_full=lambda: None,
            clock=lambda: START_S + self.now_s,
        )
        self.journal = self.oversight.open(
            Journal(), self.pipeline, asyncio.to_thread, lambda _name, _run: None
        )
        self.sink = self.oversight.sink(Database(), sink)
        self.world = World(entities=200, seed=8)

    def connect(self) -> None:
        """Log in and read the states."""
        ha = self.stats.ha
        ha.state, ha.subscribed, ha.ping_s = "CONNECTED", True, 0.01
        ha.connects += 1
        self.world.begin(int((START_S - 5.0) * 1e6))
        states = b",".join(state.json for state in self.world.states.values())
        self.feed(b'{"id":3,"type":"result","result":[%b]}' % states, snapshot=True)

    def change(self) -> None:
        """Let the home change, as long as a batch is gathered; at random."""
        at = self.now_s + self.random.expovariate(RATE)
        end = self.now_s + COMMIT_S
        while at < end:
            self.now_s = at
            change = self.world.step(int((START_S + at) * 1e6))
            frame = b'{"id":2,"type":"event","event":%b}' % change.json
            self.feed(frame, snapshot=False)
            at += self.random.expovariate(RATE)
        self.now_s = end

    async def deliver(self) -> None:
        """Journal what came, and let the database have it."""
        for part in self.pipeline.take_batches(None, 5000, 1 << 22):
            if not part.points:
                continue
            entry = Entry(b"", part.points, part.first_ns, part.last_ns)
            self.journal.append([("ha", entry)])
            self.stats.accepted += part.points
            self.stats.journal.commits += 1
            await self.sink.write(Batch(b"", part.points, part.first_ns, part.last_ns))
            sink = self.stats.sinks["db"]
            sink.written += part.points
            sink.requests["done"] += 1


@pytest.mark.timeout(120)
async def test_an_hour_of_a_healthy_home_raises_nothing(tmp_path: Path) -> None:
    """Two hundred entities, removed and unavailable ones among them, one reconnect."""
    walk = Walk(tmp_path)
    walk.connect()
    looks, next_s = 0, 10.0
    while walk.now_s < HOUR_S:
        walk.change()
        await walk.deliver()
        if walk.now_s >= next_s:
            next_s += 10.0
            looks += 1
            if looks == 180:
                walk.stats.ha.reconnects["lost"] += 1
                walk.connect()
                await walk.deliver()
            await walk.oversight.look()
            alerts = walk.oversight.alerts
            assert alerts.raised == {}, alerts.active
    assert looks == 360
    assert walk.stats.received > RATE * HOUR_S * 0.9
    assert walk.stats.imbalance() == 0
    document = walk.oversight.alarms.document(START_S + walk.now_s)
    assert document.latency["journal"].count > 100
    assert 0 < document.latency["journal"].p95 <= COMMIT_S * 1.3
    assert document.components["sink db"].status == "ok"
    assert all(not check.failures for check in document.checks.values())
    msgspec.json.encode(document)


async def test_of_many_commits_some_are_looked_at(tmp_path: Path) -> None:
    """A commit each millisecond costs no more thought than twenty a second."""
    walk = Walk(tmp_path)
    for number in range(1000):
        walk.now_s = number / 1000
        made_ns = int((START_S + walk.now_s - 0.5) * 1e9)
        walk.journal.append([("ha", Entry(b"", 1, made_ns, made_ns))])
    await walk.oversight.look()
    summary = walk.oversight.stages.latencies[JOURNAL].summary(walk.now_s)
    assert summary is not None
    assert summary.count == 2 * 20  # the first and the last time of each
    assert summary.least_s == pytest.approx(0.5)
