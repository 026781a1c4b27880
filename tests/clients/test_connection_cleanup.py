"""Whatever way a connection ends, nothing of it is left in the server."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients.raw import Raw
from tests.clients.serving import Hiq, hiq_serve, shared, tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

hiq = shared(
    "connections_per_user: 200, connections_per_address: 200, sessions_per_user: 3, "
    "heartbeat_interval: 300ms, heartbeat_timeout: 60s",
    "auth_failures: 1000",
)
MIB = 1024 * 1024


def resources(hiq: Hiq) -> tuple[int, int, int]:
    """Open files, threads and bytes in memory of the server."""
    process = Path(f"/proc/{hiq.pid}")
    rows = (process / "status").read_text().splitlines()
    found = {words[0]: words[1] for row in rows if len(words := row.split()) > 1}
    files = len(list((process / "fd").iterdir()))
    return files, int(found["Threads:"]), int(found["VmRSS:"]) * 1024


async def test_closing_frees_the_place(hiq: Hiq) -> None:
    """One, then three at once: within 2 s nobody is left."""
    async with tab(hiq):
        assert (await hiq.health())["clients"]["connections"] == 1
    await hiq.alone()
    async with tab(hiq), tab(hiq), tab(hiq):
        assert (await hiq.health())["clients"]["connections"] == 3
    began = time.monotonic()
    found = (await hiq.alone())["clients"]
    assert time.monotonic() - began < 2
    assert (found["users"], found["addresses"], found["handlers"]) == (0, 0, 0)


async def test_a_failed_handshake_leaves_nothing(hiq: Hiq) -> None:
    """Refused, expired, malformed: no place is taken."""
    for headers in ({}, {"Authorization": "Bearer x"}, hiq.bearer(exp=1)):
        await hiq.refusal(headers=headers)
    assert (await hiq.health())["clients"]["connections"] == 0


async def test_a_cut_is_noticed_on_both_sides(hiq: Hiq) -> None:
    """After a cut without a close frame sending fails at once, and the place is free."""
    async with tab(hiq) as client:
        client.socket.transport.abort()
        began = time.monotonic()
        with pytest.raises(ConnectionClosed) as caught:
            await client.socket.recv()
        assert caught.value.rcvd is None
        with pytest.raises(ConnectionClosed):
            await client.tell("ping")
        assert time.monotonic() - began < 0.5
    await hiq.alone()


async def test_malformed_frames_end_it(hiq: Hiq) -> None:
    """What is no WebSocket frame is a protocol error, and leaves nothing."""
    raw = await Raw.open(hiq)
    raw.writer.write(b"\xff\xff\xff\xff")
    await raw.listen(answer=True)
    await hiq.alone()


async def test_a_hundred_random_ends(hiq: Hiq) -> None:
    """Close, reset, silence, half-open: no ghost, no file, no thread, no memory."""
    chance = random.Random(7)
    await cycle(hiq, 10, chance)
    before = resources(hiq)
    await cycle(hiq, 100, chance)
    found = (await hiq.alone())["clients"]
    assert (found["users"], found["addresses"], found["handlers"]) == (0, 0, 0)
    assert found["sessions"] <= 2 * 3  # of two users
    after = resources(hiq)
    assert after[0] < before[0] + 10
    assert after[1] < before[1] + 5
    assert after[2] < before[2] + 10 * MIB


async def cycle(hiq: Hiq, count: int, chance: random.Random) -> None:
    """Let so many connect, and end in one of the ways."""

    async def one(way: str) -> None:
        if way in {"silent", "half-open"}:
            raw = await Raw.open(hiq)
            if way == "half-open":
                raw.writer.write_eof()
            await raw.listen(answer=False)
            return
        async with tab(hiq) as client:
            await client.subscribe(domains=["light"])
            hiq.home.set("light.lamp", "on", {})
            if way == "reset":
                client.socket.transport.abort()

    ways = [
        chance.choice(["close", "reset", "silent", "half-open"]) for _ in range(count)
    ]
    for start in range(0, count, 20):
        await asyncio.gather(*(one(way) for way in ways[start : start + 20]))


async def test_memory_of_short_visits(hiq: Hiq) -> None:
    """Three times two visits grow the server by less than 5 MB."""
    before = resources(hiq)
    for _ in range(3):
        for _ in range(2):
            async with tab(hiq) as client:
                await client.ask("ping")
    await hiq.alone()
    after = resources(hiq)
    assert after[2] - before[2] < 5_000_000
    assert after[0] < before[0] + 10


async def test_the_stop_is_said(tmp_path: Path) -> None:
    """SIGTERM: every client sees 1001 within 2 s, and the process ends with 0."""
    async with hiq_serve(tmp_path) as it, tab(it) as one, tab(it) as two:
        began = time.monotonic()
        status, seconds = await asyncio.to_thread(it.terminate)
        for client in (one, two):
            await client.socket.wait_closed()
            assert client.socket.close_code == 1001
        assert status == 0
        assert seconds < 10
        assert time.monotonic() - began < 10


async def test_who_does_not_read_harms_nobody(tmp_path: Path) -> None:
    """One stops reading: it is cut with 4408; four others get all, in 100 ms at p95."""
    async with hiq_serve(tmp_path, "send_timeout: 500ms, outbox_events: 100000") as it:
        slow = await it.open("slow", max_queue=1)
        await slow.send('{"type":"subscribe"}')
        slow.transport.pause_reading()
        async with tab(it) as one, tab(it) as two, tab(it) as three, tab(it) as four:
            tabs = (one, two, three, four)
            for client in tabs:
                await client.subscribe(domains=["light"])
            taken: list[float] = []
            for number in range(100):
                began = time.monotonic()
                for step in range(20):
                    hiq_number = number * 20 + step
                    it.home.set("light.lamp", "on", {"n": hiq_number, "x": "x" * 5000})
                for client in tabs:
                    await client.events(20)
                    taken.append(time.monotonic() - began)
                    await client.tell("ack", seq=(number + 1) * 20)
            await it.until(
                "the slow one is cut", lambda h: "4408" in h["clients"]["ended"]
            )
            assert sorted(taken)[int(len(taken) * 0.95)] < 0.1
        slow.transport.abort()
