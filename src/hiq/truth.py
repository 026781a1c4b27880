"""Home Assistant's recorder as the truth that sinks are held against.

Asks for rows in portions that keep an answer small, and lets the converter of backfill
make of them what the live way would have made of the events. It knows no sink.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hiq.audit import Rows
from hiq.repair.convert import NO_IDS, Converter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hiq.ha.history import History
    from hiq.ha.history_rows import Row

__all__ = ["HistoryRecorder"]

FIRST_PORTION = 50
LONGEST_PORTION = 1_000
BIG_BYTES = 4 * 1024 * 1024
SMALL_BYTES = 1024 * 1024


class HistoryRecorder:
    """Implements `hiq.audit.Recorder` on a connection to Home Assistant."""

    def __init__(
        self,
        history: History,
        options: Mapping[str, Any],
        schemas: Sequence[str],
        first_ids: Mapping[str, str] = NO_IDS,
    ) -> None:
        self._history = history
        self._converter = Converter(options, schemas, first_ids)
        self._schemas = tuple(schemas)
        self._portion = FIRST_PORTION

    async def names(self) -> set[str]:
        """Return the entities that have a state, or are registered."""
        states = await self._history.states()
        home = await self._history.home()
        await self._converter.learn(states, home)
        names = {state.entity_id for state in states}
        return names | home.entities.keys()

    async def rows(
        self, entity_ids: Sequence[str], after_us: int, until_us: int, limit: int
    ) -> Rows:
        """Return the rows with `after_us < time <= until_us`."""
        found = Rows()
        parts: dict[str, list[bytes]] = {schema: [] for schema in self._schemas}
        at = 0
        while at < len(entity_ids):
            several = entity_ids[at : at + self._portion]
            at += len(several)
            answer = await self._history.rows(several, after_us, until_us)
            _note(answer, found)
            for schema, taken in self._converter.convert(answer).taken:
                parts[schema].append(bytes(taken.data))
            self._adapt()
            if len(found.known) > limit and at < len(entity_ids):
                found.complete = False
                break
        if len(found.known) > limit:
            found.complete = False
        found.lines = {
            schema: b"".join(several).removesuffix(b"\n")
            for schema, several in parts.items()
        }
        return found

    def _adapt(self) -> None:
        """Ask for fewer entities at once, or for more."""
        if self._history.answer_bytes > BIG_BYTES:
            self._portion = max(1, self._portion // 2)
        elif self._history.answer_bytes < SMALL_BYTES:
            self._portion = min(LONGEST_PORTION, self._portion * 2)


def _note(answer: Mapping[str, Sequence[Row]], found: Rows) -> None:
    """Note entity and time of all rows."""
    for entity_id, rows in answer.items():
        for row in rows:
            key = (entity_id, row.updated_us * 1000)
            found.known.add(key)
            if len(bytes(row.attributes)) <= 2:
                found.bare.add(key)
