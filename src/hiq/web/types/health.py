"""The documents of /livez, /readyz, /health, /health/detailed and the status page."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct
from msgspec.structs import fields

__all__ = [
    "Alive",
    "Backfill",
    "CheckResult",
    "Connection",
    "Counters",
    "Detailed",
    "GapEntry",
    "GapList",
    "Gaps",
    "Health",
    "HomeAssistant",
    "JournalState",
    "Level",
    "Moment",
    "Ready",
    "Running",
    "Sink",
    "Status",
    "Subscription",
]

Level: TypeAlias = Literal["healthy", "degraded", "unhealthy"]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Count = Annotated[int, Meta(ge=0)]


class Running(Struct, frozen=True, kw_only=True):
    """What answers here."""

    service: str
    version: str
    status: Literal["running"] = "running"


class Alive(Struct, frozen=True, kw_only=True):
    """The event loop turns."""

    status: Literal["alive"] = "alive"


class Ready(Struct, frozen=True, kw_only=True):
    """Whether every event is being kept now, and why not."""

    status: Literal["ready", "not ready"]
    reasons: list[str]


class HomeAssistant(Struct, frozen=True, kw_only=True):
    """The connection to Home Assistant; the URL is without user and query."""

    state: str
    connected: bool
    subscribed: bool
    url: str
    version: str
    auth_failed: bool
    last_error: str
    attempts: Count
    connects: Count
    failures: Count
    reconnects: dict[str, int]
    connected_at: Moment | None
    disconnected_at: Moment | None
    last_event_at: Moment | None
    ping_ms: float | None
    frames: Count
    bytes: Count
    paused: bool
    pauses: Count


class Counters(Struct, frozen=True, kw_only=True):
    """What became of the events; `imbalance` is anything but 0 at a fault of hiq."""

    received: Count
    accepted: Count
    buffered: Count
    buffered_bytes: Count
    filtered: Count
    skipped: Count
    duplicate: Count
    rejected: Count
    bad_frames: Count
    snapshot_states: Count
    errors: dict[str, int]
    imbalance: int


class JournalState(Struct, frozen=True, kw_only=True):
    """The write-ahead journal."""

    writable: bool
    last_error: str
    bytes: Count
    max_bytes: Count
    segments: Count
    records: Count
    commits: Count
    fsyncs: Count
    written_bytes: Count
    torn_tails: Count
    corrupt_records: Count
    lost_points: Count


class Backfill(Struct, frozen=True, kw_only=True):
    """The filling of holes: off, idle, waiting or running."""

    state: str
    holes: Count
    left_seconds: float
    requests: Count
    bytes: Count
    rows: Count
    points: Count
    known: Count
    complete_at: Moment | None
    last_error: str


class GapEntry(Struct, frozen=True, kw_only=True):
    """One gap: when something may be missing, why, and its fate."""

    number: int
    state: str
    cause: str
    source: str
    start: Moment | None
    end: Moment | None
    detail: str
    outcome: str
    points: int | None
    noted_at: Moment | None
    settled_at: Moment | None


class Gaps(Struct, frozen=True, kw_only=True):
    """The ledger of gaps, newest last."""

    open: Count
    repaired: Count
    lost: Count
    forgotten: Count
    gaps: list[GapEntry]


class GapList(Gaps, frozen=True, kw_only=True):
    """The whole ledger."""

    status: Literal["ok"] = "ok"
    timestamp: Moment


class Sink(Struct, frozen=True, kw_only=True):
    """One target; `carried` is what it still had to get from earlier runs.

    `own`: points that hiq made for it without an event.
    """

    name: str
    type: str
    stream: str
    required: bool
    state: str
    breaker: str
    breaker_opened: Count
    carried: Count
    own: Count
    written: Count
    dead_lettered: Count
    dropped: Count
    coerced: Count
    pending: Count
    pending_bytes: Count
    backlog: Count
    lag_seconds: float
    requests: dict[str, int]
    retries: Count
    resent: Count
    last_write_at: Moment | None
    last_error: str
    advice: str


class CheckResult(Struct, frozen=True, kw_only=True):
    """One judgement; a reason is given where there is something to say."""

    name: str
    status: Level
    latency_ms: float | None
    reason: str | UnsetType = UNSET


class Health(Struct, frozen=True, kw_only=True):
    """The whole picture."""

    status: Level
    reasons: list[str]
    ready: bool
    service: str
    version: str
    git_sha: str
    build_time: str
    uptime_seconds: Count
    timestamp: Moment
    home_assistant: HomeAssistant
    counters: Counters
    journal: JournalState
    backfill: Backfill
    gaps: Gaps
    sinks: dict[str, Sink]
    checks: list[CheckResult]
    dependencies: dict[str, Literal["ok", "down"]]
    auth: dict[str, Any] | None = None
    contracts: dict[str, Any] | None = None
    validation: dict[str, Any] | None = None
    clients: dict[str, Any] | None = None
    alerts: dict[str, Any] | None = None


# Structs have one base only, so the fields of the other one are copied here.
Status: type[Any] = defstruct(
    "Status",
    [(field.name, field.type) for field in fields(Counters)],
    bases=(Health,),
    module=__name__,
    namespace={"__doc__": "The whole picture, with the counters on top too."},
    frozen=True,
    kw_only=True,
)


class Connection(Struct, frozen=True, kw_only=True):
    """The connection, as users of HomeIQ read it."""

    is_running: bool
    connection_attempts: Count
    successful_connections: Count
    failed_connections: Count
    state: str
    last_error: str
    candidate: str


class Subscription(Struct, frozen=True, kw_only=True):
    """The subscription, as users of HomeIQ read it."""

    is_subscribed: bool
    active_subscriptions: Count
    total_events_received: Count
    session_events_received: Count
    historical_events_received: Count
    events_by_type: dict[str, int]
    last_event_time: Moment | None
    event_rate_per_minute: float


class Detailed(Struct, frozen=True, kw_only=True):
    """Connection and subscription in the shape that users of HomeIQ read."""

    status: Level
    reason: str
    service: str
    uptime: str
    timestamp: Moment
    connection: Connection
    subscription: Subscription
