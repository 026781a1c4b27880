"""Several connections of one user: limits, broadcast, places that are free at once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import InvalidStatus

from tests.clients.serving import Hiq, Tab, shared, tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

hiq = shared("connections_per_address: 100")


async def test_five_of_one_user_hear_each_other(hiq: Hiq) -> None:
    """A write of one and an event of the home reach all five."""
    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(tab(hiq)) for _ in range(5)]
        health = (await hiq.health())["clients"]
        assert (health["connections"], health["users"]) == (5, 1)
        for one in tabs:
            await one.subscribe(domains=["light"])
        await tabs[0].tell("state_update", id=1, version=1, state={"theme": "dark"})
        hiq.home.set("light.lamp", "on", {})
        for one in tabs:
            assert (await one.wait_for("state_updated"))["version"] == 2
            assert (await one.events(1))[0]["seq"] == 1
    await hiq.alone()


async def test_of_eight_five_are_let_in(hiq: Hiq) -> None:
    """Three get 429; two leave and three remain; the next one is let in."""

    async def attempt() -> Tab | tuple[int, bytes]:
        connection = hiq.open("many")
        try:
            return await Tab(await connection).greet()
        except InvalidStatus as exc:
            return exc.response.status_code, exc.response.body

    found = await asyncio.gather(*(attempt() for _ in range(8)))
    tabs = [one for one in found if isinstance(one, Tab)]
    refused = [one for one in found if not isinstance(one, Tab)]
    assert len(tabs) == 5
    assert [status for status, _ in refused] == [429] * 3
    assert all(b"CONNECTION_LIMIT" in body for _, body in refused)
    for one in tabs[:2]:
        await one.socket.close()
    await hiq.until("three", lambda h: h["clients"]["connections"] == 3)
    for one in tabs[2:]:
        assert (await one.ask("ping"))["type"] == "pong"
    async with tab(hiq, "many"):
        assert (await hiq.health())["clients"]["connections"] == 4
    async with tab(hiq, "another"):
        pass
    for one in tabs[2:]:
        await one.socket.close()
    await hiq.alone()


async def test_one_that_fails_leaves_the_others(hiq: Hiq) -> None:
    """One of three is cut off: two go on, and get what happens."""
    async with tab(hiq) as one, tab(hiq) as two:
        async with tab(hiq) as three:
            for client in (one, two, three):
                await client.subscribe(domains=["light"])
            three.socket.transport.abort()
        await hiq.until("two", lambda h: h["clients"]["connections"] == 2)
        hiq.home.set("light.lamp", "off", {})
        for client in (one, two):
            await client.events(1)
    await hiq.alone()


async def test_two_users_with_disjoint_scopes(hiq: Hiq) -> None:
    """1,000 events, and nobody gets a frame of the other."""
    async with AsyncExitStack() as stack:
        tabs = {}
        for domain in ("light", "switch"):
            headers = hiq.bearer(domain, entities=[f"{domain}.*"])
            tabs[domain] = await stack.enter_async_context(tab(hiq, headers=headers))
            await tabs[domain].subscribe()
        for number in range(1000):
            domain = ("light", "switch")[number % 2]
            hiq.home.set(f"{domain}.x{number % 7}", "on", {"n": number})
        for domain, client in tabs.items():
            found = await client.events(500)
            names = {frame["event"]["data"]["entity_id"] for frame in found}
            assert all(name.startswith(f"{domain}.") for name in names)
            assert [frame["seq"] for frame in found] == list(range(1, 501))
