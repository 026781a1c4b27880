"""`hiq.client`: events in order over cuts and a kill; refusals; gaps."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from hiq import client
from hiq.client import Event, Gap, Refused
from tests.clients.serving import Hiq, hiq_serve


class Reader:
    """A task that keeps what a client gives out."""

    def __init__(self, hiq: Hiq, **options: Any) -> None:
        self.found: list[Event | Gap] = []
        self._options = options
        self._hiq = hiq
        self.client: client.Client | None = None

    async def run(self) -> None:
        """Read for ever."""
        async with client.connect(
            self._hiq.url, self._hiq.token, domains=["light"], **self._options
        ) as self.client:
            async for one in self.client:
                self.found.append(one)

    async def until(self, count: int) -> None:
        """Wait for so many."""
        async with asyncio.timeout(20):
            while len(self.found) < count:
                await asyncio.sleep(0.01)

    @property
    def connects(self) -> int:
        """How often it connected."""
        return 0 if self.client is None else self.client.connects


async def test_events_over_a_kill(tmp_path: Path) -> None:
    """Before and after: each event once, in order, and a gap for the restart."""
    async with hiq_serve(tmp_path) as hiq:
        reader = Reader(hiq)
        reading = asyncio.create_task(reader.run())
        async with asyncio.timeout(10):
            while not reader.connects:
                await asyncio.sleep(0.01)
        for number in range(30):
            hiq.home.set("light.lamp", str(number), {})
        await reader.until(30)
        hiq.kill()
        await asyncio.to_thread(hiq.start)
        await reader.until(31)
        assert isinstance(reader.found[30], Gap)
        assert reader.found[30].reason == "restart"
        for number in range(30, 40):
            hiq.home.set("light.lamp", str(number), {})
        await reader.until(41)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        events = [one for one in reader.found if isinstance(one, Event)]
        states = [one.data["data"]["new_state"]["state"] for one in events]
        assert states == [str(number) for number in range(40)]
        assert reader.connects == 2


async def test_a_bad_token_is_final(tmp_path: Path) -> None:
    """Whoever is refused for good is told so, with the code."""
    async with hiq_serve(tmp_path) as hiq:
        async with client.connect(hiq.url, "nonsense") as it:
            with pytest.raises(Refused, match="INVALID_FORMAT"):
                await anext(it)
        async with client.connect(hiq.url) as it:
            with pytest.raises(Refused, match="NO_TOKEN"):
                await anext(it)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://hiq.lan:8001", "ws://hiq.lan:8001/ws"),
        ("https://hiq.lan/hiq/", "wss://hiq.lan/hiq/ws"),
        ("ws://hiq.lan/ws", "ws://hiq.lan/ws"),
    ],
)
def test_addresses(url: str, expected: str) -> None:
    """An address as a browser has it is enough."""
    assert client._socket_url(url) == expected
