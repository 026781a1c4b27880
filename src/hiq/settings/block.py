"""Home Assistant's `influxdb:` block: checked as Home Assistant checks it.

Every key is taken as it stands in configuration.yaml. Keys of the connection make a
sink named `influxdb`, the others shape the points. Rules and defaults are those of
Home Assistant's influxdb integration (homeassistant/components/influxdb).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from hiq.settings.document import Node
from hiq.settings.rows import Row
from hiq.settings.schema import SinkSettings
from hiq.settings.values import (
    BOOLEAN,
    HOST,
    PATH,
    SECRET,
    Kind,
    Problems,
    choice,
    fields,
    got,
    integer,
    say,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BLOCK", "CONNECTION", "glob_problem", "read_block", "sink_of"]

V2_HOST = "us-west-2-1.aws.cloud2.influxdata.com"
_ENTITY = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")


def glob_problem(pattern: str) -> str | None:
    """Return why a pattern can match no entity, None if it can.

    `fnmatch` takes an unclosed bracket as a character, which no entity id has: the
    filter would be off without a word.
    """
    wanted = "bad glob: expected a pattern such as sensor.*_power"
    if not pattern.strip():
        return f"{wanted}, not an empty text"
    if re.search(r"\s", pattern):
        return f"{wanted}, without spaces"
    if not re.search(r"[.*?[]", pattern):
        return f"{wanted}; without a dot or a * it can match no entity"
    rest = pattern
    while "[" in rest:
        rest = rest[rest.index("[") + 1 :]
        body = rest.removeprefix("!")
        end = body.find("]", 1)
        if end < 0:
            return f"{wanted}; a [ is not closed by a ]"
        for low, high in re.findall(r"(.)-(.)", body[:end]):
            if low > high:
                return f"{wanted}; the range {low}-{high} runs backwards"
        rest = body[end + 1 :]
    return None


def entity_problem(entity_id: str) -> str | None:
    """Return what is wrong with an entity id, None if nothing is."""
    if _ENTITY.fullmatch(entity_id.strip().lower()):
        return None
    return "expected an entity id such as sensor.kitchen"


def domain_problem(domain: str) -> str | None:
    """Return what is wrong with a domain, None if nothing is."""
    if re.fullmatch(r"[a-z0-9_]+", domain):
        return None
    return "expected a domain such as sensor"


def _name_problem(name: str) -> str | None:
    """Return what is wrong with the name of an attribute."""
    return None if name else "expected the name of an attribute"


def _ha_text(node: Node, key: str, problems: Problems) -> Any:
    """Read a text as Home Assistant's `cv.string` does: also numbers and booleans."""
    if node.value is None or isinstance(node.value, list | dict):
        return say(problems, node, key, f"expected a text, got {got(node)}")
    return str(node.value)


HA_TEXT = Kind("text", _ha_text)
ATTRIBUTES = texts(_name_problem, HA_TEXT)


def _entities(node: Node, key: str, problems: Problems) -> Any:
    if isinstance(node.value, str) and "," in node.value:
        parts = [Node(part, node.where, node.line) for part in node.value.split(",")]
        node = Node(list(parts), node.where, node.line)
    found = texts(entity_problem, HA_TEXT).read(node, key, problems)
    return [entity_id.strip().lower() for entity_id in found]


def _section(kinds: dict[str, Kind]) -> Kind:
    """Return the kind of a mapping with these keys."""

    def read(node: Node, key: str, problems: Problems) -> Any:
        if node.value is None:
            return say(problems, node, key, "expected `key: value` lines, got nothing")
        return fields(node, key, kinds, problems, null_is_unset=False)

    return Kind("section", read)


def _mapping(
    check: Callable[[str], str | None], kind: Kind, fold: Callable[[str], str] = str
) -> Kind:
    """Return the kind of a mapping whose keys are free within a rule."""

    def read(node: Node, key: str, problems: Problems) -> Any:
        if not isinstance(node.value, dict):
            return say(
                problems, node, key, f"expected `name: value` lines, got {got(node)}"
            )
        found = {}
        for item_key, item in node.value.items():
            wrong = check(item_key)
            if wrong:
                say(problems, item, key, f"{wrong}, got {item_key!r}")
            elif not item.bad:
                value = kind.read(item, f"{key}.{item_key}", problems)
                if value is not UNSET:
                    found[fold(item_key)] = value
        return found

    return Kind("mapping", read)


FILTER = _section(
    {
        "domains": texts(domain_problem, HA_TEXT),
        "entity_globs": texts(glob_problem, HA_TEXT),
        "entities": Kind("list of entity ids", _entities),
    }
)
OVERRIDE = _section({"override_measurement": HA_TEXT, "ignore_attributes": ATTRIBUTES})

CONNECTION: dict[str, Row] = {
    "api_version": Row(choice("1", "2"), "`1` or `2`; default `1`."),
    "host": Row(HOST, f"Default `localhost`; version 2: `{V2_HOST}`."),
    "port": Row(integer(1, 65535, "port"), "Default 8086; version 2: none."),
    "path": Row(HA_TEXT, "Path on the server; default none."),
    "ssl": Row(BOOLEAN, "Default `false`; version 2: `true`."),
    "verify_ssl": Row(BOOLEAN, "Default `true`."),
    "ssl_ca_cert": Row(PATH, "File with the certificates to trust (PEM)."),
    "username": Row(HA_TEXT, "Version 1; both or neither of the two."),
    "password": Row(SECRET, "Version 1; both or neither of the two."),
    "database": Row(HA_TEXT, "Version 1; default `home_assistant`."),
    "token": Row(SECRET, "Version 2, needed there."),
    "organization": Row(HA_TEXT, "Version 2, needed there."),
    "bucket": Row(HA_TEXT, "Version 2; default `Home Assistant`."),
}

SHAPE: dict[str, Row] = {
    "max_retries": Row(
        integer(0, 2**31), "Taken and not used: hiq repeats until it is stored."
    ),
    "precision": Row(
        choice("ms", "s", "us", "ns"), "Time stamps are rounded down to it; default ns."
    ),
    "default_measurement": Row(HA_TEXT, "Measurement of entities without a unit."),
    "measurement_attr": Row(
        choice("unit_of_measurement", "domain__device_class", "entity_id"),
        "What names the measurement; default `unit_of_measurement`.",
    ),
    "override_measurement": Row(HA_TEXT, "One measurement for everything."),
    "tags": Row(_mapping(_name_problem, HA_TEXT), "Tags that every point gets."),
    "tags_attributes": Row(ATTRIBUTES, "Attributes that become tags."),
    "ignore_attributes": Row(ATTRIBUTES, "Attributes that are not written."),
    "component_config": Row(
        _mapping(entity_problem, OVERRIDE, str.lower),
        "Entity id: `override_measurement`, `ignore_attributes`.",
    ),
    "component_config_glob": Row(
        _mapping(glob_problem, OVERRIDE), "The same by pattern."
    ),
    "component_config_domain": Row(
        _mapping(domain_problem, OVERRIDE), "The same by domain."
    ),
    "include": Row(FILTER, "Only `domains`, `entity_globs`, `entities`."),
    "exclude": Row(FILTER, "All but `domains`, `entity_globs`, `entities`."),
    "restore_python_text": Row(
        BOOLEAN, "Write well-known attributes as Home Assistant does; default `true`."
    ),
    "skip_null_attributes": Row(
        BOOLEAN, "Leave out attributes that are null; default `false`."
    ),
}

BLOCK: dict[str, Row] = {**CONNECTION, **SHAPE}


def read_block(node: Node, problems: Problems) -> dict[str, Any]:
    """Return the checked block: lists are lists, entity ids in lower case."""
    kinds = {name: row.kind for name, row in BLOCK.items()}
    block = fields(node, "influxdb", kinds, problems, null_is_unset=False)
    if isinstance(node.value, dict):
        _check_versions(node, node.value, block, problems)
    return block


def _check_versions(
    node: Node, written: dict[str, Node], block: dict[str, Any], problems: Problems
) -> None:
    """Say which keys of the two versions do not go together."""

    def wrong(key: str, message: str) -> None:
        say(problems, written.get(key, node), f"influxdb.{key}", message)

    of_1 = [key for key in ("username", "password") if key in written]
    of_2 = [key for key in ("token", "organization") if key in written]
    if of_1 and of_2:
        wrong(
            of_2[0],
            f"{' and '.join(of_1)} belong to api_version 1, {' and '.join(of_2)} to "
            "api_version 2; keep one of the two",
        )
        return
    if len(of_1) == 1:
        other = {"username": "password", "password": "username"}[of_1[0]]
        wrong(of_1[0], f"{other} is missing; write both or neither")
    if block.get("api_version") == "2":
        if of_1:
            wrong(of_1[0], "only for api_version 1; version 2 needs a token")
        elif "token" not in written:
            wrong("token", "missing; api_version 2 needs token and organization")
        elif "organization" not in written:
            wrong("organization", "missing; api_version 2 needs token and organization")
    elif of_2 and "api_version" not in written:
        wrong(of_2[0], "only for api_version 2; add the line `api_version: 2`")
    elif of_2 and "api_version" in block:
        wrong(of_2[0], "only for api_version 2, but api_version is 1")


def sink_of(block: dict[str, Any]) -> SinkSettings | None:
    """Return the sink that a block stands for; None if it has no connection key."""
    if not CONNECTION.keys() & block.keys():
        return None
    second = block.get("api_version") == "2"
    scheme = "https" if block.get("ssl", second) else "http"
    host = block.get("host", V2_HOST if second else "localhost")
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    port = block.get("port", None if second else 8086)
    path = block.get("path", "").strip("/")
    address = f"{scheme}://{host}" + (f":{port}" if port else "")
    common: dict[str, Any] = {
        "name": "influxdb",
        "url": f"{address}/{path}" if path else address,
        "verify_ssl": block.get("verify_ssl", True),
        "ca_cert": block.get("ssl_ca_cert"),
    }
    if second:
        return SinkSettings(
            type="influxdb2",
            bucket=block.get("bucket", "Home Assistant"),
            org=block.get("organization"),
            token=block.get("token"),
            **common,
        )
    return SinkSettings(
        type="influxdb1",
        database=block.get("database", "home_assistant"),
        username=block.get("username"),
        password=block.get("password"),
        **common,
    )
