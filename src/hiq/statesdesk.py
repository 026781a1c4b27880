"""Asks Home Assistant for all states when a client begins to listen.

It stands in front of the other registrars and passes everything else on. However many
clients come at once, one question is on its way, and never more than one a second. It
must not know who wants which states.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from hiq.ha.commands import Command, Question
from hiq.ha.events import Answered
from hiq.ha.messages import decode_states

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hiq.clients.informing import Informing
    from hiq.ha.events import Event, HoldEnded
    from hiq.roles import Asking, Registrar

__all__ = ["StatesDesk"]

logger = logging.getLogger("hiq.clients")

QUESTION: Final = Question(Command.GET_STATES, timeout_s=30.0)
LEAST_S: Final = 1.0
MOST_STATE_BYTES: Final = 256 * 1024


class StatesDesk:
    """A registrar that can ask for states.

    After `behind`: everything that is not for it goes there.
    After `serve`: clients can ask.
    """

    def __init__(self, least_s: float = LEAST_S) -> None:
        self._least_s = least_s
        self._registrar: Registrar | None = None
        self._informing: Informing | None = None
        self._line: Asking | None = None
        self._later: asyncio.TimerHandle | None = None
        self._asked = False
        self._asked_s = -least_s

    def behind(self, registrar: Registrar) -> Registrar:
        """Stand in front of another one."""
        self._registrar = registrar
        return self

    def serve(self, informing: Informing) -> None:
        """Ask for these."""
        self._informing = informing
        informing.ask = self.ask

    def ask(self) -> bool:
        """Ask, now or within a second; False if there is nobody to ask."""
        if self._line is None:
            return False
        if not self._asked:
            self._asked = True
            loop = asyncio.get_running_loop()
            wait_s = self._asked_s + self._least_s - loop.time()
            if wait_s <= 0:
                return self._ask()
            self._later = loop.call_later(wait_s, self._ask_late)
        return True

    # for the connection

    def opening(self) -> tuple[tuple[Question, ...], float]:
        """Return what to ask first, and how long the subscription may wait for it."""
        assert self._registrar is not None
        return self._registrar.opening()

    def connected(self, line: Asking) -> None:
        """From now on questions can be asked here."""
        assert self._registrar is not None
        self._line = line
        self._registrar.connected(line)
        if self._informing is not None and self._informing.wanted:
            self.ask()

    def take(self, event: Answered | HoldEnded | Event) -> None:
        """Take the answer, or pass on what is not for us."""
        assert self._registrar is not None
        if isinstance(event, Answered) and event.question is QUESTION:
            self._asked = False
            self._answered(event)
        else:
            self._registrar.take(event)

    def lost(self) -> None:
        """No answer comes any more; who waits goes on waiting."""
        assert self._registrar is not None
        self._line = None
        self._asked = False
        if self._later is not None:
            self._later.cancel()
        self._registrar.lost()

    # inside

    def _ask(self) -> bool:
        self._asked_s = asyncio.get_running_loop().time()
        self._asked = self._line is not None and self._line.ask(QUESTION)
        return self._asked

    def _ask_late(self) -> None:
        if not self._ask():
            self._tell(None)

    def _answered(self, event: Answered) -> None:
        if event.result is None:
            logger.warning(
                "the states for clients could not be read",
                extra={"reason": str(event.error)},
            )
            self._tell(None)
            return
        try:
            states = decode_states(event.result)
        except msgspec.DecodeError as exc:
            logger.warning(
                "the states for clients cannot be read", extra={"reason": str(exc)}
            )
            self._tell(None)
        else:
            self._tell(bytes(state) for state in states)

    def _tell(self, states: Iterable[bytes] | None) -> None:
        if self._informing is not None:
            self._informing.answered(states, MOST_STATE_BYTES)
