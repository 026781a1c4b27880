"""What costs too much, or for ever, with no service: W01, W02, W07, W09, W11, W12, W15."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

from hiq import Pipeline
from hiq.counting import Counting
from hiq.ha.feed import Feed
from hiq.ha.states import ConnectionState, States
from hiq.observe import Observers
from hiq.stats import Stats
from hiq.web.house import House
from hiq.web.site import resident_bytes
from tests.corpus import frames
from tests.events import frame, state_changed
from tests.web.test_house import event, listen, state


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
