"""Parts that die are restarted, counted, and listed while they are down."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from hiq.supervise import Supervisor


class Rig:
    """A supervisor with a clock that a part moves by hand."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()
        self.stopping = asyncio.Event()
        self.now = 0.0
        self.sequences = 0
        self.supervisor = Supervisor(
            self.errors, self.stopping, clock=lambda: self.now, backoff=self.backoff
        )

    def backoff(self) -> Iterator[float]:
        """Count how often the delays begin anew; none waits."""
        self.sequences += 1
        while True:
            yield 0.0


async def test_a_part_that_dies_is_restarted() -> None:
    """Each death is counted; the part runs again until the stop."""
    rig = Rig()
    runs = 0

    async def part() -> None:
        nonlocal runs
        runs += 1
        if runs == 4:
            rig.stopping.set()
            return
        raise OSError(f"boom {runs}")

    await rig.supervisor.keep("pump", part)
    assert runs == 4
    assert rig.errors == {"pump": 3}
    assert rig.supervisor.down == {}


async def test_a_part_that_waits_is_down() -> None:
    """Between death and restart the part is listed with its reason."""
    rig = Rig()
    rig.supervisor._backoff = lambda: iter([3600.0])

    async def part() -> None:
        raise ValueError("no way")

    async with asyncio.TaskGroup() as group:
        group.create_task(rig.supervisor.keep("sink a", part))
        while not rig.supervisor.down:
            await asyncio.sleep(0)
        assert rig.supervisor.down == {"sink a": "ValueError: no way"}
        rig.stopping.set()


async def test_a_cancellation_from_within_is_a_failure() -> None:
    """Of a task that a part waits for, not of the part: it is restarted."""
    rig = Rig()
    runs = 0

    async def part() -> None:
        nonlocal runs
        runs += 1
        if runs == 2:
            rig.stopping.set()
            return
        helper = asyncio.create_task(asyncio.sleep(3600))
        asyncio.get_running_loop().call_soon(helper.cancel)
        await helper

    await rig.supervisor.keep("homeside", part)
    assert runs == 2
    assert rig.errors == {"homeside": 1}


async def test_a_cancellation_of_the_part_ends_it() -> None:
    """The service itself cancels what does not stop in time."""
    rig = Rig()
    task = asyncio.create_task(rig.supervisor.keep("pump", rig.stopping.wait))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rig.errors == {}


async def test_a_part_that_ends_is_as_bad(caplog: pytest.LogCaptureFixture) -> None:
    """A part that returns while the service runs is restarted like one that fails."""
    rig = Rig()
    runs = 0

    async def part() -> None:
        nonlocal runs
        runs += 1
        if runs == 2:
            rig.stopping.set()

    await rig.supervisor.keep("ingest", part)
    assert rig.errors == {"ingest": 1}
    assert "a part of the service ended" in caplog.text


async def test_a_failure_during_the_stop_is_only_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What fails while everything stops is not restarted."""
    rig = Rig()

    async def part() -> None:
        rig.stopping.set()
        raise OSError("late")

    await rig.supervisor.keep("pump", part)
    assert rig.errors == {}
    assert "late" in caplog.text


async def test_steady_parts_begin_with_the_shortest_delay() -> None:
    """A part that ran for a minute gets fresh delays, one that did not keeps them."""
    rig = Rig()
    lengths = [1.0, 61.0, 1.0]

    async def part() -> None:
        if not lengths:
            rig.stopping.set()
            return
        rig.now += lengths.pop(0)
        raise OSError

    await rig.supervisor.keep("pump", part)
    assert rig.sequences == 2


async def test_cancelling_goes_through() -> None:
    """A cancelled part is not restarted."""
    rig = Rig()
    task = asyncio.ensure_future(rig.supervisor.keep("pump", asyncio.Event().wait))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rig.errors == {}
