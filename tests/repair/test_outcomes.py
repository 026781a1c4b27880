"""What became of a hole is not forgotten between two files."""

from __future__ import annotations

from typing import Any

from hiq.gaps import HOME, Ledger
from hiq.repair.outcomes import Outcome, settle_orphans
from hiq.repair.state import Hole, State

UNKNOWN = "it is not known any more what became of it"


def ledger(gaps: int, source: str = HOME) -> Ledger:
    """Return a ledger with so many open gaps, 1, 2, ..."""
    found = Ledger(clock=lambda: 100.0)
    for number in range(gaps):
        found.open("stopped", float(number), source=source)
    return found


def told(found: Ledger) -> list[tuple[Any, ...]]:
    """Return what it says of each gap."""
    return [(gap.state, gap.outcome, gap.points) for gap in found.gaps]


def test_a_gap_without_a_hole_has_the_outcome_of_that_hole() -> None:
    """One that is filled still has not: its own end settles it."""
    found = ledger(4)
    state = State(
        holes=[Hole(number=9, cause="stopped", gaps=[2], after_us=0)],
        outcomes=[
            Outcome(gaps=(1, 3), state="repaired", text="3 rows read", points=3),
            Outcome(gaps=(2,), state="lost", text="another's"),
        ],
    )
    settle_orphans(found, state)
    assert told(found) == [
        ("repaired", "3 rows read", 3),
        ("open", "", None),
        ("repaired", "3 rows read", 3),
        ("lost", UNKNOWN, None),
    ]


def test_outcomes_that_the_ledger_knew_are_forgotten() -> None:
    """Those that it was told of only now stay: it is not written yet."""
    found = ledger(2)
    found.settle(1, "repaired", "as it was")
    state = State(
        outcomes=[
            Outcome(gaps=(number,), state="lost", text="no", points=None)
            for number in (1, 2, 77)
        ]
    )
    settle_orphans(found, state)
    assert [one.gaps for one in state.outcomes] == [(2,)]
    assert told(found) == [("repaired", "as it was", None), ("lost", "no", None)]


def test_gaps_of_others_are_left_alone() -> None:
    """A sink settles its own."""
    found = ledger(1, "sink:db")
    settle_orphans(found, State())
    assert told(found) == [("open", "", None)]
