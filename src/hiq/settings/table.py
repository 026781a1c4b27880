"""The table of settings: key, kind and meaning of everything in hiq.yaml.

Loader, `hiq config show` and the reference page all read this one table; defaults
stand in `schema`. Home Assistant's `influxdb:` block has its own table in `block`.
"""

from __future__ import annotations

from dataclasses import dataclass

from hiq.settings.contracts import CONTRACTS, VALIDATION
from hiq.settings.guests import CLIENTS, SECURITY
from hiq.settings.monitor import MONITOR
from hiq.settings.rows import Row
from hiq.settings.snapshot import SNAPSHOT
from hiq.settings.values import (
    BOOLEAN,
    COMMA_TEXTS,
    DURATION,
    HOST,
    PATH,
    SECRET,
    SIZE,
    STORE_PATH,
    TEXT,
    Kind,
    choice,
    integer,
    number,
    size,
    texts,
    url,
)

__all__ = ["SECTIONS", "SINK", "SINK_TYPES", "TOP_LEVEL", "Row", "SinkType"]


@dataclass(frozen=True, slots=True)
class SinkType:
    """Which keys one type of sink needs, and which it may have besides."""

    needs: tuple[str, ...]
    takes: tuple[str, ...]
    help: str


HA_URL = url("http", "https", "ws", "wss")
SINK_URL = url("http", "https")
PORT = integer(0, 65535, "port")
LEAST_MEMORY = 96 * 1024 * 1024
"""Idle it uses half of that."""
LEAST_JOURNAL = 32 * 1024 * 1024
"""A cap below a few of the largest records would block for ever."""

MAX_EVENT_TYPE = 64
"""Characters; Home Assistant takes no longer one."""


def _event_type_problem(name: str) -> str | None:
    if name == "state_changed":
        return "changes of states are always taken; name other types of events"
    if name == "*":
        return "every type at once is not offered; name those that are wanted"
    if not name or len(name) > MAX_EVENT_TYPE or name.split() != [name]:
        return (
            f"expected a type of event, at most {MAX_EVENT_TYPE} characters, no blanks"
        )
    return None


EVENT_TYPES = texts(_event_type_problem)

_SERVER = {
    "url": Row(
        HA_URL,
        "Address of Home Assistant, with or without path; the Supervisor's where "
        "`SUPERVISOR_TOKEN` is set.",
    ),
    "token": Row(SECRET, "Long-lived access token, made in the user profile."),
    "token_file": Row(
        PATH, "File that holds the token; read again when it changes, and on SIGHUP."
    ),
    "verify_ssl": Row(BOOLEAN, "Whether the certificate must be valid."),
    "ca_cert": Row(PATH, "File with the certificates to trust (PEM)."),
    "max_message_bytes": Row(SIZE, "Largest message taken from Home Assistant."),
    "max_retry_delay": Row(DURATION, "Longest wait between two attempts to connect."),
}

SECTIONS: dict[str, dict[str, Row]] = {
    "home_assistant": {
        **_SERVER,
        "enabled": Row(
            BOOLEAN,
            "`false`: do not connect; the journal is still emptied into the sinks.",
        ),
        "fallback": Row(
            Kind("section", lambda node, _key, _problems: node),
            "A second way to the same Home Assistant (keys as above), tried when the "
            "first does not answer.",
        ),
    },
    "journal": {
        "path": Row(
            PATH, "Folder of the journal; default `journal` in the data folder."
        ),
        "commit": Row(
            DURATION,
            "How long a batch is gathered before it is written and synced to disk: "
            "longer spares an SD card, and is what a power cut can take (Home "
            "Assistant's recorder still has it).",
        ),
        "max_bytes": Row(size(LEAST_JOURNAL), "Largest size on disk, at least 32 MiB."),
        "when_full": Row(
            choice("block", "drop_oldest", "drop_new"),
            "What to do at that size: stop reading, or give up the oldest or the "
            "newest points (counted, and listed as a gap).",
        ),
        "keep": Row(DURATION, "How long points stay after every sink has them."),
        "min_free_bytes": Row(SIZE, "Space on the disk that is left to others."),
    },
    "http": {
        "enabled": Row(BOOLEAN, "Whether status page, health and metrics are served."),
        "host": Row(HOST, "Address to listen on."),
        "port": Row(PORT, "Port to listen on; 0 takes a free one."),
        "auth": Row(
            choice("auto", "jwt", "none", "ingress"),
            "`auto`: none on a loopback address, else `jwt`. `none` is refused off "
            "loopback.",
        ),
        "tls_cert": Row(PATH, "Certificate chain of the server (PEM)."),
        "tls_key": Row(PATH, "Its private key (PEM)."),
        "cors_origins": Row(COMMA_TEXTS, "Origins of pages that may use the server."),
        "trusted_proxies": Row(
            COMMA_TEXTS, "Addresses whose `X-Forwarded-For` is believed."
        ),
        "requests_per_minute": Row(
            integer(0, 1_000_000),
            "Most requests of one address to the closed routes; 0 for any number.",
        ),
    },
    "backfill": {
        "enabled": Row(BOOLEAN, "Whether holes are filled from the recorder."),
        "first_start": Row(
            DURATION, "How much of the past is fetched at the very first start."
        ),
        "window": Row(DURATION, "How much history is asked for at once."),
        "rate": Row(number(1), "Most points per second that backfill writes."),
        "gap_points": Row(
            BOOLEAN,
            "Whether each settled gap is also a point of the measurement `hiq_gaps`.",
        ),
    },
    "clients": CLIENTS,
    "contracts": CONTRACTS,
    "validation": VALIDATION,
    "security": SECURITY,
    "discovery": {
        "refresh": Row(
            DURATION,
            "How often all registries are read again; changes are followed at once.",
        ),
        "hold": Row(
            DURATION,
            "How long the first connection of all waits for the registries before it "
            "subscribes; later a cache on disk is used.",
        ),
        "store_history": Row(
            BOOLEAN,
            "Whether each change of the registries is also a point: `devices`, "
            "`entities`, `config_entries`.",
        ),
    },
    "snapshot": SNAPSHOT,
    "data_api": {
        "url": Row(
            SINK_URL,
            "Address of a data-api that gets devices, entities and services.",
        ),
        "api_key": Row(SECRET, "Its key, sent as bearer token."),
        "api_key_file": Row(PATH, "File that holds the key; read at each publication."),
        "ca_cert": Row(PATH, "File with the certificates to trust (PEM)."),
    },
    "memory": {
        "max_bytes": Row(
            size(LEAST_MEMORY),
            "Memory in RAM that hiq may use; a container's limit counts if it is "
            "lower. From four fifths on clients are given up first.",
        ),
        "outbox_bytes": Row(
            size(1024 * 1024), "Most bytes of events that wait for all clients."
        ),
    },
    "events": {
        "types": Row(
            EVENT_TYPES,
            "Types of events that become points beside the changes of states, such as "
            "`call_service` and `automation_triggered`; most need an administrator's "
            "token.",
        ),
        "max_data_bytes": Row(
            SIZE, "Larger data of an event is left out of its point."
        ),
    },
    "monitor": MONITOR,
    "log": {
        "level": Row(
            choice("debug", "info", "warning", "error"), "What is worth a line."
        ),
        "format": Row(
            choice("auto", "text", "json"),
            "`auto`: text on a terminal, one JSON object per line otherwise.",
        ),
    },
}

SINK: dict[str, Row] = {
    "name": Row(TEXT, "Name in logs, metrics and of its cursor; default: the type."),
    "type": Row(
        choice(
            "influxdb1", "influxdb2", "influxdb3", "victoriametrics", "sqlite", "stdout"
        ),
        "Which database it is.",
    ),
    "url": Row(SINK_URL, "Address of the database."),
    "database": Row(TEXT, "Database to write to."),
    "retention_policy": Row(
        TEXT, "Retention policy to write to, else the default one."
    ),
    "bucket": Row(TEXT, "Bucket to write to."),
    "org": Row(TEXT, "Organisation that owns the bucket."),
    "username": Row(TEXT, "User, where the database asks for one."),
    "password": Row(SECRET, "Password of that user."),
    "token": Row(SECRET, "Token, where the database asks for one."),
    "verify_ssl": Row(BOOLEAN, "Whether the certificate must be valid."),
    "ca_cert": Row(PATH, "File with the certificates to trust (PEM)."),
    "path": Row(
        STORE_PATH,
        "File of the embedded store, from the data folder on; default `<name>.db`.",
    ),
    "schema": Row(
        choice("ha", "homeiq", "tidy"),
        "How points are named: `ha` as Home Assistant does, `homeiq` as the HomeIQ "
        "service, `tidy` with series that stay.",
    ),
    "start": Row(
        choice("now", "oldest"),
        "Where a new sink begins: with new points, or with the oldest in the journal.",
    ),
    "required": Row(
        BOOLEAN, "Whether the journal keeps points until this sink has them."
    ),
    "in_flight": Row(integer(1, 16), "How many requests may be under way at once."),
    "linger": Row(
        DURATION,
        "Shortest time between two requests, unless one is full; `0s`: each commit is "
        "sent at once.",
    ),
    "drain_rate": Row(
        integer(0, 10_000_000),
        "Points a second of a backlog, so that it does not flood the database; 0: as "
        "fast as it takes them.",
    ),
    "timeout": Row(DURATION, "Longest wait for one answer."),
    "types": Row(
        choice("dead_letter", "coerce"),
        "What becomes of a field whose type the database does not take: its line goes "
        "to the dead letters, or the field gets another name (`value_str`).",
    ),
    "breaker_failures": Row(
        integer(1, 1000), "Failures in a row after which only probes are sent."
    ),
    "breaker_probe": Row(DURATION, "Time between two probes of a database that fails."),
    "retention": Row(DURATION, "How long the embedded store keeps points."),
    "max_bytes": Row(SIZE, "Largest size of the embedded store."),
}

_ALWAYS = (
    *("name", "type", "schema", "start", "required"),
    *(
        "in_flight",
        "linger",
        "drain_rate",
        "timeout",
        "breaker_failures",
        "breaker_probe",
    ),
)
_SERVER_KEYS = ("verify_ssl", "ca_cert")

SINK_TYPES: dict[str, SinkType] = {
    "influxdb1": SinkType(
        ("url", "database"),
        (*_ALWAYS, *_SERVER_KEYS, "types", "username", "password", "retention_policy"),
        "InfluxDB 1.x, `/write`.",
    ),
    "influxdb2": SinkType(
        ("url", "bucket", "org", "token"),
        (*_ALWAYS, *_SERVER_KEYS, "types"),
        "InfluxDB 2.x and Cloud, `/api/v2/write`.",
    ),
    "influxdb3": SinkType(
        ("url", "database"),
        (*_ALWAYS, *_SERVER_KEYS, "types", "token"),
        "InfluxDB 3, `/api/v3/write_lp`.",
    ),
    "victoriametrics": SinkType(
        ("url",),
        (*_ALWAYS, *_SERVER_KEYS, "database", "username", "password", "token"),
        "VictoriaMetrics, single node, or vmagent.",
    ),
    "sqlite": SinkType(
        (),
        (*_ALWAYS, "path", "retention", "max_bytes"),
        "The embedded store, needs no server.",
    ),
    "stdout": SinkType((), _ALWAYS, "Line protocol on standard output."),
}

TOP_LEVEL: dict[str, str] = {
    "home_assistant": "where Home Assistant is",
    "influxdb": "Home Assistant's own block, taken as it is",
    "sinks": "the databases",
    "filter": "which entities and attributes are written, and how often",
    "tidy": "what shapes the points of schema `tidy`",
    "journal": "the write-ahead journal",
    "http": "status page, health and metrics",
    "backfill": "filling of holes",
    "clients": "what clients of `/ws` are held to",
    "contracts": "chains of events that are watched",
    "validation": "how odd an event may be",
    "security": "tokens and their keys",
    "discovery": "the registries of the home",
    "snapshot": "last values as regular points",
    "data_api": "where the registries are published",
    "memory": "how much memory may be used",
    "events": "which events are points beside the changes of states",
    "monitor": "what is watched, and what is an alert",
    "log": "what is logged",
    "data_dir": "folder of everything hiq keeps",
}
