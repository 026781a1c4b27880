"""A home in which all is well: ten thousand events, three clients, not one complaint."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from hiq import client
from hiq.settings.schema import ContractsSettings
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.assure.making import declared
from tests.assure.test_chains import ORDERS
from tests.contracted.test_contracted_service import QUICK
from tests.serving import Running, running, settings_for, until

EVENTS = 10_000
STEP = 250
CHAINS = EVENTS // STEP
PATIENCE = QUICK.replace("within: 50ms", "within: 2s").replace(
    "complete_after_idle: 30s", "complete_after_idle: 3s"
)


def fire(
    home: Simulator, event_type: str, context: str, after_s: float, **data: Any
) -> None:
    """Fire an event of a chain, at its time."""
    fired = datetime.now(UTC) + timedelta(seconds=after_s)
    event = {
        "event_type": event_type,
        "data": data,
        "origin": "LOCAL",
        "time_fired": fired.isoformat(),
        "context": {"id": context, "parent_id": None, "user_id": None},
    }
    home.send(event_type, json.dumps(event).encode())


def chains(home: Simulator, number: int) -> None:
    """Let an agent run, in each valid order in turn, and an automation whose light answers."""
    run = f"run-{number}"
    for place, event_type in enumerate(ORDERS[number % len(ORDERS)]):
        fire(home, event_type, run, place, run_id=run, tool_name="t", agent_name="a")
    context, light = f"automation-{number}", f"light.l{number % 5}"
    fire(home, "automation_triggered", context, 0.0, name="A")
    call = {"domain": "light", "service": "toggle"}
    fire(home, "call_service", context, 0.0, **call, service_data={"entity_id": light})
    home.set(light, "on" if number // 5 % 2 else "off")


def figures(hiq: Running) -> dict[str, Any]:
    """Return the counts of both contracts."""
    assert hiq.stats.contracts is not None
    return hiq.stats.contracts()


async def listen(url: str, found: list[int]) -> None:
    """Take the numbers of what comes, for ever."""
    async with client.connect(url, contracts=True) as events:
        async for one in events:
            found.append(one.seq if isinstance(one, client.Event) else -1)


async def test_a_healthy_home_raises_nothing(tmp_path: Path) -> None:
    """Every chain is complete, every client has every event, and the sums add up."""
    home = Simulator(World(entities=40, seed=3))
    await home.start()
    text = "- " + PATIENCE.strip().replace("\n", "\n  ")
    both = ContractsSettings(chains=(*declared(text), *declared("[agent_run]")))
    settings = settings_for(home, tmp_path, contracts=both)
    rules = msgspec.structs.replace(settings.clients, outbox_events=2 * EVENTS)
    found: list[list[int]] = [[], [], []]
    try:
        async with running(msgspec.structs.replace(settings, clients=rules)) as hiq:
            await until("subscribed", lambda: hiq.stats.snapshot_states)
            tasks = [
                asyncio.create_task(listen(str(hiq.service.url), one)) for one in found
            ]
            await until("clients", lambda: sessions(hiq) == len(found))
            before = hiq.stats.changes
            for number in range(CHAINS):
                chains(home, number)
                home.fire(STEP - 1)
                await home.room(0)
            await until("received", lambda: hiq.stats.changes - before == EVENTS)
            for one in found:
                await until("delivered", lambda one=one: len(one) == EVENTS)
            await until("judged", lambda: all_complete(hiq))
            await hiq.settled()
            _, alerts = await hiq.get("/api/v1/alerts")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await home.stop()
    for counts in figures(hiq).values():
        assert counts["violations"] == {}
        assert counts["completed"] == counts["opened"] == CHAINS
        assert counts["interrupted"] == counts["evicted"] == 0
    assert alerts["active"] == []
    assert hiq.stats.imbalance() == 0
    for one in found:
        assert one == list(range(1, EVENTS + 1))


def sessions(hiq: Running) -> int:
    """Return how many clients have subscribed to both."""
    server = hiq.service._guests._server
    return (
        0
        if server is None
        else sum(len(s.subscriptions) == 2 for s in server.hub.sessions)
    )


def all_complete(hiq: Running) -> bool:
    """Whether every chain has ended."""
    return all(
        counts["open"] == 0 and counts["opened"] == CHAINS
        for counts in figures(hiq).values()
    )
