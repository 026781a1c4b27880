"""The simulated Home Assistant as a server: load, faults, and what it remembers."""

from __future__ import annotations

import asyncio
import json

import pytest

from hiq.simulate.link import Limits
from hiq.simulate.server import Fired, Simulator, due
from hiq.simulate.world import World
from tests.contract.client import opened
from tests.servers.process import http_request
from tests.simulate.talking import address, closed


async def test_start_and_stop_twice():
    """Stopping twice is fine, and the token is not in the repr."""
    simulator = Simulator(World(10))
    await simulator.start()
    await simulator.up()
    assert simulator.port
    assert len(simulator.token) >= 32
    assert simulator.token not in repr(simulator)
    await simulator.stop()
    await simulator.stop()


async def test_changes_come_by_themselves_at_the_rate(simulator: Simulator, client):
    """With a rate the home changes without being told to."""
    simulator.rate = 2000
    events = await client.events(300)
    simulator.rate = 0
    assert len(events) == 300
    assert simulator.fired_total >= 300


async def test_a_slow_rate_is_not_rounded_to_none(simulator: Simulator, client):
    """Less than one change a tick adds up to whole changes."""
    simulator.rate = 30
    assert len(await client.events(3)) == 3


@pytest.mark.parametrize("rate", [0.4, 3, 75, 997])
def test_no_change_is_lost_between_ticks(rate: float):
    """Ticks of any length add up to the rate, whole changes only."""
    total, left_s = 0, 0.0
    for _ in range(1000):  # 20 s
        count, left_s = due(0.02 + left_s, rate)
        total += count
    assert abs(total - 20 * rate) <= 1


def test_after_a_pause_a_second_is_made_up_for():
    """A process that hung for an hour does not fire an hour's changes."""
    assert due(3600, 50) == (50, 0.0)
    assert due(3600, 0) == (0, 0.0)


async def test_fired_is_what_a_client_could_see(simulator: Simulator, client):
    """First states and events together are exactly what is remembered."""
    states = await client.ask("get_states")
    simulator.fire(500)
    news = [m["event"]["data"]["new_state"] for m in await client.events(500)]
    seen = [*states, *filter(None, news)]
    assert [(row["entity_id"], row["state"]) for row in seen] == [
        (fired.entity_id, fired.state) for fired in simulator.fired
    ]
    assert len({fired[:2] for fired in simulator.fired}) == len(seen)


async def test_what_is_remembered_is_bounded():
    """The oldest are forgotten, the count goes on."""
    simulator = Simulator(World(10), remember=5)
    await simulator.start()
    simulator.set("sensor.x", "1")
    await simulator.stop()
    assert len(simulator.fired) == 5
    assert simulator.fired_total == 11
    assert isinstance(simulator.fired[-1], Fired)
    assert simulator.fired[-1].entity_id == "sensor.x"


async def test_a_giant_event_arrives_whole(simulator: Simulator, client):
    """An event of 5 MiB is one frame."""
    size = 5 * 2**20
    simulator.giant(size)
    [message] = await client.events(1)
    assert len(message["event"]["data"]["new_state"]["attributes"]["filler"]) == size


async def test_results_may_be_larger_than_four_mebibytes():
    """The states of a big home come in one frame."""
    simulator = Simulator(World(12_000))
    await simulator.start()
    async with opened(address(simulator), simulator.token) as client:
        states = await client.ask("get_states")
        assert len(json.dumps(states)) > 4 * 2**20
        assert len(states) == 12_000
    await simulator.stop()


async def test_many_events_come_in_arrays_in_order(simulator: Simulator, client):
    """A burst is coalesced, and its order is that of firing."""
    changes = simulator.fire(1000)
    messages = await client.events(1000)
    assert [m["event"]["data"]["entity_id"] for m in messages] == [
        change.entity_id for change in changes
    ]
    assert any(isinstance(frame, list) for frame in client.frames)


async def test_logs_say_what_each_client_subscribed_to(simulator: Simulator, client):
    """There is a log per connection, dead ones included, without any token."""
    async with opened(address(simulator), simulator.token) as other:
        await other.ask("subscribe_events")
    first, second = simulator.logs
    assert list(first.subscriptions.values()) == ["state_changed"]
    assert first.coalesce
    assert list(second.subscriptions.values()) == ["*"]
    assert not second.coalesce
    assert simulator.token not in repr(simulator.logs)


async def test_a_client_that_does_not_log_in_is_closed():
    """Without a login the connection ends by itself."""
    simulator = Simulator(World(10), limits=Limits(login_s=0.05))
    await simulator.start()
    async with opened(address(simulator)) as client:
        assert await closed(client) == 1000
    await simulator.stop()


async def test_removals_reach_history_and_clients(simulator: Simulator, client):
    """A removal is an event without a new state, and is not remembered as a state."""
    simulator.set("sensor.x", "1")
    count = simulator.fired_total
    simulator.remove("sensor.x")
    *_, message = await client.events(2)
    assert message["event"]["data"]["new_state"] is None
    assert simulator.fired_total == count


async def test_room_waits_until_the_client_has_taken(simulator: Simulator, client):
    """`room` returns when enough was taken, and gives up on a hanging client."""
    simulator.freeze()
    simulator.fire(100)
    with pytest.raises(TimeoutError):
        await simulator.room(50, deadline_s=0.05)
    simulator.thaw()
    await simulator.room(50)
    assert simulator.pending <= 50
    assert len(await client.events(100)) == 100


async def test_other_events_reach_who_asked_for_them(simulator: Simulator, client):
    """An event of another type goes to its subscribers only."""
    number = await client.command("subscribe_events", event_type="my_event")
    await client.answer(number)
    simulator.fire_event("my_event", {"a": 1})
    [message] = await client.events(1)
    assert (message["id"], message["event"]["data"]) == (number, {"a": 1})


@pytest.mark.parametrize(
    ("path", "with_token", "status"),
    [
        ("/api/", True, 200),
        ("/api/config", True, 200),
        ("/api/states?x=1", True, 200),
        ("/api/other", True, 404),
        ("/api/", False, 401),
        ("/api/states", False, 401),
        ("/", True, 404),
    ],
)
async def test_rest(simulator: Simulator, path: str, with_token: bool, status: int):
    """The few REST paths want the token; others are not found."""
    headers = {"Authorization": f"Bearer {simulator.token}"} if with_token else {}
    url = f"{simulator.url}{path}"
    got, body = await asyncio.to_thread(http_request, url, headers=headers)
    assert got == status
    assert status != 200 or json.loads(body)


async def test_the_token_is_not_taken_before_the_login_is_whole(simulator: Simulator):
    """A second client is not let in by the first one's login."""
    async with opened(address(simulator), simulator.token):
        async with opened(address(simulator)) as other:
            await other.message()
            await other.send({"id": 1, "type": "get_states"})
            assert (await other.message())["type"] == "auth_invalid"


async def test_broken_json_ends_a_connection_that_is_open(simulator: Simulator, client):
    """After the login, too, what is not JSON closes with 1000."""
    await client.send("{")
    assert await closed(client) == 1000


async def test_a_client_that_leaves_is_forgotten(simulator: Simulator):
    """When a client goes, the server has no connection left."""
    async with opened(address(simulator), simulator.token) as client:
        await client.ask("get_config")
        assert len(simulator.links) == 1
    async with asyncio.timeout(10):
        while simulator.links:
            await asyncio.sleep(0)
    assert simulator.pending == 0
