"""The document of /api/v1/alerts."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from hiq.web.types.health import Moment

__all__ = [
    "AlertEntry",
    "AlertList",
    "CheckEntry",
    "ComponentEntry",
    "LatencyEntry",
    "ReadBackEntry",
]

Count = Annotated[int, Meta(ge=0)]


class AlertEntry(Struct, frozen=True, kw_only=True):
    """One alert; `cleared_at` is null while it lasts."""

    key: str
    kind: str
    severity: Literal["warning", "critical"]
    message: str
    since: Moment
    cleared_at: Moment | None
    seconds: float


class LatencyEntry(Struct, frozen=True, kw_only=True):
    """How long events took from Home Assistant to a stage, in the last minutes."""

    count: Count
    p50: float
    p95: float
    p99: float


class ComponentEntry(Struct, frozen=True, kw_only=True):
    """What the audit says of a part; `failures` of the last five minutes."""

    status: Literal["ok", "unwell", "discrepancy"]
    work: Count
    failures: Count


class CheckEntry(Struct, frozen=True, kw_only=True):
    """One check of the monitor itself."""

    runs: Count
    failures: Count
    error: str


class ReadBackEntry(Struct, frozen=True, kw_only=True):
    """Points looked for in a database; why it cannot be read, else empty."""

    checked: Count
    unreadable: str


class AlertList(Struct, frozen=True, kw_only=True):
    """What is wrong now and was lately; the report names keys of active alerts.

    `suppressed` found no room, `untold` could not be passed on.
    """

    status: Literal["ok"] = "ok"
    timestamp: Moment
    active: list[AlertEntry]
    history: list[AlertEntry]
    raised: dict[str, int]
    suppressed: Count
    untold: Count
    report: dict[str, list[str]]
    latency: dict[str, LatencyEntry]
    components: dict[str, ComponentEntry]
    checks: dict[str, CheckEntry]
    read_back: dict[str, ReadBackEntry]
