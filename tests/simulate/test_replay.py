"""Recorded frames go out again, byte for byte."""

from __future__ import annotations

import asyncio
import itertools
import json
import lzma
from pathlib import Path

import pytest

from hiq.simulate.link import Limits
from hiq.simulate.replay import events, replay
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.contract.client import opened
from tests.simulate.talking import address, subscribe

FRAMES = Path(__file__).parent.parent / "corpus" / "frames"
ODD = b'{"event_type":"state_changed","data":{"x":1.50,"y":1e400}, "z":"\\u00e9"}'


def recorded(name: str, count: int) -> list[bytes]:
    """Return the first lines of a recording."""
    with lzma.open(FRAMES / name) as lines:
        return [line.strip() for line in itertools.islice(lines, count)]


@pytest.mark.parametrize("form", [b"%b", b"[%b]", b'[{"id":1,"type":"pong"},%b]'])
def test_events_are_taken_out_of_objects_and_arrays(form: bytes):
    """The event keeps its bytes, whatever frame it came in."""
    message = b'{"type":"event","event":%b,"id":9}' % ODD
    assert list(events([form % message])) == [("state_changed", ODD)]


def test_what_is_no_event_is_passed_over():
    """Broken lines, other messages and diffs of states are left out."""
    lines = [
        b"{",
        b"5",
        b'{"type":"auth_ok"}',
        b'{"id":2,"type":"event","event":{"a":{}}}',
        b"\xff",
    ]
    assert list(events(lines)) == []


def test_every_recorded_event_is_found():
    """A recording of real frames gives one event for each message."""
    lines = recorded("state_changed.ndjson.xz", 1000)
    expected = sum(json.loads(line)["type"] == "event" for line in lines)
    assert len(list(events(lines))) == expected > 900


async def test_a_recording_arrives_as_it_was(simulator: Simulator):
    """As fast as read, all events arrive in order, equal to the recorded ones."""
    lines = recorded("state_changed.ndjson.xz", 6000)
    expected = [json.loads(line)["event"] for line in lines if b'"event"' in line]
    async with opened(address(simulator), simulator.token) as client:
        await subscribe(client, coalesce=True)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(replay(simulator, lines))
            messages = await client.events(len(expected))
        assert task.result() == len(expected)
    assert [message["event"] for message in messages] == expected
    assert simulator.logs[-1].cut_reason == ""


async def test_an_odd_event_keeps_its_bytes(simulator: Simulator):
    """Spaces, digits and escapes go out as they were recorded."""
    async with opened(address(simulator), simulator.token) as client:
        await subscribe(client)
        line = b'{"id":7,"type":"event","event":%b}' % ODD
        assert await replay(simulator, [line]) == 1
        frame = await client.socket.recv(decode=False)
    assert frame == b'{"type":"event","event":%b,"id":1}' % ODD


async def test_a_rate_spreads_the_events(simulator: Simulator):
    """With a rate the replay lasts as long as it should at least."""
    lines = recorded("state_changed.ndjson.xz", 23)
    loop = asyncio.get_running_loop()
    start = loop.time()
    count = await replay(simulator, lines, rate=200)
    assert count == 20
    assert loop.time() - start >= 19 / 200


async def test_a_client_that_hangs_is_reported():
    """The replay does not wait for ever for a client that reads nothing."""
    simulator = Simulator(World(5), limits=Limits(most=10**6, peak=10**6))
    await simulator.start()
    async with opened(address(simulator), simulator.token) as client:
        await subscribe(client)
        simulator.freeze()
        lines = recorded("state_changed.ndjson.xz", 2000)
        with pytest.raises(TimeoutError):
            await replay(simulator, lines, deadline_s=0.05)
        assert simulator.pending > 512
        simulator.drop()
    await simulator.stop()
