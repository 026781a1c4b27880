"""What a chart needs of one entity: which field, and in how long steps.

Pure rules over counts; every schema of hiq has the number in one field and the text in
another one. It knows no database.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "FIELDS",
    "ChartReader",
    "Charted",
    "Found",
    "Held",
    "changes",
    "choose",
    "merged",
    "step_s",
]

FIELDS: Final = (("value", "state"), ("state_numeric", "state_value"))
"""Of each schema the field of numbers and that of texts."""
STEPS_S: Final = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000),
)
MEASURED: Final = frozenset(("sensor", "number", "input_number", "counter"))


@dataclass(frozen=True, slots=True)
class Found:
    """What a database has of one field in a span of time.

    Attributes:
        name: of the field.
        points: how many.
        low: the lowest number; None of texts.
        high: the highest number.
    """

    name: str
    points: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Charted:
    """One entity in a span of time, in columns of equal length; times in seconds.

    `step_s` is 0 where each point is shown, else `values` are means.
    """

    measurement: str = ""
    field: str = ""
    kind: Literal["number", "text", "none"] = "none"
    points: int = 0
    step_s: float = 0.0
    times: list[float] = dataclasses.field(default_factory=list)
    values: list[float] | list[str] = dataclasses.field(default_factory=list)
    low: list[float] = dataclasses.field(default_factory=list)
    high: list[float] = dataclasses.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Held:
    """One entity that has points, and when the newest one is."""

    entity_id: str
    measurements: tuple[str, ...]
    last_ns: int


class ChartReader(Protocol):
    """One database, read for charts. Raises StoreError or SinkUnreadable."""

    async def chart(
        self, entity_id: str, start_ns: int, end_ns: int, most: int
    ) -> Charted:
        """Return an entity with `start_ns <= time < end_ns`."""

    async def held(self) -> list[Held]:
        """Return every entity that has points, in the order of their ids."""

    async def close(self) -> None:
        """Let go of everything; twice is fine."""


def merged(parts: Iterable[Found]) -> list[Found]:
    """Return each field once: with a new unit it goes on in a new measurement."""
    fields: dict[str, list[Found]] = {}
    for part in parts:
        fields.setdefault(part.name, []).append(part)
    return [
        Found(
            name,
            sum(one.points for one in several),
            min((one.low for one in several if one.low is not None), default=None),
            max((one.high for one in several if one.high is not None), default=None),
        )
        for name, several in fields.items()
    ]


def choose(entity_id: str, found: Iterable[Found]) -> tuple[Found, bool] | None:
    """Return the field to draw and whether it is text; None if there is none.

    A number that is never anything but 0 and 1 has its words beside it: on and off say
    more, unless the entity measures something.
    """
    there = {one.name: one for one in found if one.points}
    for number_name, text_name in FIELDS:
        number, text = there.get(number_name), there.get(text_name)
        if number is None and text is None:
            continue
        if number is None:
            assert text is not None
            return text, True
        switches = {number.low, number.high} <= {0.0, 1.0}
        measures = entity_id.partition(".")[0] in MEASURED
        if text is not None and switches and not measures:
            return text, True
        return number, False
    return None


def step_s(span_s: float, most: int) -> float:
    """Return the shortest usual step that makes at most so many points of a span."""
    return next((step for step in STEPS_S if span_s <= step * most), STEPS_S[-1])


def changes(
    times: Sequence[float], texts: Sequence[str], most: int
) -> tuple[list[float], list[str]]:
    """Return the newest places where a text changes, and the last one of all."""
    kept = [
        place
        for place, text in enumerate(texts)
        if place in {0, len(texts) - 1} or text != texts[place - 1]
    ][-most:]
    return [times[place] for place in kept], [texts[place] for place in kept]
