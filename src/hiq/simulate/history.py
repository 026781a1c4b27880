"""What the history API of a simulated home answers, from a bounded memory.

Rows and flags follow `history/history_during_period` of Home Assistant 2024.3; its
recorder is replaced by the last `limit` changes. What is forgotten is counted.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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


@dataclass(frozen=True, slots=True)
class _Row:
    """What an entity was at a time; `state` is None where it was removed."""

    state: str | None
    attributes: Mapping[str, Any]
    changed_us: int
    updated_us: int


class History:
    """The last `limit` changes of all entities together.

    - `forgotten`: how many are gone because of the limit.
    - `flags`: what `recorder/info` says otherwise than that all is well.
    - `enabled`: False after `recorder.disable`, which `recorder/info` does not show.
    """

    def __init__(self, limit: int = 50_000) -> None:
        self.limit = limit
        self.forgotten = 0
        self.flags: dict[str, bool] = {}
        self.enabled = True
        self._rows: dict[str, deque[_Row]] = {}
        self._order: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._order)

    def add(self, state: State) -> None:
        """Remember a state; the oldest of all goes when there are too many."""
        if not self.enabled:
            return
        row = _Row(state.state, state.attributes, state.changed_us, state.updated_us)
        self._append(state.entity_id, row)

    def remove(self, entity_id: str, time_us: int) -> None:
        """Remember that an entity was removed: a row without a state."""
        if self.enabled:
            self._append(entity_id, _Row(None, {}, time_us, time_us))

    def clear(self) -> None:
        """Forget everything, as a recorder does whose database is new."""
        self.forgotten += len(self._order)
        self._rows.clear()
        self._order.clear()

    def answer(self, query: Query) -> dict[str, list[dict[str, Any]]]:
        """Return the rows by entity; entities without rows are left out."""
        answer = {}
        for entity_id in query.entity_ids:
            rows = list(self._entity(entity_id, query))
            if rows:
                answer[entity_id] = rows
        return answer

    def _append(self, entity_id: str, row: _Row) -> None:
        self._rows.setdefault(entity_id, deque()).append(row)
        self._order.append(entity_id)
        if len(self._order) > self.limit:
            oldest = self._order.popleft()
            rows = self._rows[oldest]
            rows.popleft()
            if not rows:
                del self._rows[oldest]
            self.forgotten += 1

    def _entity(self, entity_id: str, query: Query) -> Iterator[dict[str, Any]]:
        domain = entity_id.partition(".")[0]
        short = query.minimal_response and domain not in WITH_ATTRIBUTES
        last: _Row | None = None
        for row, at_us in self._select(entity_id, domain, query):
            answer: dict[str, Any] = {"s": row.state}
            if not short or (last is None and not query.no_attributes):
                answer["a"] = {} if query.no_attributes else row.attributes
            answer["lu"] = at_us / MICROSECONDS
            if not short and not query.significant_changes_only:
                answer |= _last_changed(row, at_us)
            if not short or last is None or row.state != last.state:
                yield answer
            last = row

    def _select(
        self, entity_id: str, domain: str, query: Query
    ) -> Iterator[tuple[_Row, int]]:
        """Yield rows and the time each is reported with."""
        before: _Row | None = None
        every = domain in SIGNIFICANT or not query.significant_changes_only
        for row in self._rows.get(entity_id, ()):
            time_us = row.updated_us
            if time_us < query.start_us:
                before = row
                continue
            if before is not None and query.include_start_time_state:
                yield before, query.start_us
            before = None
            if query.end_us is not None and time_us >= query.end_us:
                return
            if time_us > query.start_us and (every or row.changed_us == time_us):
                yield row, time_us
        if before is not None and query.include_start_time_state:
            yield before, query.start_us


def _last_changed(row: _Row, at_us: int) -> dict[str, float]:
    """Return `lc` where it differs; a row made for the start has none."""
    if at_us != row.updated_us or row.changed_us == row.updated_us:
        return {}
    return {"lc": row.changed_us / MICROSECONDS}
