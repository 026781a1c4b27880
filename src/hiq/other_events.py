"""Events other than state changes: subscribed, made points, and shown to who listens.

It stands between the connection and who keeps the registries, since both have events
of their own on the same connection. Home Assistant gives most types to administrators
only; a refusal is told once per type and in /health, and costs nothing else. What is
fired while there is no connection is not known: no recorder can be asked for it. It
must not know the socket, nor what listeners do.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from hiq.discovery.questions import WATCHED
from hiq.event_points import OtherEvent, UnfitEvent, read_event
from hiq.ha.commands import Command, Question
from hiq.ha.events import Answered, Event, HoldEnded
from hiq.log import Throttle
from hiq.stats import Concern

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hiq.extra import ExtraPoints
    from hiq.roles import Asking, Registrar
    from hiq.settings.schema import EventsSettings
    from hiq.stats import Stats

__all__ = ["OtherEvents"]

logger = logging.getLogger("hiq.events")

KIND: Final = "events"
"""Of these points, in the counters of extra points and among the concerns."""
UNAUTHORIZED: Final = "unauthorized"
"""Home Assistant's code for what only administrators may have."""
REPEAT_S: Final = 600.0
STAMPS: Final = 1000
"""Nanoseconds in a microsecond, in which more than one may have been fired."""

Refusal = Callable[[str, str], object]
"""Told of an event type, and of Home Assistant's code."""


class OtherEvents:
    """A registrar that also takes other events and passes everything else on.

    - `need` before the connection is made: these types are taken as well, without
      being points. Who needs them is told of a refusal, and says so in its own words.
    - `accepts` says whether an event may be a point; listeners get it all the same.
    - Listeners are called synchronously with each event; one that fails is a fault of
      ours, counted and told, and stops neither the others nor the points.
    """

    def __init__(
        self,
        settings: EventsSettings,
        registrar: Registrar,
        extra: ExtraPoints,
        stats: Stats,
    ) -> None:
        self._settings = settings
        self._registrar = registrar
        self._extra = extra
        self._stats = stats
        self._stored = frozenset(settings.types)
        self._types = dict.fromkeys(settings.types)
        self._refused: dict[str, str] = {}
        self._needed: dict[str, list[Refusal]] = {}
        self._listeners: list[Callable[[OtherEvent], object]] = []
        self._throttle = Throttle(REPEAT_S, time.monotonic)
        self._last: dict[str, int] = {}
        self.accepts: Callable[[bytes], bool] = lambda _json: True

    def need(self, types: Iterable[str], refused: Refusal) -> None:
        """Take these types too; `refused` is called with a type and the reason."""
        for name in types:
            self._types[name] = None
            self._needed.setdefault(name, []).append(refused)

    def add(self, listener: Callable[[OtherEvent], object]) -> None:
        """Tell a listener of every event that is taken."""
        self._listeners.append(listener)

    # for the connection

    def opening(self) -> tuple[tuple[Question, ...], float]:
        """Return what to ask first, and how long the subscription may wait for it."""
        questions, hold_s = self._registrar.opening()
        mine = tuple(
            Question(Command.SUBSCRIBE, (("event_type", name),))
            for name in self._types
            if name not in WATCHED  # there is a subscription to those
        )
        return (*mine, *questions), hold_s

    def connected(self, line: Asking) -> None:
        """From now on questions can be asked here."""
        self._registrar.connected(line)

    def take(self, event: Answered | HoldEnded | Event) -> None:
        """Take an answer or an event, or pass it on."""
        match event:
            case Event(message=message):
                self._event(event, message)
            case Answered(question=Question(name=Command.SUBSCRIBE) as question) if (
                question.argument in self._types and question.argument not in WATCHED
            ):
                self._answered(question.argument, event)
            case _:
                self._registrar.take(event)

    def lost(self) -> None:
        """No answer comes any more."""
        self._registrar.lost()

    # inside

    def _event(self, event: Event, message: bytes) -> None:
        if not self._types:
            self._registrar.take(event)
            return
        try:
            found = read_event(message)
        except UnfitEvent as exc:
            if exc.event_type in self._types or not exc.event_type:
                self._reject(exc)
            self._registrar.take(event)
            return
        if found.event_type in WATCHED or found.event_type not in self._types:
            self._registrar.take(event)
        if found.event_type in self._types:
            if found.event_type in self._stored and self.accepts(found.json):
                self._store(found)
            self._show(found)

    def _store(self, event: OtherEvent) -> None:
        """Make a point; what was fired in the same microsecond gets the next stamps."""
        time_ns, last_ns = event.time_ns, self._last.get(event.event_type, 0)
        if time_ns <= last_ns < time_ns + STAMPS - 1:
            time_ns = last_ns + 1
        self._last[event.event_type] = time_ns
        limit = self._settings.max_data_bytes
        self._extra.add(KIND, event.line(time_ns, limit).encode(), [time_ns])

    def _show(self, event: OtherEvent) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                self._stats.errors["observer"] += 1
                if self._throttle.allow(listener) is not None:
                    logger.exception("a listener failed, it misses an event")

    def _reject(self, exc: UnfitEvent) -> None:
        self._stats.received += 1
        self._stats.rejected += 1
        if self._throttle.allow(exc.event_type) is not None:
            logger.warning("an event is refused", extra={"reason": str(exc)})

    def _answered(self, event_type: str, answer: Answered) -> None:
        """Note whether events of a type will come."""
        if answer.error is not None:
            for refused in self._needed.get(event_type, ()):
                refused(event_type, answer.error.code)
        if event_type not in self._stored:
            return
        if answer.error is None:
            self._refused.pop(event_type, None)
        else:
            self._note(event_type, answer.error.code)
        if self._refused:
            text = ", ".join(f"{name} ({why})" for name, why in self._refused.items())
            self._stats.concerns[KIND] = Concern(
                "degraded", f"Home Assistant refuses event types: {text}"
            )
        else:
            self._stats.concerns.pop(KIND, None)

    def _note(self, event_type: str, code: str) -> None:
        """Note a refusal, and say it if it is new."""
        why = "needs the token of an administrator" if code == UNAUTHORIZED else code
        if self._refused.get(event_type) != why:
            self._refused[event_type] = why
            logger.warning(
                "events of a type will not come",
                extra={"event_type": event_type, "reason": why},
            )
