"""Looks at the counters while events come, rests while none do, saves now and then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.rates import measure

from hiq import Pipeline
from hiq.counting import Counting
from hiq.ha.feed import Feed
from hiq.journal.journal import Journal
from hiq.observe import Observers
from hiq.pump import Pump
from hiq.settings import JournalSettings
from hiq.stats import Stats
from hiq.totals import NAME
from hiq.web.parts import Parts
from tests.events import frame, state_changed


class Desk:
    """A counting with all that it needs, and a clock that a test turns by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stats = Stats()
        self.parts = Parts()
        self.now = 1000.0
        self.naps: asyncio.Queue[asyncio.Event] = asyncio.Queue()
        self.pipeline = Pipeline()
        self.feed = Feed(
            self.pipeline, self.stats, on_full=lambda: None, clock=lambda: self.now
        )
        self.rests: asyncio.Queue[asyncio.Event] = asyncio.Queue()
        self.counting = Counting(
            self.stats,
            self.pipeline,
            Observers(),
            clock=lambda: self.now,
            timer=lambda: self.now,
            sleep=self._sleep,
            wait=self._wait,
        )

    async def _sleep(self, seconds: float) -> None:
        nap = asyncio.Event()
        await self.naps.put(nap)
        await nap.wait()
        self.now += seconds

    async def _wait(self, event: asyncio.Event, _seconds: float) -> bool:
        """Wait for the event, or until a test says that the time is over."""
        over = asyncio.Event()
        await self.rests.put(over)
        waits = [asyncio.create_task(it.wait()) for it in (event, over)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
        return event.is_set()

    def change(self, entity_id: str = "sensor.power", times: int = 1) -> None:
        """Let something change."""
        for _ in range(times):
            self.feed(frame(state_changed(entity_id)), snapshot=False)

    async def second(self) -> None:
        """Let the sleep end that it is in."""
        (await self.naps.get()).set()

    async def asleep(self) -> None:
        """Wait until it sleeps again, without letting it go on."""
        nap = await self.naps.get()
        self.naps.put_nowait(nap)

    def last_minute(self) -> int:
        """Return the events of the last minute."""
        return self.counting.rates.gain("1m", self.now).events


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    """Open a journal, and count beside it."""
    it = Desk(folder)
    settings = JournalSettings(min_free_bytes=0)
    journal = Journal.open(folder, settings, it.stats.journal)
    with ThreadPoolExecutor(1) as executor:
        await it.counting.open(journal, executor, it.parts)
        it.pump = Pump(it.pipeline, journal, it.stats, settings, executor=executor)
        task = asyncio.create_task(it.counting.run())
        await it.asleep()
        try:
            yield it
        finally:
            task.cancel()
            await asyncio.wait([task])
            journal.close()


async def test_it_rests_while_nothing_comes(tmp_path: Path) -> None:
    """No timer runs until the next event, which wakes it."""
    async with desk(tmp_path) as it:
        it.change()
        await it.second()
        await it.asleep()
        await it.second()  # nothing came in this second
        while it.stats.on_change is None:
            await asyncio.sleep(0)
        assert it.naps.empty()
        it.now += 3600.0
        assert it.last_minute() == 0
        it.change(times=2)
        assert it.stats.on_change is None
        await it.asleep()
        assert it.last_minute() == 2
        assert it.counting.rates.gain("15m", it.now).events == 2


async def test_another_event_wakes_it_too(tmp_path: Path) -> None:
    """Events of other types are counted by their type."""
    async with desk(tmp_path) as it:
        await it.second()
        while it.stats.on_change is None:
            await asyncio.sleep(0)
        it.stats.count_other("call_service")
        await it.asleep()
        gain = it.counting.rates.gain("1m", it.now)
        assert gain.by_type == {"call_service": 1}


async def test_a_kill_costs_the_last_seconds_at_most(tmp_path: Path) -> None:
    """While events come the totals are saved every ten seconds, and at the stop."""
    async with desk(tmp_path / "journal") as it:
        for _ in range(12):
            it.change()
            await it.second()
            await it.asleep()
        copy = tmp_path / "copy"
        copy.mkdir()
        (copy / NAME).write_bytes((it.folder / NAME).read_bytes())
    async with desk(copy) as killed:
        assert killed.parts.totals is not None
        assert killed.parts.totals() == {"state_changed": 10}
    async with desk(tmp_path / "journal") as stopped:
        assert stopped.parts.totals is not None
        assert stopped.parts.totals() == {"state_changed": 12}


async def test_the_last_events_are_saved_while_it_rests(tmp_path: Path) -> None:
    """One event, then nothing for hours, then a kill: it is counted."""
    async with desk(tmp_path) as it:
        it.change()
        await it.second()
        await it.asleep()
        await it.second()
        await it.rests.get()
        it.change("sensor.b")  # wakes it before it was time
        await it.second()
        await it.asleep()
        await it.second()
        (await it.rests.get()).set()
        while not (tmp_path / NAME).exists():
            await asyncio.sleep(0)
        assert it.naps.empty()


async def test_the_document_says_what_came(tmp_path: Path) -> None:
    """Of this run and of all, with windows, domains, entities and points."""
    async with desk(tmp_path) as it:
        it.change("light.a", 2)
        it.change("sensor.b", 3)
        await it.pump.drain(10.0)
    async with desk(tmp_path) as it:
        it.change("light.a", 4)
        it.change("sensor.b", 1)
        it.now += 10.0
        assert it.parts.rates is not None
        found = it.parts.rates(it.now)
        assert found.total_events_processed == 5
        assert found.by_domain == {"light": 4, "sensor": 1}
        assert [entity.events for entity in found.top_entities] == [4, 1]
        assert set(found.windows) == {"1m", "5m", "15m"}
        for window in found.windows.values():
            assert (window.events, window.events_per_second) == (5, 0.5)
            assert window.top_entities == found.top_entities
        assert found.connection_stats.total_events_received == 10
        assert found.all_runs.events_by_type == {"state_changed": 10}
        assert found.all_runs.points == {"ha": 5}
        assert found.all_runs.since == "1970-01-01T00:16:40+00:00"
        assert found.processing_stats.processing_rate_per_second == 0.5
        assert it.parts.per_minute is not None
        assert it.parts.per_minute() == 30.0


def test_every_event_is_counted_exactly() -> None:
    """A short run of the benchmark, which compares all with a plain count."""
    found = measure(events=60_000, entities=1_000)
    assert found.moments <= 3 * 62 + 3 * 6
