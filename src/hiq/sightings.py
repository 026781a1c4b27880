"""Asks Home Assistant for all states now and then, on the connection that is there.

It stands in front of who else asks on it, and passes on everything that is not its own.
Of the answer only the times are read. It judges nothing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import msgspec

from hiq.ha.commands import Command, Question
from hiq.ha.events import Answered, Event, HoldEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hiq.roles import Asking, Registrar

__all__ = ["Sightings"]

logger = logging.getLogger("hiq.monitor")

QUESTION: Final = Question(Command.GET_STATES, timeout_s=30.0)


class _Seen(msgspec.Struct):
    """What is read of a state."""

    entity_id: str
    last_updated: str


_STATES = msgspec.json.Decoder(list[_Seen])


class Sightings:
    """A registrar that asks for states, in front of another one.

    Args:
        registrar: who gets everything else.
        told: gets when each entity was last changed, in Home Assistant's words.
        lost: told when the connection is gone.
    """

    def __init__(
        self,
        registrar: Registrar,
        *,
        told: Callable[[Mapping[str, str]], object],
        lost: Callable[[], object],
    ) -> None:
        self._registrar = registrar
        self._told = told
        self._lost = lost
        self._line: Asking | None = None

    def ask(self) -> bool:
        """Ask; False if that is not possible now."""
        return self._line is not None and self._line.ask(QUESTION)

    # for the connection

    def opening(self) -> tuple[tuple[Question, ...], float]:
        """Return what to ask first, and how long the subscription may wait for it."""
        return self._registrar.opening()

    def connected(self, line: Asking) -> None:
        """From now on questions can be asked here."""
        self._line = line
        self._registrar.connected(line)

    def take(self, event: Answered | HoldEnded | Event) -> None:
        """Take the answer, or pass on what it is."""
        if isinstance(event, Answered) and event.question is QUESTION:  # not only equal
            self._take(event)
        else:
            self._registrar.take(event)

    def lost(self) -> None:
        """No answer comes any more."""
        self._line = None
        self._lost()
        self._registrar.lost()

    # inside

    def _take(self, event: Answered) -> None:
        if event.result is None:
            logger.info("states cannot be compared", extra={"reason": str(event.error)})
            return
        try:
            states = _STATES.decode(event.result)
        except msgspec.DecodeError as exc:
            logger.warning("states cannot be read: %s", exc)
            return
        self._told({seen.entity_id: seen.last_updated for seen in states})
