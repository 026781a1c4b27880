"""Writes the last values every so often: for panels that expect regular points.

Times are whole multiples of the interval. Whoever has changed since then is left out:
it has a point of its own. Nothing is written while Home Assistant is away, for its
last values are not known then, nor while the journal is half full. All of it is done
in small steps beside the reader. It knows neither connection nor disk.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Raw, Struct

from hiq import Pipeline
from hiq.backoff import wait
from hiq.discovery.slices import tell
from hiq.errors import JournalError
from hiq.ha.history_rows import CurrentState
from hiq.ha.home import Home
from hiq.regular.lines import event_frame, marked
from hiq.regular.values import LastValues, Value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from hiq.discovery.keepers import Answers
    from hiq.discovery.renames import Renames
    from hiq.ha.locate import Candidate
    from hiq.houseview import Explaining
    from hiq.observe import Observers, Tapped
    from hiq.roles import Watcher
    from hiq.stats import Stats

    Put = Callable[[str, bytes, Sequence[int], str], Awaitable[None]]

__all__ = ["KIND", "Regular"]

logger = logging.getLogger("hiq.regular")

KIND: Final = "snapshot"
"""Of these points, in the counters of extra points."""
LAG_S: Final = 2.0
"""So long after its time a snapshot is made: by then what changed before has come."""
SLICE: Final = 25
"""Entities of one step: about a millisecond."""
PART_BYTES: Final = 512 * 1024
"""Lines that are put into the journal at once."""
HALF: Final = 0.5
"""Share of the journal's cap from which on states alone are written."""
SHARE: Final = 0.9
"""Of the interval; a snapshot that is not written then is given up."""
LOOK_S: Final = 30.0
"""The clock may be set: it is looked at so often at least."""


class _Data(Struct, frozen=True):
    entity_id: str
    new_state: Raw = Raw(b"null")


class _Event(Struct, frozen=True):
    data: _Data


class _Attributes(Struct, frozen=True):
    device_class: Any = None


class _State(Struct, frozen=True):
    attributes: _Attributes = _Attributes()


_EVENT = msgspec.json.Decoder(_Event)
_HEAD = msgspec.json.Decoder(CurrentState)
_STATE = msgspec.json.Decoder(_State)
GONE: Final = b"null"
MOST_NAMES: Final = 100_000
"""Entities of which it is remembered whether they are wanted."""


class Regular:
    """The snapshots of one service: a `Watcher` that passes on, an observer, a keeper.

    `run` is for ever. `options` are those of a pipeline that makes the points and
    whose filter says which entities are in; `accepting` knows the filter in force.
    """

    def __init__(
        self,
        every_s: float,
        options: Mapping[str, Any],
        schemas: Sequence[str],
        *,
        accepting: Explaining,
        observers: Observers,
        watcher: Watcher,
        put: Put,
        stats: Stats,
        clock: Callable[[], float],
    ) -> None:
        self.values = LastValues()
        self._every_s = every_s
        self._schemas = tuple(schemas)
        self._pipeline = Pipeline({**options, "schema": list(schemas)})
        self._accepting = accepting
        self._observers = observers
        self._watcher = watcher
        self._put = put
        self._stats = stats
        self._clock = clock
        self._home = self._told = Home()
        self._wanted: dict[str, bool] = {}
        self._learning: list[Raw] = []
        self._live = False
        self._news = asyncio.Event()
        observers.add(self._observe, patient=True)

    # for ingestion

    def subscribed(self, candidate: Candidate, token: str) -> None:
        """From now on every event comes."""
        self._watcher.subscribed(candidate, token)

    def lost(self, reason: str) -> None:
        """From now on none comes: the last values are not known any more."""
        self._live = False
        self._watcher.lost(reason)

    def fresh(self, states: list[Raw]) -> list[Raw]:
        """Begin with all states; return those that are worth feeding."""
        self._observers.tell()  # events in front of the states are older
        self.values.clear()
        self._learning = list(states)
        self._live = True
        self._news.set()
        return self._watcher.fresh(states)

    # for discovery

    def changed(self, home: Home) -> None:
        """Take another state of the registries: other entities may be wanted."""
        self._home = home
        if self._wanted:
            self._wanted.clear()
            self._observers.forget_interests(self._observe)

    def refreshed(self, home: Home, answers: Answers) -> None:
        """All registries were read; what is different was told already."""

    def renamed(self, renames: Renames) -> None:
        """The states tell it too: one entity went, another one came."""

    # for the service

    async def run(self) -> None:
        """Write a snapshot at each multiple of the interval, for ever."""
        due_s = self._next_s()
        while True:
            left_s = due_s + LAG_S - self._clock()
            if left_s > self._every_s + LAG_S:  # the clock was set back
                due_s = self._next_s()
            elif left_s <= 0:
                await self._round(due_s)
                due_s = self._next_s()
            else:
                await wait(self._news, min(left_s, LOOK_S))
                self._news.clear()
            await self._learn()

    # inside

    def _next_s(self) -> float:
        return (self._clock() // self._every_s + 1) * self._every_s

    def _observe(self, found: Sequence[Tapped]) -> None:
        """Take accepted events of one read."""
        for number, entity_id, time_ns, event in found:
            wanted = self._wanted.get(entity_id)
            if wanted is None:
                if len(self._wanted) >= MOST_NAMES:
                    self._wanted.clear()
                wanted = self._wanted[entity_id] = self._wants(entity_id)
                if not wanted:
                    self._observers.set_interest(self._observe, number, False)
            if wanted:
                state = bytes(_EVENT.decode(event).data.new_state)
                if state != GONE:
                    self.values.put(Value(entity_id, time_ns // 1000, state))
                elif self._learning:
                    self.values.put(Value(entity_id, time_ns // 1000, b""))
                else:
                    self.values.forget(entity_id)

    def _wants(self, entity_id: str) -> bool:
        """Whether an entity may be in snapshots; its class may decide at last."""
        decision = self._pipeline.explain(entity_id, self._home.tags(entity_id))
        return decision.accepted or decision.by_class

    async def _learn(self) -> None:
        """Take the states at connect, in steps."""
        while self._learning:
            part = self._learning[-SLICE:]
            del self._learning[-SLICE:]
            for raw in part:
                try:
                    head = _HEAD.decode(raw)
                except msgspec.DecodeError:
                    continue  # the pipeline rejects and counts it
                if self._wants(head.entity_id):
                    state = bytes(raw)
                    self.values.learn(Value(head.entity_id, head.updated_us, state))
            await asyncio.sleep(0)

    async def _round(self, time_s: float) -> None:
        """Write one snapshot, or count that it was missed."""
        regular, journal = self._stats.regular, self._stats.journal
        reason = ""
        if not self._live:
            reason = "not subscribed"
        elif 0 < journal.max_bytes * HALF < journal.bytes:
            reason = "the journal is half full"
        else:
            try:
                async with asyncio.timeout(self._every_s * SHARE):
                    await self._write(int(time_s * 1_000_000))
            except (TimeoutError, JournalError) as exc:
                reason = str(exc) or "not written in time"
        regular.left_out = self.values.left_out
        if reason:
            regular.missed += 1
            logger.info("a snapshot is left out", extra={"reason": reason})
        else:
            regular.rounds += 1
            regular.last_at = time_s

    async def _write(self, time_us: int) -> None:
        """Write all that is wanted and has not changed since."""
        await self._learn()
        home = self._home
        await tell(self._pipeline, self._told, home)
        self._told = home
        for schema in self._schemas:
            self._pipeline.take(schema)  # of one that was given up
        lines: dict[str, list[bytes]] = {schema: [] for schema in self._schemas}
        values = self.values.present()
        entities = size = 0
        for at in range(0, len(values), SLICE):
            chosen = [
                (value.entity_id, value.state)
                for value in values[at : at + SLICE]
                if value.updated_us < time_us and self._accepts(value, home)
            ]
            if chosen:
                entities += self._pipeline.feed(event_frame(chosen, time_us)).points
            for schema in self._schemas:
                found = marked(self._pipeline.take(schema))
                size += len(found)
                lines[schema].append(found)
            if size >= PART_BYTES:
                await self._put_all(lines, time_us)
                size = 0
            await asyncio.sleep(0)
        await self._put_all(lines, time_us)
        self._stats.regular.entities = entities

    def _accepts(self, value: Value, home: Home) -> bool:
        """Whether the filter in force lets the entity through."""
        tags = home.tags(value.entity_id)
        decision = self._accepting.explain(value.entity_id, tags)
        if decision.by_class:
            try:
                found = _STATE.decode(value.state).attributes.device_class
            except msgspec.DecodeError:
                return False
            text = found if isinstance(found, str) else ""
            decision = self._accepting.explain(value.entity_id, tags, text)
        return decision.accepted

    async def _put_all(self, lines: dict[str, list[bytes]], time_us: int) -> None:
        """Put lines into their streams; returns when they are on the disk."""
        for schema, parts in lines.items():
            text = b"".join(parts)
            parts.clear()
            times_ns = [time_us * 1000] * text.count(b"\n")
            await self._put(KIND, text, times_ns, schema)
