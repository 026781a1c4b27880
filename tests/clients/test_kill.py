"""`kill -9` in mid-stream: after the restart each client has all, or the exact gap."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients.serving import Hiq, hiq_serve, tab

ROUNDS = int(os.environ.get("CLIENT_KILLS", "2"))
CLIENTS = 5

pytestmark = [pytest.mark.slow, pytest.mark.timeout(30 * ROUNDS + 60)]


class Reader:
    """A client that comes back until it has everything; it keeps what it was told."""

    def __init__(self, hiq: Hiq, name: str, chance: random.Random) -> None:
        self.hiq = hiq
        self.name = name
        self.chance = chance
        self.session: str | None = None
        self.seq = 0
        self.order: list[int] = []
        self.gaps: list[dict[str, Any]] = []
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Stay connected, for ever."""
        while True:
            with contextlib.suppress(ConnectionClosed, OSError, EOFError):
                async with tab(self.hiq, self.name, open_timeout=2) as client:
                    if self.session is None:
                        await client.subscribe(domains=["light"])
                        self.session = client.welcome["session"]
                        self.ready.set()
                    else:
                        await client.tell(
                            "resume", session=self.session, last_seq=self.seq
                        )
                    while True:
                        self.take(await client.next(60))
                        if self.chance.random() < 0.1:
                            await client.tell("ack", seq=self.seq)
            await asyncio.sleep(0.05)

    def take(self, frame: dict[str, Any]) -> None:
        """Take a frame: numbers have no holes."""
        if frame["type"] == "result":
            assert frame["data"].get("resumed", True), frame
        if frame["type"] == "gap":
            assert frame["from"] <= self.seq + 1, (frame, self.seq)
            self.gaps.append({**frame, "after": self.order[-1] if self.order else -1})
            self.seq = max(self.seq, frame["to"])
        if frame["type"] == "event" and frame["seq"] > self.seq:
            assert frame["seq"] == self.seq + 1, (frame["seq"], self.seq)
            self.seq = frame["seq"]
            self.order.append(int(frame["event"]["data"]["new_state"]["state"]))


async def test_killed_in_mid_stream(tmp_path: Path) -> None:
    """Five clients, kill after kill: numbers without holes, each missing event in a gap."""
    chance = random.Random(3)
    fired: list[float] = []
    async with hiq_serve(tmp_path, "session_age: 60s, outbox_events: 100000") as hiq:
        readers = [Reader(hiq, f"user{number}", chance) for number in range(CLIENTS)]
        tasks = [asyncio.create_task(reader.run()) for reader in readers]
        for reader in readers:
            await reader.ready.wait()

        async def stream() -> None:
            while True:
                change = hiq.home.set("light.lamp", str(len(fired)), {})
                assert change.new is not None
                fired.append(change.new.updated_us / 1e6)
                await asyncio.sleep(0.005)

        streaming = asyncio.create_task(stream())
        for _ in range(ROUNDS):
            await asyncio.sleep(0.3 + chance.random())
            hiq.kill()
            await asyncio.to_thread(hiq.start)
        await asyncio.sleep(0.5)
        streaming.cancel()
        last = len(fired) - 1
        async with asyncio.timeout(30):
            while not all(
                reader.order and reader.order[-1] == last for reader in readers
            ):
                await asyncio.sleep(0.05)
                for task in tasks:
                    assert not task.done(), task.exception()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for reader in readers:
        judge(reader, fired)


def judge(reader: Reader, fired: list[float]) -> None:
    """Nothing came twice or in disorder; what did not come lies in a gap of a restart."""
    order = reader.order
    assert order == sorted(set(order))
    assert len(reader.gaps) <= ROUNDS * 2
    previous = order[0] - 1
    for number in order:
        if number != previous + 1:
            gaps = [gap for gap in reader.gaps if gap["after"] == previous]
            assert gaps, f"{previous} to {number}: missing without a gap"
            assert gaps[0]["reason"] == "restart"
            since = datetime.fromisoformat(gaps[0]["since"]).timestamp()
            # The commit that kept the last event came after it, and before what is lost.
            assert fired[previous] <= since + 0.5, "the gap begins too early"
        previous = number
