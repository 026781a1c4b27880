"""What the journal has lost -> gaps in the ledger.

One gap for each sink that lacks the points, or one of the journal where every sink
may lack them. Where nothing tells what a lost record held, it may have held what was
filled into a hole at that time: then the gap begins where the hole did. It knows
neither the journal's files nor how the ledger is kept.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from hiq.gaps import HOME

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.gaps import Ledger
    from hiq.journal.loss import Cause, Loss

__all__ = ["note_in"]

CAUSES: Final[dict[Cause, tuple[str, str]]] = {
    "damaged": ("journal_damaged", "damaged records"),
    "unreadable": ("journal_damaged", "sectors that the disk cannot read"),
    "gone": ("journal_damaged", "records that are gone"),
    "not_required": ("journal_full", "given up for sinks that are required"),
    "drop_oldest": ("journal_full", "the oldest were given up"),
    "drop_new": ("journal_full", "new ones were not stored"),
}
OUTCOME: Final = (
    "not in the journal any more; `hiq verify --repair` restores what Home Assistant's "
    "recorder still has"
)


def note_in(
    ledger: Ledger, clock: Callable[[], float] = time.time
) -> Callable[[Loss], None]:
    """Return what notes losses in this ledger; any thread may call it."""

    def note(loss: Loss) -> None:
        cause, detail = CAUSES[loss.cause]
        first, last = loss.span.first_ns, loss.span.last_ns
        end_s = clock() if last is None else last / 1e9
        start_s = end_s if first is None else first / 1e9
        if not loss.span.exact:
            start_s = _begin_of_holes(ledger, None if first is None else start_s, end_s)
        if loss.file:
            detail += f" ({loss.stream}/{loss.file})"
        for source in [f"sink:{name}" for name in loss.sinks] or ["journal"]:
            ledger.record(
                cause,
                min(start_s, end_s),
                end_s,
                source=source,
                outcome=OUTCOME,
                detail=detail,
                points=loss.points,
            )

    return note


def _begin_of_holes(ledger: Ledger, start_s: float | None, end_s: float) -> float:
    """Return the begin of a time and of all holes that may have been filled in it."""
    begins = [
        gap.start_s
        for gap in ledger.gaps
        if gap.source == HOME
        and gap.noted_s <= end_s
        and (start_s is None or gap.settled_s is None or gap.settled_s >= start_s)
    ]
    return min([end_s if start_s is None else start_s, *begins])
