"""A Discovery for tests, without a connection: what it asks and tells is at hand."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw

from hiq.discovery.discovery import Discovery
from hiq.errors import CommandError
from hiq.ha.events import Answered, Event
from hiq.ha.registries import Registry
from hiq.settings.schema import DiscoverySettings
from hiq.simulate import registries
from hiq.stats import Stats

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hiq.ha.commands import Question


class Desk:
    """Home Assistant's side and the pipeline's side of one Discovery.

    - `rows`: what each list command answers; `refused`: commands it does not know.
    - `told`: the tags that the pipeline has; `calls`: how often it was told.
    """

    def __init__(self, **options: Any) -> None:
        home = registries.Home(30, 3)
        self.rows: dict[str, list[dict[str, Any]]] = {
            Registry.FLOORS: home.floor_rows(),
            Registry.LABELS: home.label_rows(),
            Registry.AREAS: home.area_rows(),
            Registry.CONFIG_ENTRIES: home.config_entry_rows(),
            Registry.DEVICES: home.device_rows(),
            Registry.ENTITIES: home.entity_rows(),
        }
        self.refused: dict[str, str] = {}
        self.silent: set[str] = set()
        self.asked: list[Question] = []
        self.released = 0
        self.told: dict[str, Any] = {}
        self.calls = 0
        self.now = 1_000_000.0
        self.stats = Stats()
        settings = options.pop("settings", DiscoverySettings())
        self.it = Discovery(
            self,
            self.stats,
            settings,
            clock=lambda: self.now,
            monotonic=lambda: self.now,
            **options,
        )

    # the pipeline

    def set_tags(self, entity_id: str, tags: Any) -> None:
        """Remember it."""
        self.calls += 1
        if tags is None:
            del self.told[entity_id]
        else:
            self.told[entity_id] = tags

    # the connection

    def ask(self, question: Question) -> bool:
        """Answer at once."""
        self.asked.append(question)
        if question.name not in self.silent:
            self.it.take(self.answer(question))
        return True

    def release(self) -> None:
        """Count it."""
        self.released += 1

    def answer(self, question: Question) -> Answered:
        """What Home Assistant says."""
        name = question.name
        if name in self.refused:
            return Answered(question, error=CommandError(name, self.refused[name], ""))
        if name in self.rows:
            return Answered(question, Raw(msgspec.json.encode(self.rows[name])))
        if name == "config/entity_registry/get":
            for row in self.rows[Registry.ENTITIES]:
                if row["entity_id"] == question.argument:
                    return Answered(question, Raw(msgspec.json.encode(row)))
            return Answered(question, error=CommandError(name, "not_found", ""))
        return Answered(question, Raw(b"null"))

    def connect(self) -> float:
        """Open a connection; returns how long the subscription may wait."""
        questions, hold_s = self.it.opening()
        self.it.connected(self)
        for question in questions:
            self.ask(question)
        return hold_s

    def event(self, event_type: str, **data: Any) -> None:
        """Let Home Assistant tell a change."""
        event = {"event_type": event_type, "data": data}
        self.it.take(Event(msgspec.json.encode({"type": "event", "event": event})))

    async def settled(self) -> None:
        """Let the task take all that came."""
        for _ in range(50):
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def desk(**options: Any) -> AsyncIterator[Desk]:
    """Run one."""
    made = Desk(**options)
    task = asyncio.create_task(made.it.run())
    try:
        yield made
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
