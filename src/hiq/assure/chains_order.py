"""The orders that the steps of one contract may come in, judged step by step.

Only the first occurrence of a step counts. A contract has one order, or several
alternatives; what may be interleaved has no place in it. It must not know time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from hiq.assure.contracts import Contract

__all__ = ["Orders", "Progress"]

DEAD = -2


@dataclass(slots=True)
class Progress:
    """How far one chain is.

    Attributes:
        seen: steps that occurred.
        places: of each order, where the last step stands in it; DEAD if it cannot be
            this order any more.
    """

    places: list[int]
    seen: set[str] = field(default_factory=set)


class Orders:
    """All orders of one contract."""

    def __init__(self, contract: Contract) -> None:
        free = contract.interleave
        orders = contract.alternatives or (tuple(s.event for s in contract.steps),)
        self._places = [
            {event: place for place, event in enumerate(order) if event not in free}
            for order in orders
        ]
        optional = {step.event for step in contract.steps if not step.required}
        # In an alternative all is required that it names: that is what it is for.
        skipped = optional if not contract.alternatives else set[str]()
        self._required = [
            [event for event in order if event not in skipped] for order in orders
        ]
        self._free = free
        self._repeat = {step.event for step in contract.steps if step.repeat}
        self._terminal = contract.terminal

    def begin(self) -> Progress:
        """Return a chain of which nothing has occurred."""
        return Progress([-1] * len(self._places))

    def take(self, progress: Progress, event: str) -> bool:
        """Note a step; return False if it may not come here."""
        if event in progress.seen:
            return event in self._repeat
        progress.seen.add(event)
        if event in self._free:
            return True
        alive = False
        for number, places in enumerate(self._places):
            last = progress.places[number]
            place = places.get(event, DEAD) if last != DEAD else DEAD
            if place > last:
                progress.places[number] = place
                alive = True
            else:
                progress.places[number] = DEAD
        return alive

    def missing(self, progress: Progress) -> Sequence[str]:
        """Return the steps that are missing in the order that comes closest."""
        found = [
            [event for event in required if event not in progress.seen]
            for number, required in enumerate(self._required)
            if progress.places[number] != DEAD
        ]
        return min(found, key=len, default=())

    def waits_for(self, progress: Progress) -> str | None:
        """Return the terminal step if it is the only one that may still be new."""
        open_steps: set[str] = set()
        for number, places in enumerate(self._places):
            last = progress.places[number]
            if last != DEAD:
                open_steps |= {event for event, place in places.items() if place > last}
        open_steps -= self._skippable(open_steps, progress.seen)
        only = open_steps.pop() if len(open_steps) == 1 else None
        return only if only in self._terminal else None

    def _skippable(self, events: Collection[str], seen: Collection[str]) -> set[str]:
        """Steps that need not come at all."""
        required = {event for order in self._required for event in order}
        return {event for event in events if event not in required or event in seen}
