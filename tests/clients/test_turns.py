"""Turns: nobody sends so long that others wait."""

from __future__ import annotations

import asyncio

from hiq.clients.turns import TURN_S, Turns


class Sending:
    """Sends for some time of the test's clock."""

    def __init__(self, log: list[str], name: str, now: list[float], takes_s: float):
        self.log, self.name, self.now, self.takes_s = log, name, now, takes_s

    def send(self) -> None:
        """Take the time."""
        self.log.append(self.name)
        self.now[0] += self.takes_s


async def test_others_of_the_loop_are_served_between_turns() -> None:
    """All send in their order; when a turn is over the loop goes round."""
    now, log = [0.0], []
    loop = asyncio.get_running_loop()
    turns = Turns(loop, lambda: now[0])
    for name in "abcde":
        turns.plan(Sending(log, name, now, TURN_S / 2))
    loop.call_soon(log.append, "loop")
    async with asyncio.timeout(5):
        while len(log) < 6:
            await asyncio.sleep(0)
    assert log == ["a", "b", "loop", "c", "d", "e"]
    turns.plan(Sending(log, "f", now, 1.0))
    await asyncio.sleep(0)
    assert log[-1] == "f"
