"""What costs too much, or for ever: W01-W15."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hiq import Pipeline, deliveries
from hiq import appending as appending_module
from hiq.counting import Counting
from hiq.ha.feed import Feed
from hiq.ha.states import ConnectionState, States
from hiq.observe import Observers
from hiq.settings import JournalSettings
from hiq.simulate.server import Simulator
from hiq.sink.base import Batch, Done, Outcome, Retry
from hiq.stats import Stats
from hiq.web.house import House
from hiq.web.site import resident_bytes
from tests.corpus import frames
from tests.events import frame, state_changed
from tests.fake_influx import FakeInflux
from tests.faults.databases import influx_settings
from tests.serving import StubbornSink, running, settings_for, until
from tests.web.test_house import event, listen, state

EVENTS = 1_000
TRICKLE = 100
"""Events that come one by one, each in a read of its own."""


def fastest(work: Callable[[], object], times: int = 5) -> float:
    """Return the least CPU time of some work."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def calls(work: Callable[[], object]) -> int:
    """Return how many calls of functions some work makes."""
    count = 0

    def count_one(_frame: object, what: str, _argument: object) -> None:
        nonlocal count
        count += what in {"call", "c_call"}

    sys.setprofile(count_one)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_W01_an_event_costs_the_same_after_a_hundred_thousand() -> None:
    """With rates of eight hours behind it the work is that of the beginning."""
    pipeline, stats, now = Pipeline(), Stats(), 0.0
    feed = Feed(pipeline, stats, on_full=lambda: None, clock=lambda: now)
    counting = Counting(stats, pipeline, Observers(), timer=lambda: now)
    frames = [frame(state_changed(f"sensor.number_{n}")) for n in range(300)]

    def some(events: int) -> None:
        nonlocal now
        for number in range(events):
            feed(frames[number % len(frames)], snapshot=False)
            if number % 10 == 9:  # 3.3 events a second
                now += 3
                counting.rates.sample(now)
                pipeline.take()

    some(len(frames))
    first = calls(lambda: some(10_000))
    kept = len(counting.rates)
    some(80_000)
    assert calls(lambda: some(10_000)) <= 1.1 * first
    assert len(counting.rates) <= kept + 5
    assert counting.rates.gain("15m", now).events == 3_000


def test_W02_tags_are_escaped_once_for_each_entity() -> None:
    """A known entity costs a fraction of a new one, if its tags are long and odd."""
    tags = {f"tag {n}": "a, b=c \\d" * 8 for n in range(200)}
    pipeline = Pipeline({"tags": tags, "high_water": 1 << 30})
    known = frame(state_changed())
    new = iter([frame(state_changed(f"sensor.n{n}")) for n in range(2_000)])

    def again() -> None:
        for _ in range(200):
            pipeline.feed(known)
        pipeline.take()

    def first() -> None:
        for _ in range(200):
            pipeline.feed(next(new))
        pipeline.take()

    again()
    assert 2 * fastest(again) < fastest(first)


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


def test_W07_no_frame_is_kept() -> None:
    """After `feed` nobody holds the frame, and what is buffered is the line only."""
    pipeline = Pipeline()
    given = bytearray(frame(state_changed(attributes={"filler": "x" * 100})))
    references = sys.getrefcount(given)
    assert pipeline.feed(given).points == 1
    assert sys.getrefcount(given) == references
    given.clear()  # BufferError if somebody still looked at it
    assert b"filler" in pipeline.take()
    assert pipeline.buffered_bytes == 0


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


def test_W09_a_filtered_event_costs_a_part_of_an_accepted_one() -> None:
    """60 % at most in the schema of that service: no line is made, only the check."""
    recorded = frames(limit=1_000)
    work, points = [], []
    for options in ({}, {"include": {"domains": ["nowhere"]}}):
        pipeline = Pipeline({"schema": "homeiq", **options})

        def all_of_them(pipeline: Pipeline = pipeline) -> int:
            found = sum(pipeline.feed(one).points for one in recorded)
            pipeline.take()
            return found

        points.append(all_of_them())
        work.append(all_of_them)
    assert points[0] > 900
    assert points[1] == 0
    accepted, filtered = (fastest(one, 7) for one in work)
    assert filtered <= 0.6 * accepted


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


HEAVY = ("sqlalchemy", "alembic", "fastapi", "pydantic", "apscheduler", "pandas",
         "influxdb_client", "prometheus_client", "requests", "websockets")  # fmt: skip
SCRIPT = """
import sys
import hiq.service, hiq.web.site, hiq.sink.influx, hiq.cli.serve
heavy = [name for name in sys.argv[1:] if name in sys.modules]
print(hiq.web.site.resident_bytes() or 0, *heavy)
"""


def test_W11_only_what_is_used_is_imported() -> None:
    """No database toolkit, no web framework; in memory less than 60 MB."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *HEAVY],
        env={k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    resident, *heavy = done.stdout.split()
    assert heavy == []
    assert 0 < int(resident) < 60_000_000


def test_W12_a_light_costs_the_same_among_a_thousand() -> None:
    """10,000 events of lights: the same work with one light and with 1,000."""
    events = [event("light.0", text) for text in ("off", "on") * 5_000]
    work = []
    for lights in (1, 1_000):
        house = House()
        house.begin([state(f"light.{n}", "on") for n in range(lights)])
        listen(house)
        work.append(calls(lambda house=house: house.observe(events)))
    assert work[0] == work[1]


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


def test_W15_a_million_events_leave_no_trace() -> None:
    """Memory is flat from the first hundred thousand on; histories have an end."""
    recorded = frames(limit=2_000)
    pipeline = Pipeline()

    def feed(count: int) -> None:
        while count > 0:
            for one in recorded:
                count -= pipeline.feed(one).events
            pipeline.take()

    feed(100_000)
    before = resident_bytes()
    feed(900_000)
    after = resident_bytes()
    assert before is not None
    assert after is not None
    assert after - before < 4 * 1024 * 1024

    states = States(lambda: 0.0, lambda _change: None)
    for _ in range(1_000):
        states.to(ConnectionState.CONNECTING, "x")
        states.to(ConnectionState.FAILED, "y")
        states.to(ConnectionState.RECONNECTING)
    assert len(states.history) == 100
