"""Snapshots with a pipeline in front, a journal behind, and a clock of our own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from hiq import Pipeline
from hiq.errors import JournalError
from hiq.observe import Observers
from hiq.regular import rounds as module
from hiq.regular.build import options_of
from hiq.regular.rounds import Regular
from hiq.settings import Settings, SinkSettings
from hiq.settings.schema import SnapshotSettings
from hiq.stats import Stats
from tests.events import frame, state_changed
from tests.lineprotocol import decode_one
from tests.serving import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

START = 1_795_000_000.0
EVERY = 300.0


class Rig:
    """Snapshots with a pipeline in front, a journal behind, and a clock of our own."""

    def __init__(
        self, main: dict[str, Any] | None = None, schema: str = "ha", **rules: Any
    ) -> None:
        self.now = START
        self.stats = Stats()
        self.settings = Settings(
            filter=main,
            sinks=(SinkSettings(name="s", type="stdout", schema=schema),),
            snapshot=SnapshotSettings(every=EVERY, **rules),
        )
        self.pipeline = Pipeline(self.settings.pipeline_options)
        self.observers = Observers(self.stats.errors)
        self.observers.bind(self.pipeline)
        self.lines: list[tuple[str, bytes]] = []
        self.broken = False
        self.told: list[str] = []
        self.it = Regular(
            EVERY,
            options_of(self.settings),
            self.settings.schemas,
            accepting=self.pipeline,
            observers=self.observers,
            watcher=self,
            put=self.put,
            stats=self.stats,
            clock=lambda: self.now,
        )

    # the watcher behind

    def subscribed(self, candidate: Any, token: str) -> None:
        self.told.append("subscribed")

    def lost(self, reason: str) -> None:
        self.told.append("lost")

    def fresh(self, states: list[Raw]) -> list[Raw]:
        self.told.append("fresh")
        return states[1:]

    # the journal

    async def put(
        self, kind: str, lines: bytes, times_ns: Sequence[int], stream: str
    ) -> None:
        assert kind == "snapshot"
        assert len(times_ns) == lines.count(b"\n")
        if self.broken:
            raise JournalError("journal", "closed")
        self.lines.append((stream, lines))

    # the home

    def event(self, entity_id: str, state: str | None, at: float, **more: Any) -> None:
        """Let Home Assistant tell a change."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at))
        event = state_changed(entity_id, state, more, time=stamp)
        if state is None:
            data = event["event"]["data"]
            data["old_state"], data["new_state"] = data["new_state"], None
            data["old_state"]["state"] = "1"
        self.pipeline.feed(frame(event))
        self.observers.tell()

    def connect(self, **states: str) -> None:
        """Subscribe, and have these states."""
        raw = [
            Raw(
                json.dumps(
                    state_changed(name.replace("__", "."), state)["event"]["data"][
                        "new_state"
                    ]
                    | {"last_updated": "2026-11-01T00:00:00+00:00"}
                ).encode()
            )
            for name, state in states.items()
        ]
        self.it.fresh(raw)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it."""
        task = asyncio.create_task(self.it.run())
        await asyncio.sleep(0)  # it looks at the clock
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def tick(self) -> list[Any]:
        """Let the time of the next snapshot come; return its points."""
        self.lines.clear()
        before = self.stats.regular.rounds + self.stats.regular.missed
        self.now = (self.now // EVERY + 1) * EVERY + module.LAG_S
        self.it._news.set()
        await until(
            "a round",
            lambda: self.stats.regular.rounds + self.stats.regular.missed > before,
        )
        return [
            decode_one(line)
            for _, lines in self.lines
            for line in lines.splitlines()
        ]  # fmt: skip
