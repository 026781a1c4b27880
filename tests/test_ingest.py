"""Staying connected to Home Assistant and feeding the pipeline."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

import pytest

from hiq import Pipeline
from hiq import ingest as module
from hiq.ha.gathering import Gathering
from hiq.ha.session import Timing
from hiq.ingest import Ingest
from hiq.settings.schema import HomeAssistantSettings
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from hiq.stats import Stats
from tests.ha.home import TOKEN, scripted_home
from tests.ingesting import Run, S, running
from tests.reference import ReferencePipeline


async def test_all_states_and_then_all_events_are_fed(simulator):
    """Every state at connect and every change after it becomes one line."""
    async with running(simulator.url, simulator.token) as run:
        await run.until(lambda: run.stats.snapshot_states == 60)
        simulator.fire(500)
        await run.until(lambda: run.stats.received == 560)
    fired = {(f.entity_id, f.updated_us) for f in simulator.fired}
    assert len(fired) == 560
    stats = run.stats
    assert stats.imbalance() == run.pipeline.buffered_points
    assert stats.received - stats.skipped - stats.filtered == len(run.lines())
    assert (stats.rejected, stats.bad_frames, stats.duplicate) == (0, 0, 0)
    assert stats.ha.connects == 1
    assert stats.ha.last_event_at is not None
    assert [c.new for c in run.ingest.history][:3] == [
        S.CONNECTING,
        S.AUTHENTICATING,
        S.CONNECTED,
    ]


async def test_home_assistant_may_come_later(unused_tcp_port):
    """Started first, hiq is connected soon after Home Assistant is there."""
    home = Simulator(World(entities=5, seed=1), port=unused_tcp_port, token=TOKEN)
    async with running(home.url) as run:
        await run.until(lambda: run.stats.ha.failures >= 2)
        assert run.stats.ha.state in {"FAILED", "RECONNECTING", "CONNECTING"}
        assert "Connect" in run.stats.ha.last_error
        await home.start()
        await run.subscribed()
        await run.until(lambda: run.stats.snapshot_states == 5)
    await home.stop()
    assert run.stats.errors["ha_refused"] == run.stats.ha.failures


async def test_each_drop_is_healed_by_one_connection_with_one_subscription(simulator):
    """Five drops: five reconnects, each event subscribed once, no point twice."""
    async with running(simulator.url, simulator.token) as run:
        for times in range(1, 6):
            await run.subscribed(times)
            await run.until(lambda n=times: run.stats.snapshot_states == 60 * n)
            simulator.drop()
            await run.until(lambda n=times: run.stats.ha.reconnects.total() == n)
        await run.subscribed(6)
        await run.until(lambda: run.stats.snapshot_states == 360)
        before = run.stats.received
        simulator.fire(10)
        await run.until(lambda: run.stats.received >= before + 10)
    assert run.stats.received == before + 10
    assert run.stats.duplicate == 300
    assert run.stats.ha.reconnects == Counter({"closed": 5})
    assert len(simulator.logs) == 6
    for log in simulator.logs:
        kinds = Counter(c["type"] for c in log.commands)
        types = [c["event_type"] for c in log.commands if "event_type" in c]
        assert types.count("state_changed") == 1
        assert len(types) == len(set(types))
        assert kinds["get_states"] == 1
        ids = [c["id"] for c in log.commands]
        assert ids == list(range(1, len(ids) + 1))
    lines = run.lines()
    assert len(lines) == len(set(lines))


async def test_a_half_open_connection_is_found_and_replaced(simulator):
    """A peer that neither reads nor writes is left when the pong does not come."""
    timing = Timing(ping_interval_s=0.02, ping_timeout_s=0.1)
    async with running(simulator.url, simulator.token, timing=timing) as run:
        await run.until(lambda: run.stats.ha.ping_s is not None)
        simulator.freeze()
        await run.until(lambda: run.stats.ha.reconnects["timeout"] == 1)
        assert "no answer to ping" in run.stats.ha.last_error
        simulator.thaw()
        await run.subscribed(2)


async def test_a_close_with_code_1000_is_a_loss(caplog):
    """Home Assistant says 1000 when a client was too slow: connect again."""
    caplog.set_level(logging.INFO, "hiq")
    async with scripted_home() as home, running(home.url) as run:
        await run.subscribed()
        await home.socket.close(1000)
        await run.subscribed(2)
        assert run.stats.ha.reconnects == Counter({"closed": 1})
        assert run.stats.ha.disconnected_at is not None
        assert run.stats.ha.disconnected_at <= run.stats.ha.connected_at
        await home.socket.close(1000)
        await run.subscribed(3)
    lost = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert [r.getMessage() for r in lost] == ["Home Assistant RECONNECTING"] * 2
    assert [r.getMessage() for r in caplog.records].count("subscribed") == 3


async def test_of_many_equal_attempts_one_is_logged(caplog, unused_tcp_port):
    """While Home Assistant is away the log does not grow with each attempt."""
    caplog.set_level(logging.INFO, "hiq")
    async with running(f"http://127.0.0.1:{unused_tcp_port}") as run:
        await run.until(lambda: run.stats.ha.failures >= 4)
    texts = [r.getMessage() for r in caplog.records]
    assert texts.count("Home Assistant FAILED") == 1
    assert texts.count("Home Assistant CONNECTING") == 2  # after two other states


async def test_the_fallback_is_used_and_the_primary_comes_first_again(unused_tcp_port):
    """While the primary is down the fallback serves; the next connect asks it first."""
    primary = Simulator(World(entities=3, seed=1), port=unused_tcp_port, token=TOKEN)
    async with scripted_home() as home:
        fallback = HomeAssistantSettings(url=home.url, token=TOKEN)
        async with running(primary.url, fallback=fallback) as run:
            await run.subscribed()
            assert run.stats.ha.url.startswith(home.url.replace("http", "ws"))
            await primary.start()
            await home.socket.close()
            await run.subscribed(2)
            assert run.stats.ha.url.startswith(primary.url.replace("http", "ws"))
    await primary.stop()


async def test_the_backoff_grows_and_begins_anew_after_a_long_connection(monkeypatch):
    """Delays double while nothing works; a connection of a minute resets them."""
    waits = []
    now = [0.0]

    async def wait(event, seconds):
        waits.append(seconds)
        return False

    settings = HomeAssistantSettings(token=TOKEN, url="http://127.0.0.1:1")
    ingest = Ingest(
        settings,
        ReferencePipeline({}),
        Stats(),
        on_data=lambda: None,
        env={},
        random=lambda: 0.5,
        monotonic=lambda: now[0],
    )
    lasted = iter([0.0, 0.0, 0.0, 59.0, 60.0, 0.0])

    async def a_round():
        try:
            ingest._lasted_s = next(lasted)
        except StopIteration:
            await ingest.stop()
        return False

    monkeypatch.setattr(module.backoff, "wait", wait)
    monkeypatch.setattr(ingest, "_round", a_round)
    await ingest.run()
    assert waits[:6] == [1.0, 2.0, 4.0, 8.0, 1.0, 2.0]


async def test_stop_ends_an_attempt_that_hangs():
    """A server that accepts and says nothing does not hold up the end."""

    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with running(f"http://127.0.0.1:{port}") as run:
            await run.until(lambda: run.stats.ha.attempts == 1)
            await run.ingest.stop()
            assert run.ingest.state is S.DISCONNECTED


async def test_stop_feeds_nothing_more(simulator):
    """After stop no counter moves, also while paused; stopping twice is fine."""
    async with running(simulator.url, simulator.token) as run:
        await run.until(lambda: run.stats.snapshot_states == 60)
        run.ingest.pause_reading()
        simulator.fire(10)
        await run.ingest.stop()
        await run.ingest.stop()
        assert run.stats.received == 60


async def test_stop_feeds_what_has_come(simulator):
    """What is in a socket that is left alone is not left behind."""
    gathering = Gathering(lambda: True, lambda: None, 0.25)
    async with running(
        simulator.url, simulator.token, gathering=gathering, timing=Timing()
    ) as run:
        await run.until(lambda: run.stats.snapshot_states == 60)
        connection = run.ingest._link._conversation._connection
        await run.until(lambda: connection.may_rest and not connection._paused)
        connection.rest()
        for _ in range(5):
            simulator.fire()
            await simulator.room(0)
        await run.ingest.stop()
        assert run.stats.received == 65


async def test_switched_off_it_connects_nowhere():
    """With `enabled: false` only stop is waited for, or settings that say otherwise."""
    async with scripted_home() as home:
        async with running(home.url, enabled=False) as run:
            await asyncio.sleep(0)
            assert run.stats.ha.attempts == 0
            run.ingest.reload(HomeAssistantSettings(url=home.url, token=TOKEN))
            await run.subscribed()


async def test_stop_before_run_is_fine():
    """A service that fails while starting may stop what never ran."""
    await Run("http://127.0.0.1:1").ingest.stop()


@pytest.mark.real
@pytest.mark.parametrize(
    ("fixture", "version"),
    [("home_assistant", "2024.3"), ("home_assistant_2025", "2025.4")],
)
def test_a_real_home_assistant(request, fixture, version):
    """The snapshot has every state of a real home, and a change arrives once."""
    asyncio.run(look_at(request.getfixturevalue(fixture), version))


async def look_at(home_assistant, version):
    """Take the states of a home and one change."""
    async with running(
        home_assistant.url, home_assistant.token, pipeline=Pipeline({})
    ) as run:
        await run.until(lambda: run.stats.snapshot_states > 300)
        before = run.stats.received
        await asyncio.to_thread(home_assistant.set_state, "sensor.hiq", "77.25")
        await run.until(lambda: run.stats.received > before)
        states = await asyncio.to_thread(home_assistant.states)
        assert run.stats.snapshot_states == len(states) - 1
    assert run.stats.rejected == 0
    assert run.stats.ha.version.startswith(version)
    assert sum("value=77.25" in line for line in run.lines()) == 1
