"""What ingest feeds: order of states and events, pauses, bad frames, refusals."""

from __future__ import annotations

import asyncio

import pytest

from hiq.ha.session import Timing
from tests.ha.home import event, scripted_home, state
from tests.ingesting import DEADLINE, FAST, Run, running
from tests.reference import ReferencePipeline

pytestmark = pytest.mark.usefixtures("listener")


async def test_states_and_events_keep_their_order():
    """Events behind the states in one frame are fed after them; repeats are dropped."""
    async with scripted_home() as home:
        home.answers["get_states"] = f"[{state('a.b', '1', 1)},{state('a.c', '7', 1)}]"
        home.after["subscribe_events"] = [event("a.c", "7", 1)]
        home.after["get_states"] = [event("a.b", "2", 2)]
        async with running(home.url) as run:
            await run.until(lambda: run.stats.received == 4)
        assert run.stats.duplicate == 1
        values = [line.split(" ")[-2] for line in run.lines()]
        assert values == ["value=7.0", "value=1.0", "value=2.0"]


async def test_mqtt_lights_are_told_to_the_pipeline_before_the_first_event():
    """The registry is asked before subscribing, and a later one takes tags back."""
    calls = []

    class Pipeline(ReferencePipeline):
        def set_tags(self, entity_id, tags):
            calls.append((entity_id, tags))
            super().set_tags(entity_id, tags)

    async with scripted_home() as home:
        home.answers["config/entity_registry/list"] = (
            '[{"entity_id":"light.a","platform":"mqtt"},'
            '{"entity_id":"light.b","platform":"hue"}]'
        )
        async with running(home.url, pipeline=Pipeline({})) as run:
            await run.subscribed()
            tags = {"platform": "mqtt", "integration": "mqtt"}
            assert calls[0] == ("light.a", tags)
            assert [entity_id for entity_id, _ in calls] == ["light.a", "light.b"]
            home.answers["config/entity_registry/list"] = "[]"
            await home.socket.close()
            await run.until(lambda: len(calls) == 4)
            assert calls[2:] == [("light.a", None), ("light.b", None)]


async def test_a_starting_home_is_asked_for_its_states_again_when_it_runs():
    """NOT_RUNNING is followed until RUNNING, then all states come once more."""
    async with scripted_home() as home:
        home.answers["get_config"] = '{"state":"NOT_RUNNING"}'
        home.answers["get_states"] = f"[{state('a.b', '1')}]"
        async with running(home.url, timing=FAST) as run:
            await home.until("get_config", 3)
            assert home.asked("get_states") == 1
            home.answers["get_config"] = '{"state":"RUNNING"}'
            home.answers["get_states"] = f"[{state('a.b', '1')},{state('a.c', '2', 5)}]"
            await run.until(lambda: run.stats.snapshot_states == 3)
        assert home.asked("get_states") == 2
        assert run.stats.duplicate == 1


async def test_big_answers_do_not_close_the_connection():
    """A registry and states of more than 4 MiB each are taken on one connection."""
    many = [state(f"sensor.s{i}", "1" * 200) for i in range(12_000)]
    entries = ",".join(
        f'{{"entity_id":"sensor.s{i}","platform":"{"p" * 400}"}}' for i in range(12_000)
    )
    async with scripted_home() as home:
        home.answers["config/entity_registry/list"] = f"[{entries}]"
        home.answers["get_states"] = f"[{','.join(many)}]"
        assert min(map(len, (entries, home.answers["get_states"]))) > 4 * 1024**2
        async with running(home.url) as run:
            await run.until(lambda: run.stats.snapshot_states == 12_000)
        assert run.stats.ha.connects == 1
        assert run.stats.rejected == 0


async def test_a_paused_reader_feeds_nothing_and_is_not_late():
    """While the gate is closed no frame is fed and no deadline passes."""
    timing = Timing(ping_interval_s=0.02, ping_timeout_s=0.05)
    async with scripted_home() as home, running(home.url, timing=timing) as run:
        await run.subscribed()
        run.ingest.pause_reading()
        run.ingest.pause_reading()
        assert (run.stats.ha.paused, run.stats.ha.pauses) == (True, 1)
        await home.socket.send(event("a.b", "1"))
        for _ in range(10):
            await home.socket.ping()
            await asyncio.sleep(0.01)
        assert run.stats.received == 0
        assert run.stats.ha.reconnects.total() == 0
        run.ingest.resume_reading()
        await run.until(lambda: run.stats.received == 1)
        assert not run.stats.ha.paused
        assert run.stats.ha.connects == 1


async def test_a_paused_reader_does_not_log_in():
    """A connection made while the gate is closed waits for it to open."""
    async with scripted_home() as home:
        run = Run(home.url)
        run.ingest.pause_reading()
        async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
            group.create_task(run.ingest.run())
            await run.until(lambda: len(home.sockets) == 1)
            await asyncio.sleep(0.05)
            assert run.stats.ha.connects == 0
            run.ingest.resume_reading()
            await run.subscribed()
            await run.ingest.stop()


async def test_a_pause_holds_in_the_middle_of_states():
    """A gate that closes while states are fed stops them, and what comes behind."""
    home_states = f"[{','.join(state(f'a.s{i}', '1') for i in range(600))}]"

    class Pipeline(ReferencePipeline):
        closes = True

        def feed(self, frame, snapshot=False):
            verdict = super().feed(frame, snapshot)
            if snapshot and self.closes:
                run.ingest.pause_reading()
                self.closes = False
            return verdict

    async with scripted_home() as home:
        home.answers["get_states"] = home_states
        home.after["get_states"] = [event("a.s0", "2", 9)]
        run = Run(home.url, pipeline=Pipeline({}))
        async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
            group.create_task(run.ingest.run())
            await run.until(lambda: run.stats.ha.paused)
            fed = run.stats.received
            await asyncio.sleep(0.05)
            assert run.stats.received == fed < 600
            run.ingest.resume_reading()
            await run.until(lambda: run.stats.received == 601)
            await run.ingest.stop()


async def test_a_full_pipeline_wakes_the_pump_at_once():
    """`full` in a verdict calls on_data before the end of the read."""

    class Pipeline(ReferencePipeline):
        def feed(self, frame, snapshot=False):
            verdict = super().feed(frame, snapshot)
            if verdict.points:
                verdict.full = True
                woken.append(run.wakes)
            return verdict

    woken = []
    async with scripted_home() as home:
        run = Run(home.url, pipeline=Pipeline({}))
        async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
            group.create_task(run.ingest.run())
            await run.subscribed()
            wakes = run.wakes
            await home.socket.send(event("a.b", "1"))
            await run.until(lambda: run.stats.received == 1)
            assert run.wakes >= wakes + 2
            await run.ingest.stop()
    assert len(woken) == 1


async def test_a_frame_that_is_no_json_is_counted_and_survived():
    """A broken frame costs nothing but itself."""
    async with scripted_home() as home, running(home.url) as run:
        await run.subscribed()
        await home.socket.send('[{"type":')
        await home.socket.send(event("a.b", "1"))
        await run.until(lambda: run.stats.received == 1)
        assert run.stats.bad_frames == 1
        assert run.stats.ha.connects == 1


async def test_a_fault_of_ours_is_logged_counted_and_survived(caplog):
    """An exception while feeding costs the connection, not the service."""

    class Pipeline(ReferencePipeline):
        faults = 1

        def feed(self, frame, snapshot=False):
            if self.faults and b"state_changed" in bytes(frame):
                self.faults -= 1
                raise ZeroDivisionError
            return super().feed(frame, snapshot)

    async with scripted_home() as home, running(home.url, pipeline=Pipeline({})) as run:
        await run.subscribed()
        await home.socket.send(event("a.b", "1"))
        await run.subscribed(2)
        await home.socket.send(event("a.b", "2"))
        await run.until(lambda: run.stats.received == 1)
        assert run.stats.errors["ha_internal"] == 1
    assert any(
        r.exc_info and r.exc_info[0] is ZeroDivisionError for r in caplog.records
    )


async def test_a_refused_subscription_is_tried_again():
    """A user without permission is told so, and a later attempt may succeed."""
    async with scripted_home() as home:
        home.answers["subscribe_events"] = "!unauthorized"
        async with running(home.url) as run:
            await run.until(lambda: run.stats.ha.reconnects["command"] >= 1)
            assert "unauthorized" in run.stats.ha.last_error
            home.answers["subscribe_events"] = "null"
            await run.subscribed()


async def test_a_refused_list_is_told_and_survived(caplog):
    """Without the registry hiq works on."""
    async with scripted_home() as home:
        home.answers["config/entity_registry/list"] = "!unknown_command"
        async with running(home.url) as run:
            await run.subscribed()
            assert run.stats.discovery.failures == {"entities": 1}
    assert "config/entity_registry/list" in caplog.text
