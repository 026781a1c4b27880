"""Where contracts meet the service: events are gathered, ordered, judged, and told.

States come by what the pipeline shows to observers, all other events by those who
subscribe to them; both in one read of the socket, but not in one order. So they wait
until the read is over, and are judged in the order in which they were fired. While Home
Assistant is away, or the socket is not read, nothing is judged.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from hiq.assure.contracts_events import Occurrence, read
from hiq.backoff import wait
from hiq.ha.commands import Command
from hiq.ha.events import Answered, Event, HoldEnded
from hiq.stats import Concern

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from msgspec import Raw

    from hiq.assure.chains import Engine
    from hiq.assure.contracts_targets import Targets
    from hiq.contracted.reports import Reports
    from hiq.event_points import OtherEvent
    from hiq.ha.commands import Question
    from hiq.ha.locate import Candidate
    from hiq.observe import Observers, Tapped
    from hiq.other_events import OtherEvents
    from hiq.roles import Asking, Registrar, Watcher
    from hiq.stats import Stats

__all__ = ["ContractWatch"]

logger = logging.getLogger("hiq.contracts")

STATE_CHANGED: Final = "state_changed"
CONCERN: Final = "contracts"
OURS: Final = (Command.FIRE_EVENT, Command.CALL_SERVICE)
"""What is told to Home Assistant."""
MOST_PENDING: Final = 50_000
SLICE: Final = 500
FLUSH_S: Final = 1.0
LONGEST_S: Final = 60.0


class ContractWatch:
    """Watches contracts for one service; `Registrar` and `Watcher` in front of others.

    - `events` and `watcher`: who else plays these parts; all is passed on.
    - `run` is for ever.
    """

    def __init__(
        self,
        engine: Engine,
        targets: Targets,
        reports: Reports,
        stats: Stats,
        *,
        observers: Observers,
        events: OtherEvents,
        watcher: Watcher,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._targets = targets
        self._reports = reports
        self._stats = stats
        self._registrar: Registrar = events
        self._watcher = watcher
        self._monotonic = monotonic
        self._types = engine.event_types - {STATE_CHANGED}
        self._refused: dict[str, str] = {}
        self._pending: list[Occurrence] = []
        self._line: Asking | None = None
        self._wake = asyncio.Event()
        self._flushed_s = 0.0
        self.unreadable = 0
        self.missed = 0
        events.need(self._types, self._refusal)
        events.add(self._other)
        if STATE_CHANGED in engine.event_types:
            observers.add(self._observe)
        stats.sections["contracts"] = self.figures
        stats.contracts = engine.figures

    # for the connection: answers and events

    def opening(self) -> tuple[tuple[Question, ...], float]:
        """Return what to ask first."""
        self._refused.clear()
        self._engine.silence(())
        self._stats.concerns.pop(CONCERN, None)
        return self._registrar.opening()

    def connected(self, line: Asking) -> None:
        """From now on questions can be asked here."""
        self._line = line
        self._begin()
        self._registrar.connected(line)

    def lost(self, reason: str | None = None) -> None:
        """No event comes any more: what is open cannot be judged."""
        self._line = None
        self._begin()
        if reason is None:
            self._registrar.lost()
        else:
            self._watcher.lost(reason)

    def take(self, event: Answered | HoldEnded | Event) -> None:
        """Take an answer or an event, or pass it on."""
        if isinstance(event, Answered) and event.question.name in OURS:
            if event.error is not None:
                self._reports.untold["home_assistant"] += 1
                logger.warning("%s", event.error)
            return
        self._registrar.take(event)

    # for the connection: from when to when every event comes

    def subscribed(self, candidate: Candidate, token: str) -> None:
        """From now on every event comes."""
        self._watcher.subscribed(candidate, token)

    def fresh(self, states: list[Raw]) -> list[Raw]:
        """Take note of all states; return those that are worth feeding."""
        self._targets.begin(bytes(state) for state in states)
        return self._watcher.fresh(states)

    # running

    async def run(self) -> None:
        """Judge what came, and what time brings, for ever."""
        while True:
            await wait(self._wake, self._pause_s())
            self._wake.clear()
            if self._stats.ha.paused:
                # Events wait unread: silence is ours.
                self._begin()
                continue
            await self._judge()
            if self._reports.waiting and self._monotonic() >= self._flushed_s + FLUSH_S:
                self._flushed_s = self._monotonic()
                await self._reports.flush()

    def figures(self) -> dict[str, Any]:
        """Return the counts, for /health."""
        return {
            "contracts": self._engine.figures(),
            "refused": dict(self._refused),
            "unreadable": self.unreadable + self._targets.unreadable,
            "missed": self.missed,
            "untold": dict(self._reports.untold),
        }

    # inside

    def _pause_s(self) -> float:
        due_s = self._engine.next_due_s
        pause_s = LONGEST_S if due_s is None else due_s - self._monotonic()
        if self._reports.waiting:
            pause_s = min(pause_s, FLUSH_S)
        return max(0.0, min(pause_s, LONGEST_S))

    async def _judge(self) -> None:
        pending, self._pending = self._pending, []
        pending.sort(key=_fired)
        for number, one in enumerate(pending):
            now_s = self._monotonic()
            if one.event_type == STATE_CHANGED:
                self._targets.changed(one.raw, now_s)
            for violation in self._engine.take(one, now_s):
                self._reports.tell(violation, self._ask)
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
        for violation in self._engine.advance(self._monotonic()):
            self._reports.tell(violation, self._ask)

    def _observe(self, found: Sequence[Tapped]) -> None:
        for _, _, _, json in found:
            one = read(json)
            if one is None:
                self.unreadable += 1
            else:
                self._gather(one)

    def _other(self, event: OtherEvent) -> None:
        if event.event_type not in self._types:
            return
        one = read(event.json)
        if one is None:
            self.unreadable += 1
        else:
            self._gather(one)

    def _gather(self, one: Occurrence) -> None:
        if len(self._pending) >= MOST_PENDING:
            self.missed += len(self._pending)
            self._begin()
        self._pending.append(one)
        self._wake.set()

    def _begin(self) -> None:
        """Begin anew: events were missed."""
        self._pending.clear()
        if self._line is None:
            self._targets.forget()
        self._engine.reset(self._monotonic())

    def _ask(self, question: Question) -> bool:
        return self._line is not None and self._line.ask(question)

    def _refusal(self, event_type: str, code: str) -> None:
        """Take note that events of a type will not come."""
        self._refused[event_type] = code
        unwatched = self._engine.silence(self._refused)
        text = (
            f"{', '.join(unwatched)} not watched, Home Assistant refused "
            f"{', '.join(sorted(self._refused))} ({code}); "
            "the user of the token must be an administrator"
        )
        if CONCERN not in self._stats.concerns:
            logger.warning("contracts: %s", text)
        self._stats.concerns[CONCERN] = Concern("degraded", f"contracts: {text}")


def _fired(one: Occurrence) -> float:
    return one.time_s or 0.0
