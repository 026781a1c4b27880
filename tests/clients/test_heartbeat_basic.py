"""Pings over raw sockets: counted, and a dead peer is found.

When a ping is due is asked of the clock's double, in `test_heartbeat`.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.clients.raw import Raw
from tests.clients.serving import DEADLINE_S, Hiq, shared, tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

hiq = shared("heartbeat_interval: 500ms, heartbeat_timeout: 60s")


async def test_who_answers_stays(hiq: Hiq) -> None:
    """Who answers pings gets more of them than a dead one would, and is alive."""
    raw = await Raw.open(hiq)
    listening = asyncio.create_task(raw.listen(answer=True))
    await raw.pinged(5)
    assert not raw.ended
    raw.writer.close()
    await listening
    await hiq.alone()


async def test_who_does_not_answer_is_found(hiq: Hiq) -> None:
    """After two pings, instead of the third; nothing is left of it."""
    raw = await Raw.open(hiq)
    async with asyncio.timeout(DEADLINE_S):
        await raw.listen(answer=False)
    assert raw.pings == 2
    health = await hiq.alone()
    assert health["clients"]["ended"]["4408"] >= 1


async def test_three_that_live(hiq: Hiq) -> None:
    """Three ordinary clients, which answer pings, are all there after two seconds."""
    async with tab(hiq) as one, tab(hiq) as two, tab(hiq) as three:
        await asyncio.sleep(2)
        for client in (one, two, three):
            assert (await client.ask("ping"))["type"] == "pong"


async def test_any_frame_is_a_sign_of_life(hiq: Hiq) -> None:
    """Who never answers a ping but speaks is alive."""
    raw = await Raw.open(hiq)
    listening = asyncio.create_task(raw.listen(answer=False))
    text = b'{"type":"ping"}'
    for _ in range(8):
        raw.writer.write(bytes((0x81, 0x80 | len(text))) + bytes(4) + text)
        await asyncio.sleep(0.3)
    assert not raw.ended
    raw.writer.transport.abort()
    await listening
    await hiq.alone()
