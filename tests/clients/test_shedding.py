"""What clients give up when memory is short, over real sockets too."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from hiq.clients.homeiq import HomeIq
from hiq.clients.principal import EVERYTHING, Principal
from hiq.clients.shedding import KEPT, shed, waiting_bytes
from hiq.memorywatch import memory_watch
from hiq.simulate.server import Simulator
from tests.clients.talk import Home, messages
from tests.serving import running, settings_for, until


def test_what_waits_becomes_a_gap_and_the_newest_stays() -> None:
    """Each session keeps a few events; the client is told what it will not get."""
    home = Home()
    tab = home.tab()
    tab.say("subscribe", id=1, filter={"entities": ["light.*"]})
    assert waiting_bytes(home.hub) == 0
    home.fire(count=50)
    assert 50 * 100 < waiting_bytes(home.hub) < 50 * 1000
    server: Any = SimpleNamespace(hub=home.hub)
    assert shed(server, "outboxes") == 50 - KEPT
    kinds = [frame["type"] for frame in tab.read()]
    assert kinds == ["gap", *["event"] * KEPT]
    assert home.hub.last
    assert shed(server, "snapshots") == 1
    assert not home.hub.last
    assert shed(server, "waiting") == waiting_bytes(home.hub)


def test_what_waits_for_clients_of_homeiq_too() -> None:
    """Their queues are bounded, but each frame is there once for each client."""
    home = Home()
    it = HomeIq(
        home.hub, Principal("a", EVERYTHING), "c_1", home.time.clocks, wake=lambda: None
    )
    it.begin()
    it.receive('{"type":"subscribe","channels":["events"]}', 42)
    assert len(messages(it.data_to_send(10**6))) == 2
    home.fire(count=50)
    assert 50 * 100 < waiting_bytes(home.hub) < 50 * 1000
    server: Any = SimpleNamespace(hub=home.hub)
    assert shed(server, "outboxes") == 50 - KEPT
    assert shed(server, "outboxes") == 0
    gap, *events = messages(it.data_to_send(10**6))
    assert (gap["type"], gap["count"], gap["reason"]) == ("gap", 50 - KEPT, "overflow")
    assert [e["event"]["data"]["new_state"]["attributes"]["n"] for e in events] == list(
        range(51 - KEPT, 51)
    )
    it.end()
    assert waiting_bytes(home.hub) == 0


class Pump:
    """Writes what waits at once."""

    def __init__(self) -> None:
        self.drained = 0

    async def drain(self, _deadline_s: float) -> bool:
        """Count."""
        self.drained += 1
        return True


async def test_connections_are_closed_and_refused_until_memory_is_calm(
    simulator: Simulator, tmp_path: Path
) -> None:
    """1013 to those who are there, 503 to others, and all may come again."""
    async with running(settings_for(simulator, tmp_path)) as hiq:
        service, pump = hiq.service, Pump()
        used = [10**15]
        watch = memory_watch(service, pump, used=lambda: used[0])
        await watch.look()  # before the first client there is nothing to give up
        url = f"{service.url}/ws"
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(url, protocols=["hiq.v1"]) as socket:
                assert (await socket.receive_json())["type"] == "welcome"
                await watch.look()
                async for message in socket:
                    assert message.type is WSMsgType.TEXT
                assert socket.close_code == 1013
            await until("it is gone", lambda: closed(hiq))
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(url, protocols=["hiq.v1"])
            assert refused.value.status == 503
            used[0] = 0
            await watch.look()
            async with session.ws_connect(url, protocols=["hiq.v1"]) as socket:
                assert (await socket.receive_json())["type"] == "welcome"
        assert pump.drained == 2
        assert service.stats.memory.shed["clients"] == 1


def closed(hiq: Any) -> bool:
    """Whether the closed connection was counted."""
    ended = hiq.stats.sections["clients"]()["ended"]
    return bool(ended.get("1013") == 1)
