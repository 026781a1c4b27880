"""Whatever way a connection ends, nothing of it is left in the server."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients.raw import Raw
from tests.clients.serving import Hiq, Tab, hiq_serve, shared, tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

hiq = shared(
    "connections_per_user: 200, connections_per_address: 200, sessions_per_user: 3, "
    "heartbeat_interval: 300ms, heartbeat_timeout: 60s",
    "auth_failures: 1000",
)
MIB = 1024 * 1024
FLOOD = 2000
"""Events of 10 kB: more than all buffers between two sockets hold."""


def resources(hiq: Hiq) -> tuple[int, int, int]:
    """Open files, threads and bytes in memory of the server."""
    process = Path(f"/proc/{hiq.pid}")
    rows = (process / "status").read_text().splitlines()
    found = {words[0]: words[1] for row in rows if len(words := row.split()) > 1}
    files = len(list((process / "fd").iterdir()))
    return files, int(found["Threads:"]), int(found["VmRSS:"]) * 1024


async def test_closing_frees_the_place(hiq: Hiq) -> None:
    """One, then three at once: nobody is left."""
    async with tab(hiq):
        assert (await hiq.health())["clients"]["connections"] == 1
    await hiq.alone()
    async with tab(hiq), tab(hiq), tab(hiq):
        assert (await hiq.health())["clients"]["connections"] == 3
    found = (await hiq.alone())["clients"]
    assert (found["users"], found["addresses"], found["handlers"]) == (0, 0, 0)


async def test_a_failed_handshake_leaves_nothing(hiq: Hiq) -> None:
    """Refused, expired, malformed: no place is taken."""
    for headers in ({}, {"Authorization": "Bearer x"}, hiq.bearer(exp=1)):
        await hiq.refusal(headers=headers)
    assert (await hiq.health())["clients"]["connections"] == 0


async def test_a_cut_is_noticed_on_both_sides(hiq: Hiq) -> None:
    """After a cut without a close frame sending fails, and the place is free."""
    async with tab(hiq) as client:
        client.socket.transport.abort()
        with pytest.raises(ConnectionClosed) as caught:
            await client.socket.recv()
        assert caught.value.rcvd is None
        with pytest.raises(ConnectionClosed):
            await client.tell("ping")
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
    """SIGTERM: every client sees 1001, and the process ends with 0 within 10 s."""
    async with hiq_serve(tmp_path) as it, tab(it) as one, tab(it) as two:
        status, seconds = await asyncio.to_thread(it.terminate)
        for client in (one, two):
            await client.socket.wait_closed()
            assert client.socket.close_code == 1001
        assert status == 0
        assert seconds < 10


async def flood(it: Hiq) -> Tab:
    """Give four clients 2,000 large events beside one that does not read."""
    slow = await tab_that_reads_nothing(it)
    async with tab(it) as one, tab(it) as two, tab(it) as three, tab(it) as four:
        tabs = (one, two, three, four)
        for client in tabs:
            await client.subscribe(domains=["light"])
        for start in range(0, FLOOD, 20):
            for number in range(start, start + 20):
                it.home.set("light.lamp", "on", {"n": number, "x": "x" * 5000})
            for client in tabs:
                seqs = [frame["seq"] for frame in await client.events(20)]
                assert seqs == list(range(start + 1, start + 21))
                await client.tell("ack", seq=start + 20)
    return slow


async def tab_that_reads_nothing(it: Hiq) -> Tab:
    """Subscribe to everything, then read no byte."""
    slow = await Tab(await it.open("slow", max_queue=1)).greet()
    await slow.subscribe(domains=["light"])
    slow.socket.transport.pause_reading()
    return slow


async def test_who_does_not_read_delays_nobody(tmp_path: Path) -> None:
    """Four others have everything while one is still waited for, that has it later."""
    patient = "send_timeout: 10m, ack_timeout: 10m, outbox_events: 100000"
    async with hiq_serve(tmp_path, patient) as it:
        slow = await flood(it)
        assert "4408" not in (await it.health())["clients"]["ended"]
        slow.socket.transport.resume_reading()
        seqs = [frame["seq"] for frame in await slow.events(FLOOD)]
        assert seqs == list(range(1, FLOOD + 1))
        await slow.socket.close()
        await it.alone()


async def test_who_does_not_read_is_cut(tmp_path: Path) -> None:
    """Its connection ends with 4408; the others have not noticed."""
    async with hiq_serve(tmp_path, "send_timeout: 500ms, outbox_events: 100000") as it:
        slow = await flood(it)
        await it.until("the slow one is cut", lambda h: "4408" in h["clients"]["ended"])
        slow.socket.transport.abort()
        await it.alone()
