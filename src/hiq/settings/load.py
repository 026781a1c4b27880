"""Settings from all layers: command line > HIQ_* > file > foreign names > default.

The layers are laid over each other as one tree whose values know where they come
from; then the tree is checked as a whole, so that all problems come at once.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hiq.errors import ConfigError, Problem
from hiq.settings.block import read_block, sink_of
from hiq.settings.contracts import section_of
from hiq.settings.document import Node, Reader
from hiq.settings.environment import add_environment, add_overrides, get
from hiq.settings.filtering import read_filter
from hiq.settings.foreign import add_foreign
from hiq.settings.foreign_filter import add_filter
from hiq.settings.hosts import is_loopback
from hiq.settings.nearest import did_you_mean
from hiq.settings.places import data_folder, find_config
from hiq.settings.schema import (
    BackfillSettings,
    ClientsSettings,
    ContractsSettings,
    DataApiSettings,
    DiscoverySettings,
    EventsSettings,
    HomeAssistantSettings,
    HttpSettings,
    JournalSettings,
    LogSettings,
    MemorySettings,
    MonitorSettings,
    SecuritySettings,
    Settings,
    SinkSettings,
    SnapshotSettings,
    ValidationSettings,
)
from hiq.settings.security import check_security
from hiq.settings.sinks import foreign_sinks, read_sinks
from hiq.settings.table import SECTIONS, TOP_LEVEL
from hiq.settings.tidy import read_tidy
from hiq.settings.token import token_problem
from hiq.settings.values import PATH, Problems, fields, say

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["load", "problems_of"]

# Keys of a configuration.yaml that no hiq.yaml can have.
OF_HOME_ASSISTANT = frozenset(
    [
        "homeassistant",
        "default_config",
        "automation",
        "script",
        "scene",
        "group",
        "frontend",
        "recorder",
        "logger",
        "history",
        "sensor",
        "binary_sensor",
        "template",
        "mqtt",
        "input_boolean",
        "input_number",
        "zone",
        "lovelace",
        "tts",
    ]
)


def load(
    config: str | Path | None = None,
    *,
    env: Mapping[str, str] = os.environ,
    overrides: Mapping[str, str] = {},
) -> Settings:
    """Return the settings, resolved; ConfigError with every problem at once.

    Args:
        config: the file; None looks for one in the usual places.
        env: environment variables.
        overrides: dotted key -> text, from the command line.
    """
    notes: list[str] = []
    reader = Reader(env)
    path = find_config(config, env)
    tree = _read_file(reader, path)
    tree = add_environment(tree, env, notes)
    tree = add_overrides(tree, overrides)
    tree = add_foreign(tree, env, notes)
    tree = add_filter(tree, reader, env, notes)
    problems = reader.problems
    if _is_home_assistants(tree):
        raise ConfigError(
            Problem(
                tree.where,
                0,
                "",
                "this is Home Assistant's own configuration; "
                f"`hiq config import {tree.where}` makes a hiq.yaml of it",
            )
        )
    settings = _build(tree, env, notes, problems)
    if problems:
        unique = dict.fromkeys(problems)
        raise ConfigError(*sorted(unique, key=lambda p: (p.where, p.line)))
    return msgspec.structs.replace(
        settings, source=None if path is None else str(path), notes=tuple(notes)
    )


def problems_of(tree: Node) -> Problems:
    """Return what is wrong with a tree that no file holds yet."""
    problems: Problems = []
    _build(tree, {}, [], problems)
    return problems


def _read_file(reader: Reader, path: Path | None) -> Node:
    """Return the tree of the file, without keys if there is none or it is bad."""
    if path is None:
        return Node({}, "settings")
    tree = reader.file(path)
    if tree is None or tree.value is None:
        return Node({}, str(path))
    if not isinstance(tree.value, dict):
        say(
            reader.problems,
            tree,
            "",
            "expected sections such as `home_assistant:`, this is not a hiq.yaml",
        )
        return Node({}, str(path))
    return tree


def _is_home_assistants(tree: Node) -> bool:
    """Return whether the file is a whole configuration.yaml."""
    return isinstance(tree.value, dict) and bool(OF_HOME_ASSISTANT & tree.value.keys())


def _build(
    tree: Node, env: Mapping[str, str], notes: list[str], problems: Problems
) -> Settings:
    """Return the settings of a tree; meaningless if problems were found."""
    assert isinstance(tree.value, dict)
    for name, node in tree.value.items():
        if name not in TOP_LEVEL:
            hint = (
                did_you_mean(name, TOP_LEVEL) or f"; known are {', '.join(TOP_LEVEL)}"
            )
            say(problems, node, name, f"unknown key{hint}")
    home = _home_assistant(tree, problems)
    http = HttpSettings(**_section(tree, "http", problems))
    _check_http(tree, http, problems)
    security = SecuritySettings(**_section(tree, "security", problems))
    check_security(tree, http, security, problems)
    block_node = tree.value.get("influxdb")
    block = None if block_node is None else read_block(block_node, problems)
    filter_node, tidy_node = tree.value.get("filter"), tree.value.get("tidy")
    data_node = get(tree, "data_dir")
    data_dir = PATH.read(data_node, "data_dir", problems) if data_node else None
    return Settings(
        home_assistant=home,
        influxdb=block,
        filter=None if filter_node is None else read_filter(filter_node, problems),
        tidy=None if tidy_node is None else read_tidy(tidy_node, problems),
        sinks=_sinks(tree, block, env, notes, problems),
        journal=JournalSettings(**_section(tree, "journal", problems)),
        http=http,
        backfill=BackfillSettings(**_section(tree, "backfill", problems)),
        discovery=DiscoverySettings(**_section(tree, "discovery", problems)),
        snapshot=SnapshotSettings(**_section(tree, "snapshot", problems)),
        data_api=DataApiSettings(**_section(tree, "data_api", problems)),
        events=EventsSettings(**_section(tree, "events", problems)),
        clients=ClientsSettings(**_section(tree, "clients", problems)),
        contracts=ContractsSettings(**_section(tree, "contracts", problems)),
        validation=ValidationSettings(**_section(tree, "validation", problems)),
        security=security,
        memory=MemorySettings(**_section(tree, "memory", problems)),
        monitor=MonitorSettings(**_section(tree, "monitor", problems)),
        log=LogSettings(**_section(tree, "log", problems)),
        data_dir=Path(data_dir) if isinstance(data_dir, str) else data_folder(env),
    )


def _section(tree: Node, name: str, problems: Problems) -> dict[str, Any]:
    """Return the values of one section that are set."""
    node = get(tree, name)
    if node is None:
        return {}
    kinds = {key: row.kind for key, row in SECTIONS[name].items()}
    if name == "contracts":
        node = section_of(node)
    return fields(node, name, kinds, problems)


def _home_assistant(tree: Node, problems: Problems) -> HomeAssistantSettings:
    """Return where Home Assistant is, with its fallback."""
    found = _section(tree, "home_assistant", problems)
    node = get(tree, "home_assistant")
    if node is not None:
        _check_token(node, "home_assistant", found, problems)
    fallback = found.pop("fallback", None)
    if fallback is not None:
        key = "home_assistant.fallback"
        rows = SECTIONS["home_assistant"]
        kinds = {
            name: row.kind
            for name, row in rows.items()
            if name not in {"fallback", "enabled"}
        }
        values = fields(fallback, key, kinds, problems)
        _check_token(fallback, key, values, problems)
        if isinstance(fallback.value, dict) and get(fallback, "url") is None:
            say(
                problems, fallback, f"{key}.url", "missing; a fallback needs an address"
            )
        found["fallback"] = HomeAssistantSettings(**values)
    return HomeAssistantSettings(**found)


def _check_token(
    node: Node, key: str, found: Mapping[str, Any], problems: Problems
) -> None:
    """Say what is wrong with a token, and that one source is enough."""
    token = get(node, "token")
    if token is not None and get(node, "token_file") is not None:
        say(problems, token, f"{key}.token", "set token or token_file, not both")
    elif token is not None and "token" in found:
        wrong = token_problem(found["token"])
        if wrong:
            say(problems, token, f"{key}.token", wrong)


def _check_http(tree: Node, http: HttpSettings, problems: Problems) -> None:
    """Say what does not go together in the section http."""
    if http.auth == "none" and not is_loopback(http.host):
        node = get(tree, "http", "auth")
        assert node is not None
        say(
            problems,
            node,
            "http.auth",
            f"none is refused while http.host is {http.host}: everyone on the network "
            "could read and control; use jwt, or the host 127.0.0.1",
        )
    if (http.tls_cert is None) is not (http.tls_key is None):
        name = "tls_cert" if http.tls_key is None else "tls_key"
        node = get(tree, "http", name)
        if node is not None and not node.bad:
            say(problems, node, f"http.{name}", "set tls_cert and tls_key, or neither")


def _sinks(
    tree: Node,
    block: dict[str, Any] | None,
    env: Mapping[str, str],
    notes: list[str],
    problems: Problems,
) -> tuple[SinkSettings, ...]:
    """Return the sinks, of the block and of the list, or the embedded store."""
    of_block = None if block is None else sink_of(block)
    node = get(tree, "sinks")
    foreign = foreign_sinks(env, notes, named=node is not None or of_block is not None)
    if node is None:
        node = foreign
    taken = () if of_block is None else (of_block.name,)
    sinks = tuple(read_sinks(node, problems, taken))
    if of_block is not None:
        return (of_block, *sinks)
    if block:
        notes.append(
            "influxdb: has no key of a connection, so it only shapes the points"
        )
    if not sinks:
        notes.append("no database is set: points go to the embedded store")
        return (SinkSettings(name="sqlite", type="sqlite"),)
    return sinks
