"""Follows declared chains of events, event by event, and names what is wrong in time.

- Events go in (`take`), the time goes in (`advance`), violations come out.
- One fault gives one violation: after it the chain is not judged any more, but for
  what is no fault of its order (a repeated event, an answer that did not come).
- The work per event does not depend on how long a chain is; all that is remembered
  is bounded, and what the bounds cost is counted.

The clock is an argument: seconds that never go back. It must not know where events
come from, nor who is told.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hiq.assure.chains_contract import Follower
from hiq.assure.chains_state import NEVER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from hiq.assure.chains_answers import Excuse
    from hiq.assure.chains_state import Chain
    from hiq.assure.contracts import Contract, Violation
    from hiq.assure.contracts_events import Occurrence

__all__ = ["Engine"]

MOST_SEEN: Final = 65_536
SPARE_ENTRIES: Final = 256

Entry: TypeAlias = "tuple[float, int, Follower, Chain]"


class Engine:
    """All contracts of one instance.

    Args:
        contracts: what is declared.
        most_open: most chains that are open at once, of each contract; the oldest
            goes, unjudged.
        most_ended: how many that have ended are remembered, of each contract.
        excuse: whether who did not answer need not have.
    """

    def __init__(
        self,
        contracts: Sequence[Contract],
        *,
        most_open: int = 10_000,
        most_ended: int = 10_000,
        most_seen: int = MOST_SEEN,
        excuse: Excuse = lambda _label, _key, _asked_s: "",
    ) -> None:
        self.followers = tuple(
            Follower(one, self._schedule, most_open, most_ended, excuse)
            for one in contracts
        )
        self._by_type: dict[str, list[Follower]] = {}
        self.silence(())
        self._most_seen = most_seen
        # A plain dict would look for its first key ever longer as keys are deleted.
        self._seen: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._heap: list[Entry] = []
        self._number = 0

    @property
    def event_types(self) -> frozenset[str]:
        """All that some contract is about."""
        return frozenset().union(*(f.contract.event_types for f in self.followers))

    @property
    def open(self) -> int:
        """How many chains are open."""
        return sum(len(follower.chains) for follower in self.followers)

    @property
    def next_due_s(self) -> float | None:
        """When `advance` has something to do; None for never."""
        return self._heap[0][0] if self._heap else None

    def silence(self, event_types: Collection[str]) -> list[str]:
        """Do not judge contracts that need such events, but all others.

        Returns the names of those.
        """
        self._by_type = {}
        silent = []
        for follower in self.followers:
            contract = follower.contract
            if not contract.event_types.isdisjoint(event_types):
                silent.append(contract.name)
                continue
            for event_type in contract.event_types:
                self._by_type.setdefault(event_type, []).append(follower)
        return silent

    def take(self, one: Occurrence, now_s: float) -> list[Violation]:
        """Take one event; it comes now."""
        followers = self._by_type.get(one.event_type)
        found = self.advance(now_s)
        if followers is None:
            return found
        for follower in followers:
            key = follower.key_of(one)
            if key is None:
                continue
            if self._is_repeated(follower, one):
                found.append(follower.repeated(key, one, now_s))
            else:
                found += follower.take(key, one, now_s)
        return found

    def advance(self, now_s: float) -> list[Violation]:
        """Let the time pass; limits that were passed are judged in their order."""
        found: list[Violation] = []
        heap = self._heap
        while heap and heap[0][0] <= now_s:
            at_s, _, follower, chain = heapq.heappop(heap)
            if chain.over or chain.scheduled_s != at_s:
                continue  # it has ended, or is looked at earlier
            chain.scheduled_s = NEVER
            due_s = chain.due_s(follower.contract)
            if due_s <= now_s:
                found += follower.at_limit(chain, due_s)
                if follower.chains.get(chain.key) is not chain:
                    continue
                due_s = chain.due_s(follower.contract)
            self._schedule(follower, chain, due_s)
        return found

    def reset(self, now_s: float) -> int:
        """Forget all open chains unjudged: events were missed. Returns how many.

        Nor is judged what goes on from before without having begun here.
        """
        count = sum(follower.reset(now_s) for follower in self.followers)
        self._heap.clear()
        return count

    def figures(self) -> dict[str, Any]:
        """Return the counts of each contract, by name."""
        return {f.contract.name: f.figures() for f in self.followers}

    # inside

    def _schedule(self, follower: Follower, chain: Chain, due_s: float) -> None:
        """See that a chain is looked at when it is due, at the latest.

        One that is due later than it is looked at is put off when that happens, so
        that an event costs nothing here.
        """
        if due_s >= chain.scheduled_s:
            return
        chain.scheduled_s = due_s
        self._number += 1
        heapq.heappush(self._heap, (due_s, self._number, follower, chain))
        if len(self._heap) > 4 * self.open + SPARE_ENTRIES:
            self._heap = [
                entry
                for entry in self._heap
                if not entry[3].over and entry[3].scheduled_s == entry[0]
            ]
            heapq.heapify(self._heap)

    def _is_repeated(self, follower: Follower, one: Occurrence) -> bool:
        """Return whether the very same event was here, among the last ones."""
        mark = (follower.contract.name, one.mark)
        if mark in self._seen:
            return True
        if len(self._seen) >= self._most_seen:
            self._seen.popitem(last=False)
        self._seen[mark] = None
        return False
