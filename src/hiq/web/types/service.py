"""The documents of event rates, filter statistics, reloads and discovery.

The shapes are those that users of the HomeIQ service read; what it knows and hiq has
no such thing of (workers, queues of a pool) is shown with the value that is true.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hiq.web.types.health import Count, Moment

__all__ = [
    "AllRuns",
    "ConnectionRates",
    "Discovered",
    "EntityCount",
    "EventRate",
    "FilterAnswer",
    "FilterStatistics",
    "NoRates",
    "ProcessingRates",
    "RateFailure",
    "Reloaded",
    "Window",
]

Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class ProcessingRates(Struct, frozen=True, kw_only=True):
    """The work on events. There is no pool of workers: one loop does it.

    `average_processing_time_ms` is the CPU time of the whole process for each event.
    The queue is what waits for the journal; 0 as its maximum: it is bounded in bytes.
    """

    state: str
    is_running: bool
    max_workers: Count
    active_workers: Count
    processing_rate_limit: float
    processed_events: Count
    failed_events: Count
    success_rate: float
    processing_rate_per_second: float
    average_processing_time_ms: float
    queue_size: Count
    queue_maxsize: Count
    uptime_seconds: float
    last_processing_time: Moment | None
    event_handlers_count: Count


class ConnectionRates(Struct, frozen=True, kw_only=True):
    """What came over the connection."""

    is_connected: bool
    is_subscribed: bool
    total_events_received: Count
    events_by_type: dict[str, int]
    last_event_time: Moment | None


class EntityCount(Struct, frozen=True, kw_only=True):
    """One of the entities that change most."""

    entity_id: str
    events: Count


class Window(Struct, frozen=True, kw_only=True):
    """Events of the last minutes; `seconds` says how long the window really is.

    Domains and entities are those of state changes, `top_seconds` is the window of
    the entities.
    """

    seconds: float
    events: Count
    events_per_second: float
    by_type: dict[str, Count]
    by_domain: dict[str, Count]
    top_entities: list[EntityCount]
    top_seconds: float


class AllRuns(Struct, frozen=True, kw_only=True):
    """What came since counting began, in this run and earlier ones.

    Points are those of each stream of the journal, restored ones included.
    """

    since: Moment
    events: Count
    events_by_type: dict[str, Count]
    points: dict[str, Count]


class EventRate(Struct, frozen=True, kw_only=True):
    """How many events come: windows, types, domains, the busiest entities.

    What stands on top is of this run, from its beginning.
    """

    service: str
    events_per_second: float
    events_per_hour: float
    total_events_processed: Count
    uptime_seconds: float
    processing_stats: ProcessingRates
    connection_stats: ConnectionRates
    windows: dict[Literal["1m", "5m", "15m"], Window]
    by_domain: dict[str, Count]
    top_entities: list[EntityCount]
    all_runs: AllRuns
    timestamp: Moment


class RateFailure(Struct, frozen=True, kw_only=True):
    """Why there are no rates."""

    service: str
    error: str
    events_per_second: float = 0.0
    events_per_hour: float = 0.0
    total_events_processed: Count = 0


class NoRates(Struct, frozen=True, kw_only=True):
    """There are no rates."""

    detail: RateFailure


class FilterStatistics(Struct, frozen=True, kw_only=True):
    """What the filter decided; an event counts once."""

    filtered_count: Count
    passed_count: Count
    exception_count: Count
    total_processed: Count
    filter_rate: Share
    uptime_seconds: float
    mode: str
    patterns_count: Count
    exceptions_count: Count
    thinned_count: Count | UnsetType = UNSET
    rules: dict[str, Count] | UnsetType = UNSET


class FilterAnswer(Struct, frozen=True, kw_only=True):
    """The filter, or that there is none."""

    enabled: bool
    statistics: FilterStatistics | None = None
    message: str | None = None


class Reloaded(Struct, frozen=True, kw_only=True):
    """What a reload took over."""

    success: Literal[True] = True
    changed: list[str]
    timestamp: Moment


class Discovered(Struct, frozen=True, kw_only=True):
    """What the registries of Home Assistant hold."""

    success: Literal[True] = True
    devices_discovered: Count
    entities_discovered: Count
    timestamp: Moment
    error: None = None
