"""The running service: builds the parts, keeps them running, stops them in order.

The order of stopping is source first: reading ends, the pump flushes what is encoded
into the journal, the sinks get what is left of the time, the rest waits in the
journal. What start-up needs and cannot have (port, journal folder) is a ConfigError;
a Home Assistant or a database that is down is not. It must not know how any part
does its work.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from hiq import Pipeline, __version__
from hiq.deliver import DeadLetters, Deliverer
from hiq.errors import ConfigError, HiqError, JournalError, Problem
from hiq.flow import Gate
from hiq.ingest import Ingest
from hiq.journal.journal import Journal
from hiq.notify import Notifier
from hiq.pump import Pump
from hiq.sink import make
from hiq.stats import SinkStats, Stats
from hiq.supervise import Supervisor
from hiq.web.health import checks, worst
from hiq.web.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from hiq.settings.schema import Settings, SinkSettings
    from hiq.sink.base import Sink
    from hiq.web.server import WebServer

__all__ = ["Service"]

logger = logging.getLogger("hiq.service")

STOP_S = 9.0
SOURCE_STOP_S = 2.0
PUMP_STOP_S = 3.0
CLOSE_S = 1.0
TICK_S = 15.0
MEMORY_HIGH_BYTES = 64 * 1024 * 1024


class Service:
    """One instance of hiq.

    After `await run()`: everything is stopped and closed, and the exit status is
    known: 0 after an ordered stop, 128 + signal number if a second signal cut the
    stop short.

    - `stats`: the counters, from the beginning.
    - `url`: where the page is, once it is served; None without HTTP.
    - `started`: set when the journal is open and HTTP answers.

    Raises (out of `run`):
        ConfigError: what start-up needs and cannot have.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self.stats = Stats()
        self.url: str | None = None
        self.started = asyncio.Event()
        self._clock = clock
        self._environment = os.environ if environment is None else environment
        self._notifier = Notifier(self._environment)
        self._stopping = asyncio.Event()
        self._supervisor = Supervisor(self.stats.errors, self._stopping)
        self._recent = Recent(clock())
        self._level = "healthy"
        self._aborted: int | None = None
        self._main: asyncio.Task[int] | None = None
        self._journal_thread = ThreadPoolExecutor(1, thread_name_prefix="hiq-journal")
        self._read_threads = ThreadPoolExecutor(
            min(4, max(1, len(settings.sinks))), thread_name_prefix="hiq-read"
        )
        self._ingest: Ingest | None = None
        self._pump: Pump | None = None
        self._journal: Journal | None = None
        self._deliverers: list[Deliverer] = []
        self._sinks: list[Sink] = []
        self._web: WebServer | None = None

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
            self._main.cancel()

    def reload(self) -> None:
        """Try the token again now, re-read from its file."""
        if self._ingest is not None:
            self._ingest.reload()

    async def run(self) -> int:
        """Run until `stop`, or until this is cancelled; return the exit status."""
        self._main = asyncio.current_task()
        self.stats.started_at = self._clock()
        try:
            await self._open()
            await self._serve()
        except asyncio.CancelledError:
            if self._aborted is None:
                raise
            return 128 + self._aborted
        finally:
            await self._close()
        return 0

    # start

    async def _open(self) -> None:
        settings, stats = self.settings, self.stats
        for sink in settings.sinks:
            stats.sinks[sink.name] = SinkStats(
                sink.name, sink.type, sink.schema, sink.required
            )
        loop = asyncio.get_running_loop()
        journal = await loop.run_in_executor(self._journal_thread, self._open_journal)
        self._journal = journal
        pipeline = Pipeline(settings.pipeline_options)
        pump = Pump(
            pipeline,
            journal,
            stats,
            settings.journal,
            schemas=settings.schemas,
            executor=self._journal_thread,
            clock=self._clock,
        )
        self._pump = pump
        for sink_settings in settings.sinks:
            await self._add_sink(sink_settings, journal, pump)
        home = settings.home_assistant
        if home.enabled:
            ingest = Ingest(
                home,
                pipeline,
                stats,
                on_data=pump.wake,
                env=self._environment,
                clock=self._clock,
            )
            self._ingest = ingest
            pump.gate = Gate(
                MEMORY_HIGH_BYTES,
                pause=ingest.pause_reading,
                resume=ingest.resume_reading,
            )
        else:
            stats.ha.state = "DISABLED"
        if settings.http.enabled:
            await self._open_web()

    def _open_journal(self) -> Journal:
        path = self.settings.journal_path
        try:
            path.mkdir(parents=True, exist_ok=True)
            return Journal.open(
                path, self.settings.journal, self.stats.journal, clock=self._clock
            )
        except (OSError, JournalError) as exc:
            where = self.settings.source or "settings"
            text = (
                str(exc)
                if isinstance(exc, JournalError)
                else f"{path} cannot be written: {exc.strerror or exc}"
            )
            key = "journal.path" if self.settings.journal.path else "data_dir"
            raise ConfigError(Problem(where, 0, key, text)) from exc

    async def _add_sink(
        self, settings: SinkSettings, journal: Journal, pump: Pump
    ) -> None:
        data_dir = self.settings.data_dir
        sink = make(settings, data_dir=data_dir)
        self._sinks.append(sink)
        cursor = await asyncio.get_running_loop().run_in_executor(
            self._journal_thread,
            lambda: journal.cursor(
                settings.name,
                settings.schema,
                settings.start,
                required=settings.required,
            ),
        )
        deliverer = Deliverer(
            sink,
            cursor,
            self.stats.sinks[settings.name],
            executor=self._read_threads,
            dead_letters=DeadLetters(data_dir / "dead" / f"{settings.name}.ndjson"),
        )
        self._deliverers.append(deliverer)
        pump.committed.add(deliverer.wake)

    async def _open_web(self) -> None:
        # Imported here so that a service without HTTP does not pay for a server.
        from hiq.web.api import View, make_app  # noqa: PLC0415
        from hiq.web.metrics import (  # noqa: PLC0415
            CONTENT_TYPE,
            StatsCollector,
            exposition,
        )
        from hiq.web.report import Build  # noqa: PLC0415
        from hiq.web.server import WebServer  # noqa: PLC0415

        collector = StatsCollector(self.stats, self._clock, __version__, resident_bytes)
        view = View(
            stats=self.stats,
            recent=self._recent,
            down=self._supervisor.down,
            build=Build(
                __version__,
                git_sha=self._environment.get("GIT_SHA", "unknown"),
                build_time=self._environment.get("BUILD_TIME", "unknown"),
            ),
            clock=self._clock,
            metrics=lambda: (exposition(collector), CONTENT_TYPE),
        )
        http = self.settings.http
        self._web = WebServer(make_app(view, http), http)
        await self._web.start()
        self.url = self._web.url

    # run

    async def _serve(self) -> None:
        assert self._pump is not None
        parts: dict[str, Callable[[], Awaitable[None]]] = {"pump": self._pump.run}
        for sink, deliverer in zip(self._sinks, self._deliverers, strict=True):
            parts[f"sink {sink.name}"] = _delivery(sink, deliverer)
        if self._ingest is not None:
            parts["ingest"] = self._ingest.run
        parts["housekeeping"] = self._housekeeping
        self._notifier.send(READY="1", STATUS="started")
        logger.info("serving", extra={"url": self.url or "no HTTP"})
        self.started.set()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._supervisor.keep(name, run), name=name)
                for name, run in parts.items()
            ]
            await self._stopping.wait()
            self._notifier.send(STOPPING="1", STATUS="stopping")
            await self._drain(asyncio.get_running_loop().time() + STOP_S - 2 * CLOSE_S)
            for task in tasks:
                task.cancel()

    async def _drain(self, deadline: float) -> None:
        """Move what was received as far as it gets; every step has its share."""
        loop = asyncio.get_running_loop()
        if self._ingest is not None:
            await _bounded("ingest", self._ingest.stop(), SOURCE_STOP_S)
        assert self._pump is not None
        flushed = await _bounded("pump", self._pump.drain(PUMP_STOP_S), PUMP_STOP_S + 1)
        if flushed is False:
            logger.error(
                "the journal did not take everything",
                extra={"points": self.stats.buffered},
            )
        left = max(0.1, deadline - loop.time())
        async with asyncio.TaskGroup() as group:
            for deliverer in self._deliverers:
                group.create_task(_bounded("sink", deliverer.drain(left), left + 0.2))

    async def _close(self) -> None:
        for sink in self._sinks:
            await _bounded(f"sink {sink.name}", sink.close(), CLOSE_S)
        if self._web is not None:
            await _bounded("http", self._web.close(), CLOSE_S)
        if self._journal is not None:
            closing = asyncio.get_running_loop().run_in_executor(
                self._journal_thread, self._journal.close
            )
            await _bounded("journal", closing, CLOSE_S)
        for threads in (self._journal_thread, self._read_threads):
            threads.shutdown(wait=False, cancel_futures=True)
        logger.info(
            "stopped",
            extra={
                "received": self.stats.received,
                "accepted": self.stats.accepted,
                "not_journaled": self.stats.buffered,
                "pending": {s.name: s.pending for s in self.stats.sinks.values()},
            },
        )

    async def _housekeeping(self) -> None:
        """Feed the watchdog, remember the counters, log when health changes."""
        watchdog_s = self._notifier.watchdog_s
        pause_s = TICK_S if watchdog_s is None else min(TICK_S, watchdog_s / 2)
        while True:
            now = self._clock()
            self._recent.sample(self.stats, now)
            found = checks(
                self.stats,
                now,
                self._recent.gained(self.stats, now),
                self._supervisor.down,
            )
            level = worst(found)
            if level != self._level:
                self._level = level
                bad = [f"{c.name}: {c.reason}" for c in found if c.status != "healthy"]
                logger.log(
                    logging.INFO if level == "healthy" else logging.WARNING,
                    "health is %s",
                    level,
                    extra={"reasons": bad},
                )
            self._notifier.send(
                WATCHDOG="1",
                STATUS=f"{level}; Home Assistant {self.stats.ha.state.lower()}; "
                f"{self.stats.received} events",
            )
            await asyncio.sleep(pause_s)


def resident_bytes() -> int | None:
    """Return the memory in RAM of this process; None where Linux' /proc is not."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  no pathlib here
            pages = int(file.read().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _delivery(sink: Sink, deliverer: Deliverer) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await sink.start()
        await deliverer.run()

    return run


async def _bounded(part: str, work: Awaitable[object], seconds: float) -> object:
    """Wait for one step of the stop; what fails or takes too long is logged."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        logger.warning("did not stop in time", extra={"part": part, "seconds": seconds})
    except (HiqError, OSError):
        logger.exception("did not stop cleanly", extra={"part": part})
    return None
