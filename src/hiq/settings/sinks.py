"""The list of sinks: checked per type, completed from environment names of others.

A sink that Home Assistant's block stands for comes from `block`; if nothing names a
database there is one embedded store.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hiq.settings.document import Node, scalar
from hiq.settings.nearest import listed
from hiq.settings.schema import SinkSettings
from hiq.settings.table import SINK, SINK_TYPES
from hiq.settings.values import Problems, fields, got, say

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAMILIES", "foreign_sinks", "read_sinks"]

PREFIXES = ("INFLUXDB_V2_", "INFLUXDB3_", "INFLUX_")
HOMEIQ = frozenset({"INFLUXDB_ORG", "INFLUXDB_BUCKET"})
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

# Families of names, the more specific first: type, then key -> names. A family is
# used when one of its first two keys (address, token) is set.
FAMILIES: tuple[tuple[str, dict[str, tuple[str, ...]], dict[str, str]], ...] = (
    (
        "influxdb2",
        {
            "url": ("INFLUXDB_V2_URL",),
            "token": ("INFLUXDB_V2_TOKEN",),
            "org": ("INFLUXDB_V2_ORG",),
            "bucket": ("INFLUXDB_V2_BUCKET", "INFLUXDB_BUCKET"),
            "verify_ssl": ("INFLUXDB_V2_VERIFY_SSL",),
            "ca_cert": ("INFLUXDB_V2_SSL_CA_CERT",),
        },
        {"url": "http://localhost:8086"},
    ),
    (
        "influxdb3",
        {
            "url": ("INFLUXDB3_HOST_URL",),
            "token": ("INFLUXDB3_AUTH_TOKEN",),
            "database": ("INFLUXDB3_DATABASE_NAME",),
        },
        {"url": "http://localhost:8181"},
    ),
    (
        "influxdb2",
        {
            "url": ("INFLUXDB_URL",),
            "token": ("INFLUXDB_TOKEN",),
            "org": ("INFLUXDB_ORG",),
            "bucket": ("INFLUXDB_BUCKET",),
        },
        {
            "url": "http://influxdb:8086",
            "org": "homeiq",
            "bucket": "home_assistant_events",
        },
    ),
    (
        "influxdb3",
        {
            "url": ("INFLUX_HOST",),
            "token": ("INFLUX_TOKEN",),
            "database": ("INFLUX_DATABASE",),
        },
        {},
    ),
    (
        "influxdb2",
        {
            "url": ("INFLUX_HOST",),
            "token": ("INFLUX_TOKEN",),
            "org": ("INFLUX_ORG",),
            "bucket": ("INFLUX_BUCKET_NAME",),
        },
        {},
    ),
)


def foreign_sinks(
    env: Mapping[str, str], notes: list[str], *, named: bool
) -> Node | None:
    """Return a list of one sink made of other programs' names, None if there are none.

    `named`: the settings name a database already, so the names are only noted.
    """
    chosen: Node | None = None
    used: set[str] = set()
    for kind, keys, defaults in FAMILIES:
        found = {
            key: name
            for key, names in keys.items()
            for name in reversed(names)
            if env.get(name, "").strip()
        }
        anchors = [found[key] for key in ("url", "token") if key in found]
        # INFLUX_HOST belongs to two families; database or bucket tells which.
        if not anchors or (not defaults and not {"database", "bucket"} & found.keys()):
            continue
        fresh = [name for name in dict.fromkeys(found.values()) if name not in used]
        used.update(fresh)
        if named:
            notes += [f"{n} is not used: the settings name a database" for n in fresh]
        elif chosen is not None:
            notes += [f"{n} is passed over: {chosen.where} comes first" for n in fresh]
        else:
            notes += [f"{name} sets a sink influxdb ({kind})" for name in fresh]
            chosen = _sink_node(kind, found, defaults, env)
    notes += [
        f"{name} is not used: what goes with it is missing or has no counterpart"
        for name in sorted(env)
        if name not in used
        and env[name].strip()
        and (name.startswith(PREFIXES) or name in HOMEIQ)
    ]
    return chosen


def _sink_node(
    kind: str, found: dict[str, str], defaults: dict[str, str], env: Mapping[str, str]
) -> Node:
    """Return the list of one sink, each value with the name it came from."""
    where = f"environment variable {found.get('url') or found['token']}"
    content = {
        key: Node(text, where, 0, text)
        for key, text in {"name": "influxdb", "type": kind, **defaults}.items()
    }
    for key, name in found.items():
        text = env[name].strip()
        if key == "url" and "://" not in text:
            text = f"http://{text}"
        origin = f"environment variable {name}"
        secret = key == "token"  # taken as it is, whatever it looks like
        content[key] = Node(text, origin, 0, text) if secret else scalar(text, origin)
    return Node([Node(content, where)], where)


def read_sinks(
    node: Node | None, problems: Problems, taken: tuple[str, ...] = ()
) -> list[SinkSettings]:
    """Return the checked sinks; `taken` are names that are in use already."""
    if node is None or node.bad:
        return []
    if not isinstance(node.value, list):
        say(problems, node, "sinks", f"expected a list of sinks, got {got(node)}")
        return []
    sinks: list[SinkSettings] = []
    names = list(taken)
    for index, item in enumerate(node.value):
        sink = _read_sink(item, f"sinks[{index}]", problems)
        if sink is None:
            continue
        if sink.name in names:
            say(
                problems,
                item,
                f"sinks[{index}].name",
                f"{sink.name!r} is the name of two sinks; give each its own `name:`",
            )
            continue
        names.append(sink.name)
        sinks.append(sink)
    return sinks


def _read_sink(node: Node, key: str, problems: Problems) -> SinkSettings | None:
    """Return one sink, None if it cannot be used."""
    before = len(problems)
    kinds = {name: row.kind for name, row in SINK.items()}
    found: dict[str, Any] = fields(node, key, kinds, problems)
    written = node.value if isinstance(node.value, dict) else {}
    if "type" not in found:
        if "type" not in written and len(problems) == before:
            say(
                problems,
                node,
                f"{key}.type",
                f"missing; it is {listed(SINK_TYPES)}",
            )
        return None
    kind = SINK_TYPES[found["type"]]
    allowed = {*kind.needs, *kind.takes}
    for name, item in written.items():
        if name in SINK and name not in allowed:
            say(
                problems,
                item,
                f"{key}.{name}",
                f"not for a sink of type {found['type']}; it takes "
                f"{', '.join(sorted(allowed))}",
            )
    for name in kind.needs:
        given = written.get(name)
        if given is None or (given.value is None and not given.bad):
            say(
                problems,
                node,
                f"{key}.{name}",
                f"missing; a sink of type {found['type']} needs it",
            )
    found.setdefault("name", found["type"])
    if not NAME.fullmatch(found["name"]):
        say(
            problems,
            written["name"],
            f"{key}.name",
            "expected up to 64 of the characters A-Z a-z 0-9 _ . -, beginning with a "
            "letter or digit: it becomes part of file names",
        )
    return None if len(problems) > before else SinkSettings(**found)
