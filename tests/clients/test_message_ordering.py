"""Events arrive in the order in which they happened: bursts, sources, reconnects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.serving import Hiq, shared, tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

hiq = shared()


def numbers(found: list[dict[str, Any]]) -> list[int]:
    """What the events count, as they arrived."""
    return [f["event"]["data"]["new_state"]["attributes"]["n"] for f in found]


def fire(hiq: Hiq, count: int, entity_id: str = "light.lamp", start: int = 0) -> None:
    """Change a light so many times."""
    for number in range(start, start + count):
        hiq.home.set(entity_id, str(number), {"n": number})


@pytest.mark.parametrize("count", [20, 30, 50, 150])
async def test_a_burst(hiq: Hiq, count: int) -> None:
    """All, in the order of their arrival, none twice."""
    async with tab(hiq) as client:
        await client.subscribe(domains=["light"])
        fire(hiq, count)
        found = await client.events(count)
        assert numbers(found) == list(range(count))
        assert [frame["seq"] for frame in found] == list(range(1, count + 1))


async def test_three_sources(hiq: Hiq) -> None:
    """Three entities, 25 times each in turn: order per entity and of the session."""
    names = ["light.a", "switch.b", "sensor.c"]
    async with tab(hiq) as client:
        await client.subscribe(entities=names)
        for number in range(25):
            for name in names:
                hiq.home.set(name, str(number), {"n": number})
        found = await client.events(75)
        order = [
            (f["event"]["data"]["entity_id"], n)
            for f, n in zip(found, numbers(found), strict=True)
        ]
        assert order == [(name, number) for number in range(25) for name in names]


async def test_before_and_after_a_cut(hiq: Hiq) -> None:
    """20, a cut, 20 more: after `resume` all 40 in order, none twice beyond the ack."""
    async with tab(hiq, "cut") as client:
        await client.subscribe(domains=["light"])
        fire(hiq, 20)
        first = await client.events(20)
        client.socket.transport.abort()
    await hiq.alone()
    fire(hiq, 20, start=20)
    async with tab(hiq, "cut") as back:
        await back.tell("resume", session=client.welcome["session"], last_seq=20)
        second = await back.events(20)
        assert numbers(first + second) == list(range(40))
        assert [frame["seq"] for frame in second] == list(range(21, 41))


async def test_none_waits_for_the_next(hiq: Hiq) -> None:
    """Each event reaches the client although no other comes after it."""
    async with tab(hiq) as client:
        await client.subscribe(domains=["light"])
        for number in range(50):
            fire(hiq, 1, start=number)
            assert numbers(await client.events(1)) == [number]
