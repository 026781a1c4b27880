"""The documents of the page: history, what is stored, what was refused, settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from hiq.web.types.health import Count, Moment

__all__ = [
    "DeadLetters",
    "History",
    "HistoryQuery",
    "Letter",
    "Refusals",
    "RefusedEvent",
    "SettingsShown",
    "StoredEntity",
    "StoredPage",
    "StoredQuery",
]

EntityId = Annotated[str, Meta(min_length=1, max_length=255)]
Seconds = Annotated[float, Meta(ge=0, le=9_000_000_000)]
Most = Annotated[int, Meta(ge=2, le=5000)]


class HistoryQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The history of which entity, from when to when, in how many points at most.

    Times are Unix seconds; without them it is the last hour.
    """

    entity_id: EntityId
    start: Seconds | None = None
    end: Seconds | None = None
    limit: Most = 1000


class History(Struct, frozen=True, kw_only=True):
    """What the database holds of one entity, in columns of equal length.

    `points` is how many it holds. Are there more than the limit, `step_seconds` is not
    0, and each value is the mean of so long a span with `low` and `high` in it; of
    texts the newest changes are shown.
    """

    entity_id: str
    sink: str
    sink_type: str
    measurement: str
    field: str
    kind: Literal["number", "text", "none"]
    start: Moment
    end: Moment
    points: Count
    step_seconds: float
    times: list[float]
    values: list[float | str]
    low: list[float]
    high: list[float]


class StoredQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which stored entities: in the order of their ids, or of who is silent longest."""

    search: Annotated[str, Meta(max_length=100)] | None = None
    order: Literal["id", "silent"] = "id"
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class StoredEntity(Struct, frozen=True, kw_only=True):
    """One entity of which there are points."""

    entity_id: str
    measurements: list[str]
    last: Moment


class StoredPage(Struct, frozen=True, kw_only=True):
    """Entities of which there are points; `total` counts those beyond the limit too."""

    sink: str
    total: Count
    entities: list[StoredEntity]
    timestamp: Moment


class RefusedEvent(Struct, frozen=True, kw_only=True):
    """An event that was not accepted, with the beginning of what came.

    `time` is null until the disk has it.
    """

    time: Moment | None
    reason: str
    meaning: str
    sample: str


class Letter(Struct, frozen=True, kw_only=True):
    """A point that a database refused for good."""

    time: Moment
    reason: str
    advice: str
    line: str


class DeadLetters(Struct, frozen=True, kw_only=True):
    """What one sink refused since the start, and the newest that are kept."""

    sink: str
    count: Count
    newest: list[Letter]


class Refusals(Struct, frozen=True, kw_only=True):
    """Events that were not accepted, points that a database refused; newest last."""

    rejected: Count
    newest: list[RefusedEvent]
    dead_letters: list[DeadLetters]
    timestamp: Moment


class SettingsShown(Struct, frozen=True, kw_only=True):
    """The settings in force, secrets masked, and the file that they come from."""

    settings: dict[str, Any]
    source: str | None
    timestamp: Moment
