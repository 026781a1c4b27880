"""A home in trouble: slow, frozen, mute, away; clients that stay behind or leave."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket

import pytest

from hiq.simulate.link import Limits
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.contract.client import opened
from tests.simulate.talking import address, closed, subscribe


async def test_a_turn_of_more_than_the_limit_cuts_the_client(
    simulator: Simulator, client
):
    """More than 4,096 events at once end the connection without a close frame."""
    simulator.fire(4097)
    assert await closed(client) == 1006
    assert "4096 pending" in simulator.logs[-1].cut_reason


async def test_just_the_limit_is_delivered(simulator: Simulator, client):
    """4,096 events at once arrive whole."""
    simulator.fire(4096)
    assert len(await client.events(4096)) == 4096


async def test_a_client_that_stays_behind_is_cut():
    """More than the peak for some time ends the connection."""
    simulator = Simulator(World(10), limits=Limits(peak=10, peak_s=0.05))
    await simulator.start()
    async with opened(address(simulator), simulator.token) as client:
        await subscribe(client)
        simulator.freeze()
        simulator.fire(11)
        assert await closed(client) == 1006
    assert "over 10 pending" in simulator.logs[-1].cut_reason
    await simulator.stop()


async def test_a_client_that_catches_up_is_not_cut():
    """Falling below the peak in time stops the clock."""
    simulator = Simulator(World(10), limits=Limits(peak=10, peak_s=0.2))
    await simulator.start()
    async with opened(address(simulator), simulator.token) as client:
        await subscribe(client)
        simulator.freeze()
        simulator.fire(11)
        simulator.thaw()
        await client.events(11)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await client.message()
        await client.ask("get_config")
    assert simulator.logs[-1].cut_reason == ""
    await simulator.stop()


async def test_frozen_connections_hang_and_go_on(simulator: Simulator, client):
    """Nothing is read or written until thawed; then everything comes."""
    simulator.freeze()
    await client.command("ping")
    simulator.fire(3)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await client.message()
    assert simulator.pending == 3
    simulator.thaw()
    assert len(await client.events(3)) == 3
    assert (await client.message())["type"] == "pong"


async def test_a_frozen_server_can_be_stopped(simulator: Simulator, client):
    """Stopping does not wait for a thaw, whatever had come in before."""
    for _ in range(50):
        await client.command("get_config")
    await client.message()
    simulator.freeze()
    simulator.fire(5)
    async with asyncio.timeout(5):
        await simulator.stop()
    assert await closed(client) == 1006


async def test_a_mute_home_answers_pings(simulator: Simulator, client):
    """Muted, events are lost on the way, but everything else works."""
    simulator.mute = True
    simulator.fire(3)
    await client.command("ping")
    assert (await client.message())["type"] == "pong"
    simulator.mute = False
    simulator.fire(1)
    assert len(await client.events(1)) == 1


async def test_logins_can_be_refused(simulator: Simulator):
    """`refuse_login` makes the right token invalid for new connections."""
    simulator.refuse_login = True
    async with opened(address(simulator)) as client:
        await client.message()
        await client.send({"type": "auth", "access_token": simulator.token})
        assert (await client.message())["type"] == "auth_invalid"
        assert await closed(client) == 1000


async def test_a_changed_token_ends_connections_and_is_the_only_one(
    simulator: Simulator, client
):
    """Changing the token cuts everybody; the new one works."""
    simulator.change_token("another")
    assert await closed(client) == 1006
    async with opened(address(simulator), "another") as again:
        assert await again.ask("get_config")


async def test_down_refuses_and_up_takes_the_same_port(simulator: Simulator, client):
    """Down, connections are cut and refused, while the home goes on changing."""
    url, token = address(simulator), simulator.token
    await simulator.down()
    assert await closed(client) == 1006
    with pytest.raises(OSError):
        async with opened(url):
            pass
    change = simulator.fire(1)[0]
    await simulator.up()
    async with opened(url, token) as again:
        states = await again.ask("get_states")
    assert len(states) == len(simulator.world.states)
    assert change.entity_id in {state.entity_id for state in simulator.fired}


@pytest.mark.parametrize("turns", range(6))
async def test_down_ends_who_is_just_being_accepted(simulator: Simulator, turns: int):
    """A client that comes as the server goes is cut, not left open for ever."""
    loop = asyncio.get_running_loop()
    with socket.create_connection((simulator.host, simulator.port)) as client:
        client.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)
        await simulator.down()
        gc.collect()  # a connection left open fails the test, with a warning
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionResetError):
                while await loop.sock_recv(client, 4096):
                    pass


async def test_drop_cuts_and_lets_them_come_back(simulator: Simulator, client):
    """A dropped client may connect again at once."""
    simulator.drop()
    assert await closed(client) == 1006
    async with opened(address(simulator), simulator.token) as again:
        assert await again.ask("get_config")
    assert [log.cut_reason for log in simulator.logs] == ["dropped", ""]
