"""The counters of the running service, and an immutable picture of them.

Plain integers that one thread changes: no lock, no label, no Prometheus type. They
add up (public contracts, section 5):

    received = accepted + buffered + filtered + skipped + duplicate + rejected
    carried + accepted + own = written + dead_lettered + dropped + pending    (per sink)

With several schemas the second holds for the points of the sink's own stream. `own`
are points that hiq made without an event.

`accepted` means fsynced in the journal; `buffered` is encoded and waits for that.
`carried` is what a sink still had to get from earlier runs when this one started.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from hiq.gaps import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "MOST_KINDS",
    "OTHER",
    "WRITE_BOUNDS_S",
    "BackfillStats",
    "Concern",
    "DiscoveryStats",
    "HaStats",
    "JournalStats",
    "RegularStats",
    "SinkStats",
    "Stats",
]

MOST_KINDS = 20
"""Types of events that are counted apart; what comes beyond is counted together."""
OTHER = "other"
KIND = re.compile(r"[A-Za-z0-9_.:-]{1,48}")
WRITE_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of `SinkStats.write_buckets` in seconds; the 12th has none."""


@dataclass(slots=True)
class HaStats:
    """The connection to Home Assistant.

    `state` is a name of the connection's state machine (DISCONNECTED .. FAILED);
    times are Unix seconds, None before the first.
    """

    state: str = "DISCONNECTED"
    subscribed: bool = False
    url: str = ""
    version: str = ""
    attempts: int = 0
    connects: int = 0
    failures: int = 0
    reconnects: Counter[str] = field(default_factory=Counter)
    last_error: str = ""
    auth_failed: bool = False
    connected_at: float | None = None
    disconnected_at: float | None = None
    last_event_at: float | None = None
    ping_s: float | None = None
    frames: int = 0
    bytes: int = 0
    paused: bool = False
    pauses: int = 0


@dataclass(slots=True)
class JournalStats:
    """The journal: is it writable, and how much does it hold."""

    writable: bool = False
    last_error: str = ""
    bytes: int = 0
    max_bytes: int = 0
    segments: int = 0
    records: int = 0
    commits: int = 0
    fsyncs: int = 0
    written_bytes: int = 0
    torn_tails: int = 0
    corrupt_records: int = 0
    lost_points: int = 0


@dataclass(slots=True)
class BackfillStats:
    """The filling of holes from Home Assistant's recorder.

    `state` is off, idle, waiting (for the recorder, or a connection) or running;
    `left_s` is how many seconds of history are still to be read. `points` are those
    that were restored, `known` the rows that the live path had delivered already.
    """

    state: str = "off"
    holes: int = 0
    left_s: float = 0.0
    requests: int = 0
    bytes: int = 0
    rows: int = 0
    points: int = 0
    known: int = 0
    last_error: str = ""
    complete_at: float | None = None


@dataclass(slots=True)
class DiscoveryStats:
    """The registries of the home.

    `read_at`: when they were read whole, Unix seconds, also if a cache told it;
    `sizes`: rows by registry; `failures`: by registry, and by what was published;
    `published`: answers of the data-api by list and result; `publishing`: lists that
    are still to be uploaded.
    """

    read_at: float | None = None
    sizes: Counter[str] = field(default_factory=Counter)
    refreshes: int = 0
    load_s: float = 0.0
    changes: int = 0
    updates: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    renames: int = 0
    late: int = 0
    published: Counter[tuple[str, str]] = field(default_factory=Counter)
    publishing: int = 0
    last_error: str = ""


@dataclass(slots=True)
class MemoryStats:
    """The look at memory.

    `limit_bytes` is 0 where nobody looks; `level` is 0 calm, 1 short, 2 critical;
    `parts` and `part_limits` are bytes by part; `shed` is what was given up, by step.
    """

    limit_bytes: int = 0
    level: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    part_limits: dict[str, int] = field(default_factory=dict)
    shed: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class RegularStats:
    """Snapshots of last values.

    `missed`: those that were left out; `entities`: of the last one; `left_out`: states
    for which there was no memory.
    """

    rounds: int = 0
    missed: int = 0
    entities: int = 0
    left_out: int = 0
    last_at: float | None = None


@dataclass(slots=True)
class SinkStats:
    """One sink. `state` is ok, retrying, held (needs the user) or idle.

    `breaker` is closed, open or half-open (see `hiq.breaker`), `opened` counts.
    """

    name: str
    type: str
    stream: str = "ha"
    required: bool = True
    state: str = "idle"
    breaker: str = "closed"
    opened: int = 0
    carried: int = 0
    written: int = 0
    dead_lettered: int = 0
    dropped: int = 0
    coerced: int = 0
    pending: int = 0
    pending_bytes: int = 0
    backlog: int = 0
    oldest_pending_at: float | None = None
    requests: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    resent: int = 0
    write_seconds: float = 0.0
    write_buckets: list[int] = field(default_factory=lambda: [0] * 12)
    last_write_at: float | None = None
    last_error: str = ""
    advice: str = ""

    def observe_write(self, seconds: float) -> None:
        """Count how long one write took, in its bucket (each value in one only)."""
        self.write_seconds += seconds
        self.write_buckets[bisect_left(WRITE_BOUNDS_S, seconds)] += 1


@dataclass(frozen=True, slots=True)
class Concern:
    """What a part says of itself; `healthy` with a reason is news, not a complaint."""

    level: Literal["healthy", "degraded", "unhealthy"]
    reason: str


@dataclass(slots=True)
class Stats:
    """All counters of one run.

    `reasons`: why events and messages were refused, by code.
    `concerns`: parts that have something to say in /health, by name; each takes its
    own away again. `sections`: documents of parts for /health, by name. `streams`:
    points journaled in each stream, if there are several. `extra`: accepted points
    that are no state changes, by kind; `extra_dropped`: those for which there was no
    room, which nothing else counts. `changes`: state changes as they happened, without
    states at connect and what was restored; `other_events`: events of other types.
    `on_change` is called at the next of them, once. `contracts`: counts of each
    contract by name. `own`: points by stream that hiq made itself, which are no events:
    the history of the registries, last values.
    """

    started_at: float = 0.0
    received: int = 0
    accepted: int = 0
    buffered: int = 0
    buffered_bytes: int = 0
    filtered: int = 0
    skipped: int = 0
    duplicate: int = 0
    rejected: int = 0
    bad_frames: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    snapshot_states: int = 0
    changes: int = 0
    other_events: Counter[str] = field(default_factory=Counter)
    on_change: Callable[[], object] | None = None
    errors: Counter[str] = field(default_factory=Counter)
    ha: HaStats = field(default_factory=HaStats)
    journal: JournalStats = field(default_factory=JournalStats)
    backfill: BackfillStats = field(default_factory=BackfillStats)
    discovery: DiscoveryStats = field(default_factory=DiscoveryStats)
    regular: RegularStats = field(default_factory=RegularStats)
    memory: MemoryStats = field(default_factory=MemoryStats)
    sinks: dict[str, SinkStats] = field(default_factory=dict)
    gaps: Ledger = field(default_factory=Ledger, compare=False)
    concerns: dict[str, Concern] = field(default_factory=dict)
    streams: Counter[str] = field(default_factory=Counter)
    extra: Counter[str] = field(default_factory=Counter)
    extra_dropped: Counter[str] = field(default_factory=Counter)
    own: Counter[str] = field(default_factory=Counter)
    sections: dict[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)
    contracts: Callable[[], dict[str, Any]] | None = None
    marked: Counter[str] = field(default_factory=Counter)
    on_refused: Callable[[], object] | None = None

    def accepted_in(self, stream: str) -> int:
        """Return the points that were journaled in one stream, hiq's own included.

        Each schema has its own; an event need not make a point in all of them.
        """
        return self.streams.get(stream, self.accepted) + self.own[stream]

    def events_by_type(self) -> dict[str, int]:
        """Return the events that came, by type."""
        return {**self.other_events, "state_changed": self.changes}

    def count_other(self, kind: str) -> None:
        """Count an event of another type; there may be so many types, no more."""
        known = self.other_events
        if kind not in known and (
            len(known) >= MOST_KINDS - 2 or not KIND.fullmatch(kind)
        ):
            kind = OTHER
        known[kind] += 1
        self.stirred()

    def stirred(self) -> None:
        """Tell who waits for the next change."""
        if self.on_change is not None:
            tell, self.on_change = self.on_change, None
            tell()

    def sink_imbalance(self, sink: SinkStats) -> int:
        """Return what one sink should have got minus what became of it; 0 is right.

        With several schemas it is the points of the sink's own stream that count.
        """
        return (
            sink.carried
            + self.accepted_in(sink.stream)
            - (sink.written + sink.dead_lettered + sink.dropped + sink.pending)
        )

    def imbalance(self) -> int:
        """Return received minus the sum of its terms; 0 when the counters add up."""
        return self.received - (
            self.accepted
            + self.buffered
            + self.filtered
            + self.skipped
            + self.duplicate
            + self.rejected
        )
