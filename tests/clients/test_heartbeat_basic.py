"""Pings over raw sockets: on time, counted, and a dead peer is found."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.clients.raw import Raw
from tests.clients.serving import Hiq, shared, tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

INTERVAL_S = 0.5
hiq = shared("heartbeat_interval: 500ms, heartbeat_timeout: 60s")


async def test_who_answers_stays(hiq: Hiq) -> None:
    """Pings every half second; who answers them is alive after three."""
    raw = await Raw.open(hiq)
    listening = asyncio.create_task(raw.listen(answer=True))
    await asyncio.sleep(3)
    assert raw.ended is None
    assert len(raw.pings) >= 5
    gaps = [b - a for a, b in zip(raw.pings, raw.pings[1:], strict=False)]
    assert all(abs(gap - INTERVAL_S) < 0.2 for gap in gaps), gaps
    raw.writer.close()
    await listening
    await hiq.alone()


async def test_who_does_not_answer_is_found(hiq: Hiq) -> None:
    """After two pings, at the time of the third; nothing is left of it."""
    began = time.monotonic()
    raw = await Raw.open(hiq)
    await raw.listen(answer=False)
    assert raw.ended is not None
    assert len(raw.pings) == 2
    taken = raw.ended - began
    assert 3 * INTERVAL_S - 0.1 <= taken <= 3 * INTERVAL_S + 1.0
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
    assert raw.ended is None
    raw.writer.transport.abort()
    await listening
    await hiq.alone()
