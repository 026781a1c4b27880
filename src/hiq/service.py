"""The running service: builds the parts, keeps them running, stops them in order.

The order of stopping is source first: reading ends, the pump flushes what is encoded
into the journal, the sinks get what is left of the time, the rest waits in the
journal. What start-up needs and cannot have (port, journal folder) is a ConfigError;
a Home Assistant or a database that is down is not. It must not know how any part
does its work.

The clients of databases are loaded in a thread while the first connection to Home
Assistant is made, the HTTP server when somebody connects to its port: they take as
long, and as much memory, as everything else together.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from hiq import Pipeline
from hiq.counting import Counting
from hiq.deliveries import Deliveries
from hiq.errors import HiqError
from hiq.extra import ExtraPoints
from hiq.gapfile import NAME as GAPS
from hiq.gapfile import GapFile
from hiq.gaps import Ledger
from hiq.guests import Guests
from hiq.homeside import HomeSide, Shared
from hiq.memorywatch import memory_watch
from hiq.notify import Notifier
from hiq.observe import Observers
from hiq.opening import open_journal
from hiq.oversight import Oversight
from hiq.pageparts import fill_page
from hiq.pump import Pump
from hiq.reload import Reloader
from hiq.stats import Stats
from hiq.supervise import Supervisor, bounded
from hiq.threads import Lookups
from hiq.watch import Watch
from hiq.web.parts import Parts
from hiq.web.recent import Recent
from hiq.webside import WebSide

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from hiq.journal.journal import Journal
    from hiq.settings.schema import Settings

__all__ = ["Service"]

T = TypeVar("T")

logger = logging.getLogger("hiq.service")

STOP_S = 6.5
SOURCE_STOP_S = 2.0
PUMP_STOP_S = 3.0
CLOSE_S = 0.7
SLACK_S = 0.2


class Service:
    """One instance of hiq.

    After `await run()`: everything is stopped and closed, and the exit status is
    known: 0 after an ordered stop, 128 + signal number if a second signal cut the
    stop short. ConfigError: what start-up needs and cannot have.

    - `stats`: the counters, from the beginning.
    - `url`: where the page is; None without HTTP, and before the port is taken.
    - `parts`: what the routes ask beside the counters; parts of the service fill it.
    - `started`: set when all parts run and HTTP answers.
    - `loaded`: called when what is loaded at the start is there, and when the HTTP
      server is.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        environment: Mapping[str, str] | None = None,
        read_settings: Callable[[], Settings] | None = None,
        loaded: Callable[[], object] = lambda: None,
    ) -> None:
        self.settings = settings
        self._reloader = Reloader(settings, read_settings)
        self.stats = Stats(gaps=Ledger(clock=clock))
        self.parts = Parts()
        self.url: str | None = None
        self.started = asyncio.Event()
        self.loaded = loaded
        self._clock = clock
        self._environment = os.environ if environment is None else environment
        self._notifier = Notifier(self._environment)
        self._stopping = asyncio.Event()
        self._supervisor = Supervisor(self.stats.errors, self._stopping)
        self._recent = Recent(clock())
        self._observers = Observers(self.stats.errors)
        self._aborted: int | None = None
        self._closing = False
        self._main: asyncio.Task[object] | None = None
        self._journal_thread = ThreadPoolExecutor(1, thread_name_prefix="hiq-journal")
        self._threads = ThreadPoolExecutor(
            min(4, max(1, len(settings.sinks))), thread_name_prefix="hiq-read"
        )
        self._gap_file = GapFile(
            self.stats.gaps, settings.data_dir / GAPS, executor=self._threads
        )
        self._guests = Guests(
            settings,
            self.stats,
            self.parts,
            self._observers,
            in_thread=self._in_thread,
            clock=clock,
        )
        self.oversight = Oversight(
            settings, self.stats, self.parts, self._supervisor.down, self._guests, clock
        )
        self._deliveries = Deliveries(
            settings,
            self.stats,
            looked_at=self.oversight.sink,
            threads=self._threads,
            journal_thread=self._journal_thread,
            clock=clock,
        )
        self._shared = Shared(
            settings=settings,
            stats=self.stats,
            parts=self.parts,
            observers=self._observers,
            guests=self._guests,
            oversight=self.oversight,
            threads=self._threads,
            journal_thread=self._journal_thread,
            environment=self._environment,
            clock=clock,
        )
        self._web = WebSide(self._shared, self._recent, self._supervisor.down)
        self._journal: Journal | None = None
        self._home: HomeSide | None = None
        self._extra: ExtraPoints | None = None

    def stop(self) -> None:
        """Begin the ordered stop; `run` returns when it is done."""
        self._stopping.set()

    def on_signal(self, number: int) -> None:
        """Stop in order at the first signal, at once at the second."""
        name = signal.Signals(number).name
        if not self._stopping.is_set():
            logger.info("stopping", extra={"signal": name})
            self.stop()
        elif self._main is not None and self._aborted is None:
            logger.warning("stopping at once", extra={"signal": name})
            self._aborted = number
            if not self._closing:  # every step of that is bounded, and saves something
                self._main.cancel()

    def reload(self) -> None:
        """Read settings and token again soon, and try to connect now."""
        self._reloader.request()

    async def run(self) -> int:
        """Run until `stop`, or until this is cancelled; return the exit status."""
        self._main = asyncio.current_task()
        asyncio.get_running_loop().set_default_executor(Lookups())
        self.stats.started_at = self._clock()
        failures: tuple[BaseException, ...] = ()
        try:
            await self._open()
            try:
                async with asyncio.TaskGroup() as group:
                    await self._serve(group)
            except* HiqError as found:
                failures = found.exceptions
        except asyncio.CancelledError:
            if self._aborted is None:
                raise
        finally:
            self._closing = True
            await self._close()
        if self._aborted is not None:
            return 128 + self._aborted
        for failure in failures:
            raise failure
        return 0

    # start

    async def _open(self) -> None:
        """Take what must be had: the port and the journal."""
        settings, stats = self.settings, self.stats
        if settings.http.enabled:
            self.url = self._web.bind()
        await self._gap_file.load()  # the journal may have losses to note
        opening = partial(open_journal, self.settings, stats, self._clock)
        self._journal = await self._in_journal_thread(opening)
        self._notifier.send(READY="1", STATUS="the journal is open")

    async def _serve(self, group: asyncio.TaskGroup) -> None:
        """Start all parts, wait for the stop, and stop them in order."""
        assert self._journal is not None
        tasks: list[asyncio.Task[None]] = []

        def start(name: str, run: Callable[[], Awaitable[None]]) -> None:
            tasks.append(group.create_task(self._supervisor.keep(name, run), name=name))

        pipeline = Pipeline(self.settings.pipeline_options)
        self._observers.bind(pipeline)
        counting = Counting(self.stats, pipeline, self._observers, clock=self._clock)
        await counting.open(self._journal, self._journal_thread, self.parts)
        pump = Pump(
            pipeline,
            self.oversight.open(self._journal, pipeline, self._in_thread, start),
            self.stats,
            self.settings.journal,
            schemas=self.settings.schemas,
            executor=self._journal_thread,
            clock=self._clock,
        )
        self._extra = ExtraPoints(
            self._journal,
            self.stats,
            self.settings.schemas,
            executor=self._journal_thread,
            committed=pump.notify,
            commit_s=self.settings.journal.commit,
        )
        if self.settings.home_assistant.enabled:
            self._home = await HomeSide.make(
                self._shared, pipeline, self._journal, pump, self._extra, start
            )
            self._home.start(start)
        else:
            self.stats.ha.state = "DISABLED"
        home = self._home
        self._reloader.attach(
            pipeline,
            self.parts,
            self._clock,
            None if home is None else home.ingest,
            None if home is None else home.repairer,
        )
        fill_page(self.parts, self._reloader, pipeline)
        if home is not None:
            self._reloader.set_validation = home.validation.set_level
        start("reload", self._reloader.run)
        # A sink counts from the journal as it is now, so nothing is committed before.
        await self._deliveries.make(self._journal)
        pump.committed.add(self._deliveries.wake)
        start("pump", pump.run)
        start("counting", counting.run)
        start("extra", self._extra.run)
        self._deliveries.start(start)
        await self._web.start(start, self.loaded)
        down, notifier = self._supervisor.down, self._notifier
        watch = Watch(self.stats, self._recent, down, notifier, clock=self._clock)
        start("watch", watch.run)
        start("memory", memory_watch(self, pump).run)
        if home is not None:
            start("backfill", home.repairer.run)
        start("gaps", self._gap_file.run)
        logger.info("serving", extra={"url": self.url or "no HTTP"})
        self.loaded()
        self.started.set()
        await self._stopping.wait()
        self._notifier.send(STOPPING="1", STATUS="stopping")
        await self._drain(pump)
        for task in tasks:
            task.cancel()

    # stop

    async def _drain(self, pump: Pump) -> None:
        """Move what was received as far as it gets; every step has its share."""
        deadline = self._clock_of_loop() + STOP_S
        home = self._home
        if home is not None:
            await bounded("ingest", home.ingest.stop(), SOURCE_STOP_S)
            await bounded("backfill", home.repairer.end(), CLOSE_S)
        if not await bounded("pump", pump.drain(PUMP_STOP_S), PUMP_STOP_S + SLACK_S):
            logger.error(
                "the journal did not take everything",
                extra={"points": self.stats.buffered},
            )
        if self._extra is not None:
            await bounded("extra", self._extra.close(), CLOSE_S)
        if home is not None:
            await bounded("backfill", home.repairer.close(), CLOSE_S)
            await bounded("validation", home.validation.flush(), CLOSE_S)
        await self._deliveries.drain(max(0.1, deadline - self._clock_of_loop()))

    async def _close(self) -> None:
        """Close whatever is open; every step is bounded, so that all get their turn."""
        await self._deliveries.close(CLOSE_S)
        await self._web.close(CLOSE_S)
        if self._home is not None:
            await bounded("discovery", self._home.discovery.close(), CLOSE_S)
        await bounded("gaps", self._gap_file.flush(), CLOSE_S)
        if self._journal is not None:
            work = self._in_journal_thread(self._journal.close)
            await bounded("journal", work, CLOSE_S)
            sinks = self.stats.sinks.values()
            logger.info(
                "stopped",
                extra={
                    "received": self.stats.received,
                    "accepted": self.stats.accepted,
                    "not_journaled": self.stats.buffered,
                    "pending": {sink.name: sink.pending for sink in sinks},
                },
            )
        for threads in (self._journal_thread, self._threads):
            threads.shutdown(wait=False, cancel_futures=True)

    # helpers

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _in_journal_thread(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._journal_thread, work)

    def _clock_of_loop(self) -> float:
        return asyncio.get_running_loop().time()
