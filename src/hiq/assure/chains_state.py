"""One chain of events while it is open: what it has had, and until when it may wait.

Its limits make one moment at which something must be looked at. It judges nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hiq.assure.chains_answers import Demand
    from hiq.assure.chains_order import Progress
    from hiq.assure.contracts import Contract
    from hiq.assure.contracts_events import Occurrence

__all__ = ["NEVER", "Chain"]

LAST_EVENTS: Final = 9
MOST_OPEN: Final = 1000
NEVER: Final = float("inf")


@dataclass(slots=True)
class Chain:
    """One chain. Times are those of the clock that is given to the engine.

    Attributes:
        key: which one it is, within its contract.
        began_s: when its first event came.
        last_s: when its last event came, of type `last_type`, after `before`.
        opens: pairs that are open: number and key -> when each was opened.
        limited: how many of those have a limit of their own.
        fresh_s: the earliest limit that its last event brought.
        scheduled_s: when the engine will look at it.
        over: it is not followed any more.
    """

    key: str
    progress: Progress
    began_s: float
    last_s: float
    last_type: str = ""
    before: str = ""
    last_fired_s: float | None = None
    opens: dict[tuple[int, str], deque[float]] = field(default_factory=dict)
    open_count: int = 0
    limited: int = 0
    fresh_s: float = NEVER
    demands: list[Demand] = field(default_factory=list)
    first: str = ""
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_EVENTS))
    last: Occurrence | None = None
    scheduled_s: float = NEVER
    over: bool = False

    def note(self, one: Occurrence, now_s: float) -> None:
        """Take note of an event that belongs to it."""
        if self.last is None:
            self.first = one.name
        else:
            self.recent.append(one.name)
        self.last = one
        self.last_s = now_s
        self.before, self.last_type = self.last_type, one.event_type
        self.last_fired_s = one.time_s

    def end(self) -> None:
        """Let go what it remembers: somebody may hold on to it until it is due."""
        self.over = True
        self.last = None
        self.recent.clear()
        self.opens.clear()
        self.demands.clear()

    @property
    def events(self) -> tuple[str, ...]:
        """Its first event and the last ones."""
        return (self.first, *self.recent) if self.first else ()

    # pairs

    def open(self, pair: int, key: str, now_s: float, limit_s: float | None) -> bool:
        """Note that a pair was opened; False if there are too many."""
        if self.open_count >= MOST_OPEN:
            return False
        self.opens.setdefault((pair, key), deque()).append(now_s)
        self.open_count += 1
        if limit_s is not None:
            self.limited += 1
            self.fresh_s = min(self.fresh_s, now_s + limit_s)
        return True

    def close(self, pair: int, key: str, limit_s: float | None) -> bool:
        """Note that a pair was closed; False if it was not open."""
        times = self.opens.get((pair, key))
        if times is None:
            return False
        times.popleft()
        self.open_count -= 1
        self.limited -= limit_s is not None
        if not times:
            del self.opens[pair, key]
        return True

    def has_open(self, pair: int) -> bool:
        """Whether a pair is open with any key."""
        return any(number == pair for number, _ in self.opens)

    # limits

    def open_due_s(self, contract: Contract) -> tuple[float, int]:
        """Return when the first open pair has been open too long, and which it is."""
        found = (NEVER, -1)
        if self.limited:
            for (number, _), times in self.opens.items():
                limit_s = contract.max_open.get(contract.pairs[number].open)
                if limit_s is not None:
                    found = min(found, (times[0] + limit_s, number))
        return found

    def gap_due_s(self, contract: Contract) -> float:
        """Return when the gap is too long; an open pair with a limit replaces it."""
        if contract.max_gap is None or self.limited:
            return NEVER
        return self.last_s + contract.max_gap

    def idle_due_s(self, contract: Contract) -> float:
        """Return when silence means that it is complete."""
        idle_s = contract.complete_after_idle
        return NEVER if idle_s is None else self.last_s + idle_s

    def total_due_s(self, contract: Contract) -> float:
        """Return when it has taken too long."""
        total_s = contract.max_total
        return NEVER if total_s is None else self.began_s + total_s

    def answer_due_s(self) -> float:
        """Return when the first answer must have come."""
        return min((demand.due_s for demand in self.demands), default=NEVER)

    def due_s(self, contract: Contract) -> float:
        """Return when something must be looked at."""
        return min(
            self.gap_due_s(contract),
            self.total_due_s(contract),
            self.idle_due_s(contract),
            self.answer_due_s(),
            self.open_due_s(contract)[0],
        )

    def soonest_s(self, contract: Contract) -> float:
        """Return the earliest limit that its last event may have brought nearer.

        Not what older events brought: that the engine has already.
        """
        return min(
            self.gap_due_s(contract),
            self.total_due_s(contract),
            self.idle_due_s(contract),
            self.fresh_s,
        )
