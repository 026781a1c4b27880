"""What the history API of a simulated home answers, from a bounded memory.

Rows and flags follow `history/history_during_period` of Home Assistant 2024.3; its
recorder is replaced by the last `limit` changes. What is forgotten is counted.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hiq.simulate.world import State

__all__ = ["History", "Query"]

# For these an attribute that changes is a change (history constants of
# Home Assistant); for the second group minimal answers keep the attributes.
SIGNIFICANT = frozenset(
    {"climate", "device_tracker", "humidifier", "thermostat", "water_heater"}
)
WITH_ATTRIBUTES = frozenset(
    {"climate", "humidifier", "input_datetime", "thermostat", "water_heater"}
)
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Query:
    """The arguments of `history/history_during_period`; times in microseconds."""

    start_us: int
    end_us: int | None
    entity_ids: Sequence[str]
    include_start_time_state: bool = True
    significant_changes_only: bool = True
    minimal_response: bool = False
    no_attributes: bool = False


class History:
    """The last `limit` states of all entities together.

    - `forgotten`: how many are gone because of the limit.
    """

    def __init__(self, limit: int = 50_000) -> None:
        self.limit = limit
        self.forgotten = 0
        self._rows: dict[str, deque[State]] = {}
        self._order: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._order)

    def add(self, state: State) -> None:
        """Remember a state; the oldest of all goes when there are too many."""
        self._rows.setdefault(state.entity_id, deque()).append(state)
        self._order.append(state.entity_id)
        if len(self._order) > self.limit:
            oldest = self._order.popleft()
            rows = self._rows[oldest]
            rows.popleft()
            if not rows:
                del self._rows[oldest]
            self.forgotten += 1

    def answer(self, query: Query) -> dict[str, list[dict[str, Any]]]:
        """Return the rows by entity; entities without rows are left out."""
        answer = {}
        for entity_id in query.entity_ids:
            rows = list(self._entity(entity_id, query))
            if rows:
                answer[entity_id] = rows
        return answer

    def _entity(self, entity_id: str, query: Query) -> Iterator[dict[str, Any]]:
        domain = entity_id.partition(".")[0]
        short = query.minimal_response and domain not in WITH_ATTRIBUTES
        last: str | None = None
        for state, at_us in self._select(entity_id, domain, query):
            if last is None or not short:
                yield _row(state, at_us, query)
            elif state.state != last:
                yield {"s": state.state, "lu": at_us / MICROSECONDS}
            last = state.state

    def _select(
        self, entity_id: str, domain: str, query: Query
    ) -> Iterator[tuple[State, int]]:
        """Yield states and the time each is reported with."""
        before: State | None = None
        every = domain in SIGNIFICANT or not query.significant_changes_only
        for state in self._rows.get(entity_id, ()):
            time_us = state.updated_us
            if time_us < query.start_us:
                before = state
                continue
            if before is not None and query.include_start_time_state:
                yield before, query.start_us
            before = None
            if query.end_us is not None and time_us >= query.end_us:
                return
            if time_us > query.start_us and (every or state.changed_us == time_us):
                yield state, time_us
        if before is not None and query.include_start_time_state:
            yield before, query.start_us


def _row(state: State, at_us: int, query: Query) -> dict[str, Any]:
    row: dict[str, Any] = {"s": state.state}
    if not query.no_attributes:
        row["a"] = state.attributes
    row["lu"] = at_us / MICROSECONDS
    synthetic = at_us != state.updated_us
    if (
        not query.significant_changes_only
        and not synthetic
        and state.changed_us != state.updated_us
    ):
        row["lc"] = state.changed_us / MICROSECONDS
    return row
