"""What the page asks of the service beside its counters, put into `Parts`.

History and stored entities come from the sink that can be read best; what was refused
from the core and from the files of dead letters; the settings from who reloads them.
It must not know HTTP.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from hiq.deadletters import DeadLetters
from hiq.settings.show import public
from hiq.sink import CHARTED, make_charts
from hiq.validating import FILE as REFUSED
from hiq.web.report import moment
from hiq.web.types.page import History, Letter, StoredEntity, StoredPage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hiq.settings.schema import Settings
    from hiq.sink.charted import ChartReader, Held
    from hiq.web.parts import Parts, Rejected
    from hiq.web.types.page import StoredQuery

__all__ = ["PastOfSink", "fill_page", "past_of"]

HELD_S: Final = 10.0
"""So long a list of all entities is good; it costs a look at each series."""
GONE_S: Final = 7 * 86400.0
"""An entity that no registry knows and that was silent for so long is gone."""
LETTERS: Final = 50
SAMPLE_BYTES: Final = 200


class Rejecting(Protocol):
    """Who refuses events; `hiq.Pipeline` does."""

    def rejects(self) -> list[tuple[str, bytes]]:
        """Return the newest refused: reason code, first bytes."""


class Current(Protocol):
    """Who knows the settings in force; `hiq.reload.Reloader` does."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""


def fill_page(parts: Parts, current: Current, pipeline: Rejecting) -> None:
    """Give the routes of the page their parts."""
    settings = current.settings
    letters = {
        sink.name: DeadLetters(settings.data_dir / "dead" / f"{sink.name}.ndjson")
        for sink in settings.sinks
    }

    refused = DeadLetters(settings.data_dir / "dead" / REFUSED)

    async def rejects() -> Sequence[Rejected]:
        kept = await asyncio.to_thread(refused.newest, LETTERS)
        if not kept:  # not on the disk yet
            return [(None, reason, sample) for reason, sample in pipeline.rejects()]
        return [(one.time, one.reason, one.line[:SAMPLE_BYTES]) for one in kept]

    async def newest() -> Mapping[str, Sequence[Letter]]:
        return await asyncio.to_thread(_newest, letters)

    def shown() -> tuple[Mapping[str, Any], str | None]:
        found = current.settings
        return public(found), str(found.source) if found.source else None

    parts.rejects = rejects
    parts.letters = newest
    parts.settings = shown
    parts.past = past_of(settings, parts)


def past_of(settings: Settings, parts: Parts) -> PastOfSink | None:
    """Return what reads the sink that can be read best, of equal ones the first."""
    for equal in CHARTED:
        for sink in settings.sinks:
            if sink.type in equal:
                make = partial(make_charts, sink, data_dir=settings.data_dir)
                return PastOfSink(sink.name, sink.type, make, parts)
    return None


class PastOfSink:
    """Implements `hiq.web.parts.Past` for one sink.

    What reads it is made when somebody asks: it may have to load an HTTP client.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        make: Callable[[], ChartReader],
        parts: Parts,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._kind = kind
        self._make = make
        self._made: ChartReader | None = None
        self._parts = parts
        self._clock = clock
        self._held: tuple[float, list[Held]] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def history(
        self, entity_id: str, start_s: float, end_s: float, most: int
    ) -> History:
        """Return the points of one entity."""
        found = await self._charts().chart(
            entity_id, int(start_s * 1e9), int(end_s * 1e9), most
        )
        return History(
            entity_id=entity_id,
            sink=self._name,
            sink_type=self._kind,
            measurement=found.measurement,
            field=found.field,
            kind=found.kind,
            start=moment(start_s),
            end=moment(end_s),
            points=found.points,
            step_seconds=found.step_s,
            times=found.times,
            values=list(found.values),
            low=found.low,
            high=found.high,
        )

    async def stored(self, query: StoredQuery) -> StoredPage:
        """Return the entities that have points."""
        now = self._clock()
        text = (query.search or "").casefold()
        found = [one for one in await self._all() if text in one.entity_id.casefold()]
        if query.order == "silent":
            found = self._silent(found, now)
        return StoredPage(
            sink=self._name,
            total=len(found),
            entities=[
                StoredEntity(
                    entity_id=one.entity_id,
                    measurements=list(one.measurements),
                    last=moment(one.last_ns / 1e9),
                )
                for one in found[: query.limit]
            ],
            timestamp=moment(now),
        )

    async def close(self) -> None:
        """Let the database go."""
        if self._made is not None:
            await self._made.close()

    def _charts(self) -> ChartReader:
        if self._made is None:
            self._made = self._make()
        return self._made

    async def _all(self) -> list[Held]:
        async with self._one_at_a_time:
            now = time.monotonic()
            if self._held is None or not 0 <= now - self._held[0] < HELD_S:
                self._held = now, await self._charts().held()
            return self._held[1]

    def _silent(self, found: list[Held], now: float) -> list[Held]:
        """Return those that are still there, the longest silent first."""
        registry = None if self._parts.entities is None else self._parts.entities()
        known = {entity.entity_id for entity in registry or ()}
        there = [
            one
            for one in found
            if one.entity_id in known or now - one.last_ns / 1e9 < GONE_S
        ]
        return sorted(there, key=lambda one: one.last_ns)


def _newest(letters: Mapping[str, DeadLetters]) -> dict[str, list[Letter]]:
    return {
        name: [
            Letter(
                time=moment(letter.time),
                reason=letter.reason,
                advice=letter.advice,
                line=letter.line.decode("utf-8", "backslashreplace"),
            )
            for letter in found.newest(LETTERS)
        ]
        for name, found in letters.items()
    }
