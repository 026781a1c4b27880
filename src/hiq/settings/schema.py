"""The settings as frozen structs: names, types and defaults, nothing else.

Durations are seconds, sizes are bytes; the loader turns `250ms` and `64MiB` into
them. Contract: section 2 of the public contracts (docs/reference/settings.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, field

__all__ = [
    "BackfillSettings",
    "ClientsSettings",
    "ContractsSettings",
    "DataApiSettings",
    "DiscoverySettings",
    "HomeAssistantSettings",
    "HttpSettings",
    "JournalSettings",
    "LogSettings",
    "MonitorSettings",
    "SecuritySettings",
    "Settings",
    "SinkSettings",
    "SinkType",
    "SnapshotSettings",
    "ValidationSettings",
]

SinkType = Literal[
    "influxdb1", "influxdb2", "influxdb3", "victoriametrics", "sqlite", "stdout"
]

MIB = 1024 * 1024


class HomeAssistantSettings(Struct, frozen=True, kw_only=True):
    """Where Home Assistant is and how to log in."""

    url: str = "http://homeassistant.local:8123"
    token: str | None = None
    token_file: str | None = None
    verify_ssl: bool = True
    ca_cert: str | None = None
    max_message_bytes: int = 64 * MIB
    max_retry_delay: float = 60.0
    enabled: bool = True
    fallback: HomeAssistantSettings | None = None

    def __repr__(self) -> str:
        return f"HomeAssistantSettings(url={self.url!r}, token=***)"


class SinkSettings(Struct, frozen=True, kw_only=True):
    """One database that gets every point, at its own pace."""

    name: str
    type: SinkType
    url: str | None = None
    database: str | None = None
    retention_policy: str | None = None
    bucket: str | None = None
    org: str | None = None
    username: str | None = None
    password: str | None = None
    token: str | None = None
    verify_ssl: bool = True
    ca_cert: str | None = None
    path: str | None = None
    schema: str = "ha"
    start: Literal["now", "oldest"] = "oldest"
    required: bool = True
    in_flight: int = 1
    linger: float = 1.0
    drain_rate: int = 50_000
    timeout: float = 30.0
    types: Literal["dead_letter", "coerce"] = "dead_letter"
    breaker_failures: int = 3
    breaker_probe: float = 10.0
    retention: float | None = None
    max_bytes: int | None = None

    def __repr__(self) -> str:
        return (
            f"SinkSettings(name={self.name!r}, type={self.type!r}, url={self.url!r}, "
            "credentials=***)"
        )


class JournalSettings(Struct, frozen=True, kw_only=True):
    """The write-ahead journal."""

    path: str | None = None
    commit: float = 0.25
    max_bytes: int = 2048 * MIB
    when_full: Literal["block", "drop_oldest", "drop_new"] = "block"
    keep: float = 0.0
    min_free_bytes: int = 256 * MIB


class HttpSettings(Struct, frozen=True, kw_only=True):
    """The HTTP server of the running service."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = 8001
    auth: Literal["auto", "jwt", "none", "ingress"] = "auto"
    tls_cert: str | None = None
    tls_key: str | None = None
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    requests_per_minute: int = 600


class BackfillSettings(Struct, frozen=True, kw_only=True):
    """How holes are filled from Home Assistant's recorder."""

    enabled: bool = True
    first_start: float = 0.0
    window: float = 3600.0
    rate: float = 2000.0
    gap_points: bool = False


class ClientsSettings(Struct, frozen=True, kw_only=True):
    """What clients of /ws are held to."""

    enabled: bool = True
    connections_per_user: int = 5
    connections_per_address: int = 10
    sessions_per_user: int = 10
    subscriptions: int = 20
    messages_per_minute: int = 60
    acks_per_minute: int = 600
    message_bytes: int = 65_536
    hard_bytes: int = 262_144
    outbox_events: int = 1000
    outbox_age: float = 300.0
    overflow: Literal["drop_oldest", "reject", "close"] = "drop_oldest"
    session_age: float = 300.0
    durable: bool = True
    ack_timeout: float = 30.0
    send_timeout: float = 5.0
    heartbeat_interval: float = 25.0
    heartbeat_timeout: float = 75.0
    heartbeat_missed: int = 2


class ContractsSettings(Struct, frozen=True, kw_only=True):
    """Chains of events that are watched; `chains` are checked declarations."""

    chains: tuple[dict[str, Any], ...] = ()
    points: bool = True
    tell: Literal["nobody", "event", "notification"] = "nobody"
    most_open: int = 10_000


class ValidationSettings(Struct, frozen=True, kw_only=True):
    """How odd an event may be."""

    level: Literal["strict", "moderate", "permissive"] = "moderate"


class SecuritySettings(Struct, frozen=True, kw_only=True):
    """Tokens and their keys."""

    mode: Literal["production", "development"] = "production"
    algorithms: tuple[str, ...] = ("HS256",)
    secret_file: str | None = None
    public_key_file: str | None = None
    jwks_file: str | None = None
    jwks_url: str | None = None
    jwks_ca_cert: str | None = None
    jwks_refresh: float = 600.0
    audience: str | None = None
    issuer: str | None = None
    leeway: float = 0.0
    auth_failures: int = 10
    auth_wait: float = 5.0
    ingress_address: str = "172.30.32.2"


class DiscoverySettings(Struct, frozen=True, kw_only=True):
    """How the registries of the home are kept up to date."""

    refresh: float = 1800.0
    hold: float = 15.0
    store_history: bool = False


class EventsSettings(Struct, frozen=True, kw_only=True):
    """Which events are points beside the changes of states."""

    types: tuple[str, ...] = ()
    max_data_bytes: int = 16 * 1024


class SnapshotSettings(Struct, frozen=True, kw_only=True):
    """How often the last values are points, and of which entities; 0: never."""

    every: float = 0.0
    mode: Literal["exclude", "include"] = "exclude"
    patterns: tuple[dict[str, Any], ...] = ()
    exceptions: tuple[dict[str, Any], ...] = ()


class DataApiSettings(Struct, frozen=True, kw_only=True):
    """Where devices, entities and services are published; nowhere without `url`."""

    url: str | None = None
    api_key: str | None = None
    api_key_file: str | None = None
    ca_cert: str | None = None

    def __repr__(self) -> str:
        return f"DataApiSettings(url={self.url!r}, api_key=***)"


class MemorySettings(Struct, frozen=True, kw_only=True):
    """How much memory may be used, and clients may hold of it."""

    max_bytes: int = 1024**3
    outbox_bytes: int = 64 * 1024**2


class MonitorSettings(Struct, frozen=True, kw_only=True):
    """What is watched, and what is an alert."""

    enabled: bool = True
    interval: float = 10.0
    ha_silent: float = 60.0
    entity_silent: float = 600.0
    learn: float = 86_400.0
    entities: int = 2000
    expect: dict[str, float] = field(default_factory=dict)
    read_back: float = 300.0
    compare: float = 300.0
    latency_warning: float = 1.0
    latency_critical: float = 5.0
    history: int = 200


class LogSettings(Struct, frozen=True, kw_only=True):
    """What is logged, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "text", "json"] = "auto"


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that can be set, resolved: no path, name or secret is left open.

    `influxdb` is the block of Home Assistant's configuration as written (None if
    there is none), `filter` and `tidy` are the sections of those names; `sinks`
    already holds the sink that the block stands for, or the embedded store if nothing
    is configured.
    """

    home_assistant: HomeAssistantSettings = field(default_factory=HomeAssistantSettings)
    influxdb: dict[str, Any] | None = None
    filter: dict[str, Any] | None = None
    tidy: dict[str, Any] | None = None
    sinks: tuple[SinkSettings, ...] = ()
    journal: JournalSettings = field(default_factory=JournalSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    backfill: BackfillSettings = field(default_factory=BackfillSettings)
    clients: ClientsSettings = field(default_factory=ClientsSettings)
    contracts: ContractsSettings = field(default_factory=ContractsSettings)
    validation: ValidationSettings = field(default_factory=ValidationSettings)
    security: SecuritySettings = field(default_factory=SecuritySettings)
    discovery: DiscoverySettings = field(default_factory=DiscoverySettings)
    snapshot: SnapshotSettings = field(default_factory=SnapshotSettings)
    data_api: DataApiSettings = field(default_factory=DataApiSettings)
    memory: MemorySettings = field(default_factory=MemorySettings)
    events: EventsSettings = field(default_factory=EventsSettings)
    monitor: MonitorSettings = field(default_factory=MonitorSettings)
    log: LogSettings = field(default_factory=LogSettings)
    data_dir: Path = Path()
    source: str | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"Settings(source={self.source!r}, data_dir={str(self.data_dir)!r}, "
            f"home_assistant={self.home_assistant!r}, sinks={self.sinks!r})"
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in the settings, for masking."""
        homes = (self.home_assistant, self.home_assistant.fallback)
        found = [home.token for home in homes if home is not None]
        for sink in self.sinks:
            found += [sink.token, sink.password]
        found.append(self.data_api.api_key)
        block = self.influxdb or {}
        found += [block.get("token"), block.get("password")]
        return tuple(dict.fromkeys(text for text in found if text))

    @property
    def journal_path(self) -> Path:
        """Folder of the journal."""
        if self.journal.path is not None:
            return Path(self.journal.path)
        return self.data_dir / "journal"

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas that the sinks ask for, each once, in order."""
        return tuple(dict.fromkeys(sink.schema for sink in self.sinks)) or ("ha",)

    @property
    def point_options(self) -> dict[str, Any]:
        """What decides which points are made of an event, in whatever schema."""
        return {
            **(self.influxdb or {}),
            **({} if self.filter is None else {"filter": self.filter}),
            **({} if self.tidy is None else {"tidy": self.tidy}),
        }

    @property
    def pipeline_options(self) -> dict[str, Any]:
        """What `hiq.Pipeline` takes."""
        return {**self.point_options, "schema": list(self.schemas)}
