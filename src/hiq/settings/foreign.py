"""Names of environment variables that users of other programs already have.

They fill what neither `HIQ_...` nor the file sets, and each one that is used, or
that has no counterpart here, is noted once by name. Sources: HomeIQ's ingestion
service, Home Assistant's command line, the Supervisor, Docker, systemd.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hiq.settings.document import Node, scalar
from hiq.settings.environment import get, put
from hiq.settings.values import url_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ALIASES", "UNUSED", "Alias", "add_foreign", "address"]

SECRETS = frozenset({"token", "api_key"})
"""Taken as they are: what looks like YAML in them is none."""
SUPERVISOR_URL = "http://supervisor/core"


def address(text: str) -> str:
    """Return the address of a Home Assistant as http or https, without API path.

    A missing scheme is http, or https for a host of Nabu Casa.
    """
    text = text.strip()
    if "://" not in text:
        secure = text.split("/")[0].split(":")[0].endswith(".nabu.casa")
        text = f"{'https' if secure else 'http'}://{text}"
    for old, new in (("ws://", "http://"), ("wss://", "https://")):
        if text.startswith(old):
            text = new + text.removeprefix(old)
    return text.rstrip("/").removesuffix("/api/websocket").rstrip("/")


def _level(text: str) -> str:
    level = text.strip().lower()
    near = {"warn": "warning", "critical": "error", "fatal": "error", "trace": "debug"}
    return near.get(level, level)


def _when_full(text: str) -> str:
    lowered = text.strip().lower()
    return "block" if lowered == "journal" else lowered


def _seconds(text: str) -> str:
    """Return a number of seconds as a duration."""
    text = text.strip()
    return f"{text}s" if text.replace(".", "", 1).isdigit() else text


def _mebibytes(text: str) -> str:
    """Return a number of MiB as a size."""
    text = text.strip()
    return f"{text}MiB" if text.isdigit() else text


@dataclass(frozen=True, slots=True)
class Alias:
    """One setting and the foreign names that set it, the first that is set wins."""

    key: str
    names: tuple[str, ...]
    convert: Callable[[str], str] = str.strip


ALIASES: tuple[Alias, ...] = (
    Alias(
        "home_assistant.url",
        ("HA_WS_URL", "HA_URL", "HA_HTTP_URL", "HOME_ASSISTANT_URL", "HASS_SERVER"),
        address,
    ),
    Alias("home_assistant.token", ("HA_TOKEN", "HOME_ASSISTANT_TOKEN", "HASS_TOKEN")),
    Alias("home_assistant.token_file", ("HA_TOKEN_FILE",)),
    Alias("home_assistant.verify_ssl", ("SSL_VERIFY",)),
    Alias("home_assistant.enabled", ("ENABLE_HOME_ASSISTANT",)),
    Alias("home_assistant.max_retry_delay", ("WEBSOCKET_MAX_RETRY_DELAY",)),
    Alias("home_assistant.fallback.url", ("NABU_CASA_URL",), address),
    Alias("home_assistant.fallback.token", ("NABU_CASA_TOKEN",)),
    Alias("home_assistant.fallback.verify_ssl", ("NABU_CASA_SSL_VERIFY",)),
    Alias("http.host", ("WEBSOCKET_INGESTION_HOST",)),
    Alias("http.port", ("WEBSOCKET_INGESTION_PORT",)),
    Alias("http.cors_origins", ("CORS_ORIGINS",)),
    Alias("clients.messages_per_minute", ("WEBSOCKET_RATE_LIMIT_MESSAGES",)),
    Alias("journal.when_full", ("INFLUXDB_OVERFLOW_STRATEGY",), _when_full),
    Alias("discovery.refresh", ("DISCOVERY_REFRESH_INTERVAL",), _seconds),
    Alias("discovery.store_history", ("STORE_DEVICE_HISTORY_IN_INFLUXDB",)),
    Alias("data_api.url", ("DATA_API_URL",)),
    Alias("data_api.api_key", ("DATA_API_API_KEY", "DATA_API_KEY", "API_KEY")),
    Alias("memory.max_bytes", ("MAX_MEMORY_MB",), _mebibytes),
    Alias("log.level", ("LOG_LEVEL",), _level),
    Alias("log.format", ("LOG_FORMAT",)),
)

_NOTHING = "hiq has no such setting"
UNUSED: dict[str, str] = {
    "INFLUXDB_MAX_PENDING_POINTS": "points wait in the journal, see journal.max_bytes",
    "MAX_WORKERS": "there is no pool of workers",
    "WEBSOCKET_RATE_LIMIT_WINDOW": "clients.messages_per_minute counts in a minute",
    "WEBSOCKET_MAX_RETRIES": "hiq tries to connect for ever",
    "BATCH_SIZE": "journal.commit decides how long a batch is gathered",
    "BATCH_TIMEOUT": "journal.commit decides how long a batch is gathered",
    "PROCESSING_RATE_LIMIT": "no event is dropped for its rate",
    "LOG_OUTPUT": "the log goes to standard error",
    "LOG_FILE_PATH": "the log goes to standard error",
    "LOG_MAX_SIZE": "the log goes to standard error",
    "LOG_BACKUP_COUNT": "the log goes to standard error",
    **dict.fromkeys(
        (
            "CIRCUIT_BREAKER_THRESHOLD",
            "DATABASE_SCHEMA",
            "DATABASE_URL",
            "DEPLOYMENT_MODE",
            "DOCKER_CONTAINER",
            "HA_CONNECTION_TIMEOUT",
            "HA_RECONNECT_DELAY",
            "HA_SSL_VERIFY",
            "HOMEIQ_SHARED_PATH",
            "INFLUXDB_BATCH_SIZE",
            "INFLUXDB_FLUSH_INTERVAL",
            "INFLUXDB_PASSWORD",
            "INFLUXDB_TIMEOUT",
            "INFLUXDB_USERNAME",
            "LOCAL_HA_TOKEN",
            "LOCAL_HA_URL",
            "OTLP_ENDPOINT",
            "POSTGRES_URL",
            "SERVICE_NAME",
            "SERVICE_PORT",
        ),
        _NOTHING,
    ),
}


def add_foreign(tree: Node, env: Mapping[str, str], notes: list[str]) -> Node:
    """Return the tree with foreign names in its gaps."""
    for alias in ALIASES:
        tree = _add(tree, alias, env, notes)
    tree = _add_credential(tree, env, notes)
    tree = _add_supervisor(tree, env, notes)
    for name, why in UNUSED.items():
        if env.get(name):
            notes.append(f"{name} is not used: {why}")
    notes.extend(
        f"{name} is not used: {_NOTHING}"
        for name in sorted(env)
        if name.startswith("WEATHER_")
    )
    return tree


def _add(tree: Node, alias: Alias, env: Mapping[str, str], notes: list[str]) -> Node:
    """Fill one setting; note which name was used and which was passed over."""
    given = [(name, env[name]) for name in alias.names if env.get(name, "").strip()]
    if not given:
        return tree
    path = alias.key.split(".")
    needs_address = path[-2] == "fallback" and path[-1] != "url"
    taken = get(tree, *path) or (
        path[-1].startswith("token") and _has_token(tree, path[:-1])
    )
    if taken or (needs_address and get(tree, *path[:-1], "url") is None):
        names = " and ".join(name for name, _ in given)
        why = "is set already" if taken else "has no address"
        what = alias.key if taken else ".".join(path[:-1])
        notes.append(f"{names} not used: {what} {why}")
        return tree
    first, text = given[0]
    value = alias.convert(text)
    notes.append(f"{first} sets {alias.key}")
    notes.extend(
        f"{name} is passed over: {first} has another value and comes first"
        for name, other in given[1:]
        if alias.convert(other) != value
    )
    where = f"environment variable {first}"
    if path[-1] in SECRETS:
        return put(tree, path, Node(value, where, 0, value))
    return put(tree, path, scalar(value, where))


def _has_token(tree: Node, path: list[str]) -> bool:
    """Return whether a token is set, or a file for it."""
    return any(get(tree, *path, key) for key in ("token", "token_file"))


def _add_credential(tree: Node, env: Mapping[str, str], notes: list[str]) -> Node:
    """Take the token from systemd's credentials (LoadCredential=ha_token:...)."""
    folder = env.get("CREDENTIALS_DIRECTORY")
    if not folder or _has_token(tree, ["home_assistant"]):
        return tree
    path = Path(folder) / "ha_token"
    if not path.is_file():
        return tree
    notes.append("the credential ha_token sets home_assistant.token_file")
    node = Node(str(path), "environment variable CREDENTIALS_DIRECTORY", 0, str(path))
    return put(tree, ["home_assistant", "token_file"], node)


def _add_supervisor(tree: Node, env: Mapping[str, str], notes: list[str]) -> Node:
    """Take address and token of the Supervisor, if nothing else names them.

    Its token is sent to the Supervisor only.
    """
    token = env.get("SUPERVISOR_TOKEN", "").strip()
    if not token or _has_token(tree, ["home_assistant"]):
        return tree
    url = get(tree, "home_assistant", "url")
    where = "environment variable SUPERVISOR_TOKEN"
    if url is None:
        node = Node(SUPERVISOR_URL, where, 0, SUPERVISOR_URL)
        tree = put(tree, ["home_assistant", "url"], node)
        notes.append("SUPERVISOR_TOKEN sets home_assistant.url and .token")
    elif (
        url_problem(str(url.value), ("http", "https", "ws", "wss")) is None
        and urlsplit(str(url.value)).hostname == "supervisor"
    ):
        notes.append("SUPERVISOR_TOKEN sets home_assistant.token")
    else:
        notes.append("SUPERVISOR_TOKEN is not used: home_assistant.url is another host")
        return tree
    return put(tree, ["home_assistant", "token"], Node(token, where, 0, token))
