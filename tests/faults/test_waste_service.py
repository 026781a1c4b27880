"""What costs too much in a running service: W03-W06, W08, W10, W13, W14."""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hiq import Pipeline, deliveries
from hiq import appending as appending_module
from hiq.ha.feed import Feed
from hiq.settings import JournalSettings
from hiq.simulate.server import Simulator
from hiq.sink.base import Batch, Done, Outcome, Retry
from hiq.stats import Stats
from tests.corpus import frames
from tests.events import frame, state_changed
from tests.fake_influx import FakeInflux
from tests.faults.databases import influx_settings
from tests.serving import StubbornSink, running, settings_for, until

EVENTS = 1_000


TRICKLE = 100
"""Events that come one by one, each in a read of its own."""


async def through(
    simulator: Simulator, folder: Path, work: Callable[[], None] = lambda: None
) -> None:
    """Run a service, call `work` when it is live, then send it some events."""
    async with running(settings_for(simulator, folder)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        await it.settled()
        work()
        simulator.fire(EVENTS)
        await until("received", lambda: it.stats.received == 60 + EVENTS)
        for number in range(1, TRICKLE + 1):
            simulator.fire(1)
            await until("it", lambda n=number: it.stats.changes == EVENTS + n)
        await it.settled()


async def test_W03_no_line_is_made_up_for_each_event(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody even asks for each event whether a line would be shown."""
    asked: list[str] = []
    ask = logging.Logger.isEnabledFor

    def counted(logger: logging.Logger, level: int) -> bool:
        if logger.name.startswith("hiq") and "simulate" not in logger.name:
            asked.append(logger.name)
        return ask(logger, level)

    await through(
        simulator,
        tmp_path,
        lambda: monkeypatch.setattr(logging.Logger, "isEnabledFor", counted),
    )
    assert len(asked) < TRICKLE / 5


async def test_W04_no_random_id_is_made_for_each_event(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel is not asked for entropy while events come."""
    made: list[str] = []
    entropy, identity = os.urandom, uuid.uuid4

    def begin() -> None:
        monkeypatch.setattr(os, "urandom", lambda n: made.append("u") or entropy(n))
        monkeypatch.setattr(uuid, "uuid4", lambda: made.append("i") or identity())

    await through(simulator, tmp_path, begin)
    assert made == []


async def test_W05_no_line_is_logged_for_each_event(
    simulator: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not at the level of debugging either; latency is in histograms."""
    with caplog.at_level(logging.DEBUG, "hiq"):
        await through(simulator, tmp_path, caplog.clear)
        lines = [r for r in caplog.records if "simulate" not in r.name]
    assert len(lines) < 20


async def test_W06_no_task_is_made_for_each_event(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Tasks follow reads and requests; a frame asks for the time once."""
    loop = asyncio.get_running_loop()
    made = 0

    def make(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> Any:
        nonlocal made
        made += 1
        return asyncio.Task(coro, loop=loop, **options)

    await through(simulator, tmp_path, lambda: loop.set_task_factory(make))
    loop.set_task_factory(None)
    assert made < EVENTS / 10

    looks: list[float] = []
    feed = Feed(
        Pipeline(),
        Stats(),
        on_full=lambda: None,
        clock=lambda: looks.append(0.0) or 0.0,
    )
    one = frame(state_changed())
    feed(b"[" + b",".join([one] * 50) + b"]", snapshot=False)
    assert len(looks) == 1


class Forgetful(StubbornSink):
    """A database that wants everything three times."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.bodies: list[bytes] = []

    async def write(self, batch: Batch) -> Outcome:
        """Remember what came; take it at the third time."""
        self.bodies.append(bytes(batch.body))
        if len(self.bodies) % 3:
            return Retry("not yet", after_s=0.0)
        self.written += batch.points
        return Done()


async def test_W08_a_retry_sends_the_same_bytes(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are checked, encoded and compressed once, however often they are sent."""
    sink = Forgetful("store")
    compressed: list[int] = []
    compress = appending_module.compress

    def counted(data: Any) -> bytes:
        compressed.append(len(data))
        return compress(data)

    monkeypatch.setattr(deliveries, "make", lambda settings, data_dir: sink)
    monkeypatch.setattr(appending_module, "compress", counted)
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("taken", lambda: sink.written)
        await it.settled()
        assert sink.bodies[0] == sink.bodies[1] == sink.bodies[2]
        assert len(compressed) == it.stats.journal.records
        assert it.stats.sinks["store"].retries >= 2


async def test_W10_what_is_sent_is_compressed(
    simulator: Simulator, tmp_path: Path
) -> None:
    """The wire carries a quarter of the lines at most, and they are short themselves."""
    async with FakeInflux(2) as influx:
        async with running(influx_settings(simulator, tmp_path, influx)) as it:
            await until("subscribed", lambda: it.stats.snapshot_states)
            simulator.fire(EVENTS)
            await until("received", lambda: it.stats.received == 60 + EVENTS)
            await it.settled()
        writes = [seen for seen in influx.requests if seen.path == "/api/v2/write"]
        assert {seen.headers["Content-Encoding"] for seen in writes} == {"gzip"}
        sent = sum(int(seen.headers["Content-Length"]) for seen in writes)
        assert 4 * sent < sum(len(line) + 1 for line in influx.lines)

    pipeline = Pipeline({"schema": "homeiq"})  # that of the service before: 1,526 bytes
    points = sum(pipeline.feed(one).points for one in frames(limit=2_000))
    assert len(pipeline.take()) <= 650 * points


async def test_W13_one_layer_holds_an_event(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One commit, one request; the longest wait is the commit's, a quarter second."""
    sink = StubbornSink("store")
    monkeypatch.setattr(deliveries, "make", lambda settings, data_dir: sink)
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        await it.settled()
        commits = it.stats.journal.commits
        requests = it.stats.sinks["store"].requests["done"]
        simulator.set("sensor.single", "1")
        await until("received", lambda: it.stats.received == 61)
        await it.settled()
        assert it.stats.journal.commits == commits + 1
        assert it.stats.sinks["store"].requests["done"] == requests + 1
    assert JournalSettings().commit == 0.25


async def test_W14_the_database_is_not_asked_at_the_start(
    simulator: Simulator, tmp_path: Path
) -> None:
    """What is sent to it are writes; totals come from hiq's own files."""
    async with FakeInflux(2) as influx:
        async with running(influx_settings(simulator, tmp_path, influx)) as it:
            await until("subscribed", lambda: it.stats.snapshot_states)
            await it.settled()
        asked = {(seen.method, seen.path) for seen in influx.requests}
    assert asked == {("POST", "/api/v2/write")}
