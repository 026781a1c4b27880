"""What faces Home Assistant, put together: how lone events wait."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from hiq import homeside
from hiq.observe import Observers


class Told:
    """Stands where the pump stands, and keeps what it was told."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.changed = asyncio.Event()
        self.gathered = lambda: False

    def expect(self) -> None:
        """Be told that something waits."""
        self.log.append("expect")

    def wake(self) -> None:
        """Be told that something was read."""
        self.log.append("wake")
        self.changed.set()


def gathering_of(pump: Told, commit_s: float) -> homeside.Gathering:
    """Return what lets lone events wait, with a listener whose socket rests."""
    shared = SimpleNamespace(
        observers=Observers({}),
        settings=SimpleNamespace(journal=SimpleNamespace(commit=commit_s)),
    )
    gathering = homeside._gathering(shared, pump)

    def flush() -> bool:
        pump.log.append("flush")
        return True

    gathering.flush = flush
    return gathering


async def test_what_a_flush_has_read_is_counted_as_buffered_at_once() -> None:
    """Otherwise a look at the counters would find that they do not add up."""
    pump = Told()
    gathering_of(pump, 0.25)
    assert pump.gathered() is True
    assert pump.log == ["flush", "wake"]


async def test_a_long_commit_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are read after some time, and the commit takes them later."""
    monkeypatch.setattr(homeside, "LONGEST_WAIT_S", 0.01)
    pump = Told()
    gathering_of(pump, 5.0).began()
    async with asyncio.timeout(10):
        await pump.changed.wait()
    assert pump.log == ["expect", "flush", "wake"]
    gathering_of(pump, 0.01).began()
    assert pump.log[3:] == ["expect"]


async def test_who_waits_for_a_long_commit_is_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time goes from the first one on, and begins anew with a flush."""
    monkeypatch.setattr(homeside, "LONGEST_WAIT_S", 0.01)
    pump = Told()
    gathering = gathering_of(pump, 5.0)
    gathering.began()
    gathering.began()
    pump.gathered()
    gathering.began()
    pump.changed.clear()
    async with asyncio.timeout(10):
        await pump.changed.wait()
    await asyncio.sleep(0.05)
    assert pump.log == ["expect", "expect", "flush", "wake", "expect", "flush", "wake"]
