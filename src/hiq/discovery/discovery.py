"""Keeps the registries of the home up to date, and the pipeline told of their tags.

Answers and events of Home Assistant come in synchronously and wait in a bounded
queue; one task takes them in order, in steps, and when nothing is owed any more tells
the pipeline what differs. All registries are asked at each connect and now and then;
a change asks for its row or its registry only. It knows neither socket nor file.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from hiq import backoff
from hiq.discovery.asker import Asker
from hiq.discovery.freshness import WARN_S, Freshness
from hiq.discovery.keepers import Answers, Discovered, Keeper
from hiq.discovery.questions import ENTITY, SERVICES, Changed, read_event
from hiq.discovery.renames import Rename, Renames
from hiq.discovery.slices import TagTarget, read_rows, tell
from hiq.discovery.staging import Staging
from hiq.errors import CommandError, ConnectionLost
from hiq.ha.events import Answered, Event, HoldEnded
from hiq.ha.home import Home
from hiq.ha.registries import Entity, Registry, decode_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.ha.commands import Question
    from hiq.roles import Asking
    from hiq.settings.schema import DiscoverySettings
    from hiq.stats import Stats

__all__ = ["Discovery"]

logger = logging.getLogger("hiq.discovery")

TRIGGER_S: Final = 60.0
INBOX: Final = 5000
"""Events that wait; beyond it everything is asked again instead."""
OPTIONAL: Final = {Registry.FLOORS, Registry.LABELS, Registry.CONFIG_ENTRIES}
"""Older versions do not have them."""
LISTS: Final = frozenset(Registry)

Item: TypeAlias = Answered | HoldEnded | Event


class Discovery:
    """The registries of one home, over all connections.

    - `home`: what is known now; the pipeline was told exactly that.
    - `run` is for ever. All methods but `trigger` and `restore` return at once.
    - `hold`: which registries the very first subscription waits for.
    """

    def __init__(
        self,
        target: TagTarget,
        stats: Stats,
        settings: DiscoverySettings,
        *,
        keepers: tuple[Keeper, ...] = (),
        hold: frozenset[Registry] = frozenset({Registry.ENTITIES}),
        with_services: bool = False,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.home = Home()
        self.renames = Renames()
        self._target = target
        self._stats = stats
        self._settings = settings
        self._keepers = keepers
        self._hold = hold
        self._clock = clock
        self._monotonic = monotonic
        self._freshness = Freshness(stats, settings, clock, monotonic)
        self._staging = Staging()
        self._asker = Asker(settings, monotonic, with_services=with_services)
        self._owed = self._asker.owed
        self._known = False
        self._held: set[Registry] = set()
        self._inbox: deque[Item] = deque()
        self._wake = asyncio.Event()
        self._finished: asyncio.Future[Discovered] | None = None

    def add_keeper(self, keeper: Keeper) -> None:
        """Tell one more of the home from now on."""
        self._keepers += (keeper,)

    def remember(self, renames: Renames) -> None:
        """Begin with the renames from before."""
        self.renames = renames
        self._staging.first_ids(renames.first_ids)

    async def restore(self, home: Home, read_at_s: float) -> None:
        """Begin with a home from before; the pipeline is told."""
        self._staging.begin(home.with_first_ids(self.renames.first_ids))
        await self._apply()
        self._stats.discovery.read_at = read_at_s
        self._known = True

    # for the connection

    def opening(self) -> tuple[tuple[Question, ...], float]:
        """Return what to ask first, and how long the subscription may wait for it."""
        questions = self._asker.opening(self._hold)
        self._held = set() if self._known else set(self._hold)
        return questions, self._settings.hold if self._held else 0.0

    def connected(self, line: Asking) -> None:
        """From now on questions can be asked here."""
        self._asker.connected(line)

    def take(self, event: Item) -> None:
        """Take an answer, or an event."""
        if len(self._inbox) >= INBOX and isinstance(event, Event):
            self._stats.discovery.failures["inbox"] += 1
            self._asker.refresh_soon()
        else:
            self._inbox.append(event)
        self._wake.set()

    def lost(self) -> None:
        """Forget what was owed by the connection that ended."""
        self._asker.lost()
        self._inbox.clear()
        self._held = set()
        self._end_of_round(ConnectionLost("the connection to Home Assistant ended"))

    # for everyone

    async def trigger(self) -> Discovered:
        """Read all registries now; who comes meanwhile shares the answer.

        Raises:
            ConnectionLost: there is no connection, or it ended.
            CommandError: Home Assistant did not give devices or entities.
        """
        if not self._asker.has_line:
            raise ConnectionLost("there is no connection to Home Assistant")
        if self._finished is None:
            self._finished = asyncio.get_running_loop().create_future()
            if not self._owed.whole:
                self._asker.refresh()
        try:
            async with asyncio.timeout(TRIGGER_S):
                return await asyncio.shield(self._finished)
        except TimeoutError as exc:
            text = f"not finished in {TRIGGER_S:g} s"
            raise CommandError("discovery", "timeout", text) from exc

    async def run(self) -> None:
        """Take what comes, and ask when it is time, for ever."""
        while True:
            while self._inbox:
                await self._process(self._inbox.popleft())
            self._asker.on_time()
            self._freshness.judge(self._owed.failed)
            await backoff.wait(self._wake, self._asker.pause_s(WARN_S))
            self._wake.clear()

    # answers and events

    async def _process(self, item: Item) -> None:
        match item:
            case Event():
                self._event(item)
            case HoldEnded():
                self._freshness.hold_ended()
            case Answered(question=question) if question.name in LISTS:
                await self._listed(Registry(question.name), item)
            case Answered(question=question) if question.name == ENTITY:
                self._entity(question.argument, item)
            case Answered(question=question, result=result, error=None):
                if question.name == SERVICES.name and result is not None:
                    self._owed.services = False
                    self._asker.keep(SERVICES.name, result)
            case Answered(question=question, error=error):
                if question.name == SERVICES.name:
                    self._owed.services = False
                self._stats.discovery.failures[question.argument or question.name] += 1
                logger.info("%s", error, extra={"about": question.argument})
        if self._owed.nothing:
            await self._settle()

    def _event(self, item: Event) -> None:
        """Take a change of a registry."""
        try:
            change = read_event(item.message)
        except msgspec.DecodeError:
            self._stats.discovery.unreadable += 1
            return
        if change is None:
            return
        self._stats.discovery.changes += 1
        if change.old_entity_id:
            self._renamed(change)
        if change.removed:
            self._staging.gone(change.registry, change.key)
        elif change.registry is not Registry.ENTITIES or not change.key:
            self._asker.ask_list(change.registry)
        else:
            self._asker.ask_entity(change.key)

    def _renamed(self, change: Changed) -> None:
        """Clear the old key, remember the first one."""
        row = self._staging.home.entities.get(change.old_entity_id)
        rid = "" if row is None else row.id
        self.renames.add(Rename(self._clock(), change.old_entity_id, change.key, rid))
        self._staging.gone(Registry.ENTITIES, change.old_entity_id)
        self._staging.first_ids(self.renames.first_ids)
        self._stats.discovery.renames += 1
        logger.info(
            "an entity was renamed",
            extra={"old": change.old_entity_id, "new": change.key, "rid": rid},
        )
        for keeper in self._keepers:
            keeper.renamed(self.renames)

    async def _listed(self, registry: Registry, answer: Answered) -> None:
        """Take a whole registry, or why it did not come."""
        error = answer.error
        if answer.result is not None:
            try:
                rows, bad = await read_rows(registry, answer.result)
            except msgspec.DecodeError as exc:
                error = CommandError(registry, "unreadable_answer", str(exc))
            else:
                self._stats.discovery.unreadable += bad
                self._staging.listed(registry, rows)
                self._asker.keep(registry, answer.result)
        if error is None or (registry in OPTIONAL and error.code == "unknown_command"):
            self._owed.failed.pop(registry, None)
        else:
            # What was known stays, and so does the connection.
            self._freshness.failed(registry, error)
            self._asker.retry(registry, error)
        self._asker.has_list(registry)
        if registry in self._held:
            self._held.discard(registry)
            if not self._held:
                await self._apply()
                self._release()

    def _entity(self, entity_id: str, answer: Answered) -> None:
        """Take one entity; who is not there any more has no row."""
        self._owed.has_entity(entity_id)
        row = None
        if answer.result is not None:
            try:
                row = decode_row(Registry.ENTITIES, answer.result)
            except msgspec.DecodeError:
                self._stats.discovery.unreadable += 1
                return
        if isinstance(row, Entity):
            self._staging.entity(row)
        elif answer.error is not None and answer.error.code == "not_found":
            self._staging.gone(Registry.ENTITIES, entity_id)
        else:
            self._asker.ask_list(Registry.ENTITIES)

    # effects

    async def _settle(self) -> None:
        """Nothing is owed: tell what differs, and finish a refresh of everything."""
        answers = self._asker.settle()
        if self._staging.dirty:
            await self._apply()
        if answers is not None:
            self._finish(answers)

    async def _apply(self) -> None:
        """Tell the pipeline of the next home, which then is the present one."""
        new, only = self._staging.taken()
        told = await tell(self._target, self.home, new, only)
        self.home = new
        stats = self._stats.discovery
        stats.updates += told
        for registry in Registry:
            stats.sizes[registry.name.lower()] = len(new.rows(registry))
        for keeper in self._keepers:
            keeper.changed(new)

    def _finish(self, answers: Answers) -> None:
        """A refresh of everything has ended."""
        stats, failed = self._stats.discovery, self._owed.failed
        stats.load_s = self._monotonic() - self._asker.began_s
        if not failed:
            stats.refreshes += 1
            stats.read_at = self._clock()
            for keeper in self._keepers:
                keeper.refreshed(self.home, answers)
        self._release()
        if Registry.ENTITIES not in failed:
            self._known = True
            self._freshness.arrived()
        self._end_of_round(
            failed.get(Registry.ENTITIES) or failed.get(Registry.DEVICES)
        )

    def _release(self) -> None:
        self._held = set()
        self._asker.release()

    def _end_of_round(self, problem: Exception | None) -> None:
        """Tell who waits for a refresh."""
        waiting, self._finished = self._finished, None
        if waiting is None or waiting.done():
            return
        if problem is None:
            counts = Discovered(len(self.home.devices), len(self.home.entities))
            waiting.set_result(counts)
        else:
            waiting.set_exception(problem)
            waiting.exception()  # nobody may be waiting any more
