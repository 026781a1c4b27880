"""What Home Assistant was asked and has not answered, and how long each may take.

Pure bookkeeping of one connection: commands get their ids, an answer finds its command
by its id, and what is late is told. What commands and answers say is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hiq.ha.commands import Question

__all__ = ["Pending", "Unanswered"]


@dataclass(frozen=True, slots=True)
class Pending:
    """A command without an answer yet; times are seconds of a monotonic clock."""

    number: int
    name: str
    sent_at: float
    timeout_s: float
    question: Question | None = None

    @property
    def deadline(self) -> float:
        """When waiting ends."""
        return self.sent_at + self.timeout_s


class Unanswered:
    """The commands that wait for their answers, oldest first; true if there are any.

    Ids start at 1 and rise by one.
    """

    def __init__(self) -> None:
        self._next_id = 1
        self._pending: dict[int, Pending] = {}

    def __bool__(self) -> bool:
        return bool(self._pending)

    def add(
        self, name: str, now: float, timeout_s: float, question: Question | None = None
    ) -> int:
        """Remember a command that is sent now; return its id."""
        number = self._next_id
        self._next_id += 1
        self._pending[number] = Pending(number, name, now, timeout_s, question)
        return number

    def take(self, number: int | None) -> Pending | None:
        """Return the command of this id and forget it; None: none waits under it."""
        return None if number is None else self._pending.pop(number, None)

    def has(self, name: str) -> bool:
        """Return whether a command of this name waits."""
        return name in (pending.name for pending in self._pending.values())

    def overdue(self, now: float) -> list[Pending]:
        """Return what should have been answered by now; all of it stays here."""
        return [
            pending for pending in self._pending.values() if now >= pending.deadline
        ]

    def deadlines(self) -> list[float]:
        """Return until when each should be answered."""
        return [pending.deadline for pending in self._pending.values()]

    def postpone(self, seconds: float) -> None:
        """Move all deadlines."""
        self._pending = {
            number: replace(pending, timeout_s=pending.timeout_s + seconds)
            for number, pending in self._pending.items()
        }
