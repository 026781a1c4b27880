"""What became of holes, until it is certain that the ledger of gaps knows it, too.

The ledger is another file, written somewhat later. Without this a kill in between
would leave a gap of which nobody knows any more that it was repaired. It knows no
file and no loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from hiq.gaps import HOME

if TYPE_CHECKING:
    from hiq.gaps import Ledger
    from hiq.repair.state import State

__all__ = ["MAX_OUTCOMES", "Outcome", "settle", "settle_orphans"]

MAX_OUTCOMES: Final = 64
"""Holes of a few seconds: the ledger is written within some tenths of one."""


class Outcome(Struct, frozen=True, kw_only=True):
    """Of one hole.

    Attributes:
        gaps: its gaps in the ledger.
        state: what they are now.
        text: what repaired them, or why nothing could.
        points: how many points were restored; None if none could be.
    """

    gaps: tuple[int, ...]
    state: Literal["repaired", "lost"]
    text: str
    points: int | None = None


def settle(ledger: Ledger, outcome: Outcome) -> None:
    """Tell the ledger."""
    for number in outcome.gaps:
        ledger.settle(number, outcome.state, outcome.text, points=outcome.points)


def settle_orphans(ledger: Ledger, state: State) -> None:
    """Settle gaps that are open although there is no hole of theirs; after a start.

    Outcomes that the ledger knew when it was read are forgotten.
    """
    known = {number for hole in state.holes for number in hole.gaps}
    orphans = {
        gap.number
        for gap in ledger.gaps
        if gap.source == HOME and gap.state == "open" and gap.number not in known
    }
    state.outcomes = [one for one in state.outcomes if orphans.intersection(one.gaps)]
    for outcome in state.outcomes:
        settle(ledger, outcome)
        orphans.difference_update(outcome.gaps)
    for number in orphans:
        ledger.settle(number, "lost", "it is not known any more what became of it")
