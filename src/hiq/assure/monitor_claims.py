"""The audit of components: what a part says of itself against what its counters show.

A part that says it is well, has work to do and gets nothing done for as long as it may
need is stuck, whatever it says. Figures and the time are arguments.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Audit", "Claim", "Component"]

Verdict: TypeAlias = Literal["ok", "unwell", "discrepancy"]

KEPT = 50
FAILURES_S = 300.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What one part says.

    Attributes:
        name: of the part.
        well: whether it says that it is well.
        work: how much it still has to do.
        done: grows whenever it gets something done, or is told that it cannot.
        patience_s: how long one step may take.
    """

    name: str
    well: bool
    work: int
    done: int
    patience_s: float = 30.0


@dataclass(slots=True)
class Component:
    """What is known about one part; `history` are the last changes: when, what."""

    verdict: Verdict = "ok"
    done: int = -1
    moved_s: float = 0.0
    work: int = 0
    history: deque[tuple[float, Verdict]] = field(
        default_factory=lambda: deque(maxlen=KEPT)
    )

    def idle_s(self, now_s: float) -> float:
        """Return for how long it has had work and done nothing."""
        return now_s - self.moved_s

    def failures(self, now_s: float) -> int:
        """Return how often it has got worse in the last five minutes."""
        return sum(
            verdict != "ok" and at_s > now_s - FAILURES_S
            for at_s, verdict in self.history
        )


class Audit:
    """All components.

    After calling `judge`: `components` are those that were named, and no others.
    """

    def __init__(self) -> None:
        self.components: dict[str, Component] = {}

    def rest(self, now_s: float) -> None:
        """Leave out the time up to now: nobody could do anything."""
        for part in self.components.values():
            part.moved_s = now_s

    def judge(self, claims: Iterable[Claim], now_s: float) -> list[Claim]:
        """Take what all parts say; return those that are wrong about themselves."""
        before, self.components = self.components, {}
        wrong = []
        for claim in claims:
            part = before.get(claim.name) or Component(moved_s=now_s)
            self.components[claim.name] = part
            if not claim.work or not part.work or claim.done != part.done:
                part.moved_s = now_s
            part.done, part.work = claim.done, claim.work
            verdict: Verdict = "ok" if claim.well else "unwell"
            if claim.well and part.idle_s(now_s) >= claim.patience_s:
                verdict = "discrepancy"
                wrong.append(claim)
            if verdict != part.verdict:
                part.verdict = verdict
                part.history.append((now_s, verdict))
        return wrong
