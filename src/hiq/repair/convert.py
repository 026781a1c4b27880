"""Rows of the recorder -> lines, by the same compiled pipeline as live events.

It is a pipeline of its own, so that old rows never mix with what the live one knows
of each entity. What the recorder left out of the attributes, but decides in which
series a point lies, is taken from the present state; what the registries decide, from
the registries as they are now. It knows no connection, no journal and no sink.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw

from hiq import Pipeline
from hiq.discovery.slices import tell
from hiq.ha.history_rows import Row, event_frames
from hiq.ha.home import Home
from hiq.pump import MAX_BYTES, MAX_POINTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hiq._core import Taken
    from hiq.ha.history_rows import CurrentState

__all__ = ["Converted", "Converter"]

ALWAYS = ("unit_of_measurement", "device_class")
"""Attributes that may decide the measurement; for rows without any attribute."""
NO_IDS: Mapping[str, str] = MappingProxyType({})
VERDICTS = ("events", "points", "filtered", "skipped", "rejected")


@dataclass(slots=True)
class Converted:
    """What became of some rows.

    Attributes:
        taken: lines, per schema.
        counts: events, points, filtered, skipped, rejected.
        completed: rows whose series was completed from the present state.
    """

    taken: list[tuple[str, Taken]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    completed: int = 0


class Converter:
    """One pipeline for rows of any entity, in any order.

    `first_ids`: what renamed entities were called first, by registry id; their points
    may go on under that (`tidy.follow`).
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        schemas: Sequence[str],
        first_ids: Mapping[str, str] = NO_IDS,
    ) -> None:
        self._pipeline = Pipeline({**options, "schema": list(schemas)})
        self._schemas = tuple(schemas)
        self._tags = tuple(options.get("tags_attributes") or ())
        self._first_ids = first_ids
        self._home = Home()
        self._present: dict[str, dict[str, Any]] = {}

    async def learn(self, states: Iterable[CurrentState], home: Home) -> None:
        """Take note of present states and of the registries."""
        home = home.with_first_ids(self._first_ids)
        await tell(self._pipeline, self._home, home)
        self._home = home
        names = {*ALWAYS, *self._tags}
        self._present = {}
        for state in states:
            attributes = _attributes(state.attributes)
            used = {name: attributes[name] for name in names if name in attributes}
            if used:
                self._present[state.entity_id] = used

    def wanted(self, entity_ids: Iterable[str]) -> list[str]:
        """Return the entities that the filter lets through, sorted."""
        found = []
        for entity_id in sorted(set(entity_ids)):
            decision = self._pipeline.explain(entity_id, self._home.tags(entity_id))
            # A row may have another class than the present state has.
            if decision.accepted or decision.by_class:
                found.append(entity_id)
        return found

    def convert(self, rows: Mapping[str, Sequence[Row]]) -> Converted:
        """Return the lines of some rows, grouped by series."""
        found = Converted()
        for frame in event_frames(self._completed(rows, found)):
            verdict = self._pipeline.feed(frame)
            for name in VERDICTS:
                found.counts[name] += getattr(verdict, name)
        for schema in self._schemas:
            batches = self._pipeline.take_batches(schema, MAX_POINTS, MAX_BYTES)
            found.taken += [(schema, taken) for taken in batches if taken.points]
        return found

    def _completed(
        self, rows: Mapping[str, Sequence[Row]], found: Converted
    ) -> Iterable[tuple[str, Row]]:
        """Yield the rows, with what decides their series.

        A row without any attribute lost all of them (they were too long). A tag that
        no row of the entity has is one that is not recorded.
        """
        for entity_id, several in rows.items():
            present = self._present.get(entity_id)
            tags = (
                {n: present[n] for n in self._tags if n in present} if present else {}
            )
            if tags:
                for row in several:
                    tags = {n: v for n, v in tags.items() if not _has(row, n)}
            for row in several:
                extra = present if present and _is_bare(row) else tags
                if extra and not row.removed:
                    found.completed += 1
                    yield entity_id, _with(row, extra)
                else:
                    yield entity_id, row


def _attributes(raw: Raw) -> dict[str, Any]:
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _is_bare(row: Row) -> bool:
    return len(bytes(row.attributes)) <= 2


def _has(row: Row, name: str) -> bool:
    return msgspec.json.encode(name) in bytes(row.attributes)


def _with(row: Row, extra: Mapping[str, Any]) -> Row:
    """Return the row with more attributes, those of the row as they are."""
    more = msgspec.json.encode(extra)
    own = bytes(row.attributes)
    joined = more if _is_bare(row) else own[:-1] + b"," + more[1:]
    return msgspec.structs.replace(row, attributes=Raw(joined))
