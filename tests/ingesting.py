"""A running Ingest for tests, with its pipeline and counters at hand."""

from __future__ import annotations

import asyncio
import contextlib

from hiq import Pipeline
from hiq.discovery.discovery import Discovery
from hiq.ha.session import Timing
from hiq.ha.states import LEGAL, ConnectionState
from hiq.ingest import Ingest
from hiq.settings.schema import DiscoverySettings, HomeAssistantSettings
from hiq.stats import Stats
from tests.ha.home import TOKEN

S = ConnectionState
DEADLINE = 30
FAST = Timing(ping_interval_s=0.02, ping_timeout_s=5.0, poll_s=0.02)


class Run:
    """A running Ingest with what it fed and told."""

    def __init__(
        self, url, token=TOKEN, *, pipeline=None, env=None, discover=False, **options
    ):
        self.stats = Stats()
        self.pipeline = Pipeline() if pipeline is None else pipeline
        self.settings = HomeAssistantSettings(
            url=url,
            token=token,
            max_retry_delay=0.1,
            **{
                name: options.pop(name)
                for name in ("token_file", "fallback", "enabled")
                if name in options
            },
        )
        self.wakes = 0
        self.changed = asyncio.Event()
        self.discovery = Discovery(self.pipeline, self.stats, DiscoverySettings())
        self.ingest = Ingest(
            self.settings,
            self.pipeline,
            self.stats,
            on_data=self._data,
            on_state=self._state,
            env=env or {},
            registrar=self.discovery if discover else None,
            **options,
        )

    def _data(self):
        self.wakes += 1
        self.changed.set()

    def _state(self, new):
        assert self.stats.ha.state == new.value
        self.changed.set()

    async def until(self, condition):
        """Wait until something about the run is so."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self.changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await self.changed.wait()

    async def subscribed(self, times=1):
        """Wait until connected so often, with the states in."""
        await self.until(
            lambda: self.stats.ha.connects >= times and self.stats.ha.subscribed
        )

    def lines(self):
        """What the pipeline has made so far."""
        return self.pipeline.take().decode().splitlines()


@contextlib.asynccontextmanager
async def running(*args, **options):
    """Run an Ingest; at the end stop it and check what must always hold."""
    run = Run(*args, discover=True, **options)
    async with asyncio.timeout(DEADLINE * 2), asyncio.TaskGroup() as group:
        task = group.create_task(run.ingest.run())
        discovery = group.create_task(run.discovery.run())
        yield run
        await run.ingest.stop()
        await task
        discovery.cancel()
    assert run.ingest.state is S.DISCONNECTED
    assert all(change.new in LEGAL[change.old] for change in run.ingest.history)
    assert not run.stats.ha.subscribed
