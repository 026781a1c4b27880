"""Who else has a say in the connection to Home Assistant, as protocols.

The connection calls them, synchronously, and does not know who they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from msgspec import Raw

    from hiq.ha.commands import Question
    from hiq.ha.events import Answered, Event, HoldEnded
    from hiq.ha.locate import Candidate

__all__ = ["Asking", "Registrar", "Watcher"]


class Watcher(Protocol):
    """Who wants to know from when to when every event comes."""

    def subscribed(self, candidate: Candidate, token: str) -> None:
        """From now on every event comes."""

    def lost(self, reason: str) -> None:
        """From now on none comes."""

    def fresh(self, states: list[Raw]) -> list[Raw]:
        """Return the states at connect that are worth feeding."""


class Asking(Protocol):
    """A connection on which questions can be asked."""

    def ask(self, question: Question) -> bool:
        """Ask; the answer goes to the registrar. False: not possible now."""

    def release(self) -> None:
        """Let the subscription go that waited."""


class Registrar(Protocol):
    """Who keeps the registries of the home up to date."""

    def opening(self) -> tuple[tuple[Question, ...], float]:
        """Return what to ask first, and how long the subscription may wait for it."""

    def connected(self, line: Asking) -> None:
        """From now on questions can be asked here."""

    def take(self, event: Answered | HoldEnded | Event) -> None:
        """Take an answer, or an event of another subscription than the pipeline's."""

    def lost(self) -> None:
        """No answer comes any more."""
