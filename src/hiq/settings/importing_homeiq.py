"""Makes a hiq.yaml of the environment file of a HomeIQ ingestion service.

The names are those that `hiq serve` takes from its environment too (`foreign`,
`foreign_filter`, `sinks`); here each becomes a line of a file that stands alone, with
the name it came from. Secrets become `!secret`, their values are handed over beside.
What has no counterpart, or means something else here, is said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from hiq.errors import ConfigError, Problem
from hiq.settings.document import Node, Reader
from hiq.settings.dotenv import parse_dotenv
from hiq.settings.environment import get, put
from hiq.settings.foreign import ALIASES, UNUSED, add_foreign
from hiq.settings.foreign_filter import DEFAULT_FILE, FILE, INLINE, add_filter
from hiq.settings.importing import Imported
from hiq.settings.load import problems_of
from hiq.settings.sinks import FAMILIES, PREFIXES, foreign_sinks
from hiq.settings.table import SECTIONS, SINK, TOP_LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["import_homeiq"]

OF = "environment variable "
SCHEMA = "homeiq"
OF_THE_BUILD = ("GIT_SHA", "BUILD_TIME")
KNOWN = frozenset(
    [
        *(name for alias in ALIASES for name in alias.names),
        *(name for _, keys, _ in FAMILIES for names in keys.values() for name in names),
        *UNUSED,
        *(INLINE, FILE, *OF_THE_BUILD),
    ]
)
DEFAULTS = {
    "WEBSOCKET_INGESTION_HOST": "HomeIQ listened on 0.0.0.0, hiq listens on 127.0.0.1; "
    "to serve others set http.host",
    "WEBSOCKET_INGESTION_PORT": "HomeIQ listened on port 8000 or 8001, hiq on 8001; to "
    "change it set http.port",
    "DATA_API_URL": "HomeIQ published to http://data-api:8006, hiq publishes only "
    "where data_api.url says",
}
"""What HomeIQ does where a name is not set, and hiq does not."""


def import_homeiq(path: Path, env: Mapping[str, str]) -> Imported:
    """Return a hiq.yaml made of a `.env`; ConfigError if it cannot be.

    Args:
        path: the file, or its folder; paths in it start from the folder.
        env: the environment, which `${NAME}` in the file may stand for.
    """
    if path.is_dir():
        path /= ".env"
    values = parse_dotenv(_text(path), env)
    if not KNOWN & values.keys():
        raise ConfigError(
            Problem(
                str(path), 0, "", "no name of a HomeIQ ingestion service is set here"
            )
        )
    notes: list[str] = []
    reader = Reader(env)
    tree = add_foreign(Node({}, str(path)), values, notes)
    tree = add_filter(tree, reader, _with_filter(path, values), notes)
    sinks = foreign_sinks(values, notes, named=False)
    made = sinks is not None
    tree = put(tree, ["sinks"], _with_schema(sinks, str(path)))
    # In the new file a value may be what only a file may say, as an unsafe one.
    problems = [*reader.problems, *problems_of(_of_file(tree, path))]
    if problems:
        raise ConfigError(*(replace(p, where=_where(p.where, path)) for p in problems))
    secrets: dict[str, str] = {}
    body = "\n".join(_sections(_anchored(tree, path.parent), values, secrets))
    carried = [note for note in notes if " sets " in note]
    return Imported(
        text=f"# Settings of hiq, made of HomeIQ's {path}\n{body}\n",
        block="",
        secrets=tuple(secrets),
        makes_sink=made,
        values=secrets,
        notes=(
            *(note for note in notes if note not in carried),
            *_differences(tree, values),
            *_unknown(values),
        ),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        what = f"cannot read {path}: {exc.strerror}"
    except UnicodeDecodeError:
        what = f"{path} is not UTF-8 text"
    raise ConfigError(Problem(str(path), 0, "", what))


def _anchored(tree: Node, folder: Path) -> Node:
    """Return the tree with paths that hold wherever the new file lies."""
    where = ["home_assistant", "token_file"]
    node = get(tree, *where)
    if node is None:
        return tree
    place = (folder / str(node.raw or node.value)).expanduser().absolute()
    return put(tree, where, replace(node, value=str(place), raw=str(place)))


def _of_file(node: Node, path: Path) -> Node:
    """Return the tree as if its values stood in the file."""
    value = node.value
    if isinstance(value, dict):
        value = {key: _of_file(item, path) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_of_file(item, path) for item in value]
    return replace(node, value=value, where=_where(node.where, path))


def _where(where: str, path: Path) -> str:
    """Return a place with the file instead of the environment."""
    return f"{path} ({where.removeprefix(OF)})" if where.startswith(OF) else where


def _with_filter(path: Path, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values with the file of the filter seen from the folder of `.env`."""
    found = dict(values)
    named = found.get(FILE, "").strip()
    default = path.parent / DEFAULT_FILE
    if named:
        found[FILE] = str(path.parent / named)
    elif default.is_file():
        found[FILE] = str(default)
    return found


def _with_schema(sinks: Node | None, where: str) -> Node:
    """Return the sinks with the schema of HomeIQ's points."""
    if sinks is None:
        sinks = Node([Node({"type": _plain("sqlite", where)}, where)], where)
    assert isinstance(sinks.value, list)
    schema = _plain(SCHEMA, "so that points stay as they were")
    return replace(sinks, value=[put(item, ["schema"], schema) for item in sinks.value])


def _plain(text: str, where: str) -> Node:
    return Node(text, where, 0, text)


# write


def _sections(
    tree: Node, values: Mapping[str, str], secrets: dict[str, str]
) -> Iterator[str]:
    """Yield the sections, in the order of the documentation."""
    for section in TOP_LEVEL:
        node = get(tree, section)
        if node is None:
            continue
        yield f"\n{section}:"
        if section == "filter":
            yield f"  # {node.where.removeprefix(OF)}"
            yield from _filter(node.plain())
        elif section == "sinks":
            assert isinstance(node.value, list)
            for item in node.value:
                lines = list(_lines(item, SINK, values, secrets))
                yield f"  - {lines[0]}"
                yield from (f"    {line}" for line in lines[1:])
        else:
            for line in _lines(node, SECTIONS[section], values, secrets):
                yield f"  {line}"


def _lines(
    node: Node,
    rows: Mapping[str, Any],
    values: Mapping[str, str],
    secrets: dict[str, str],
) -> Iterator[str]:
    """Yield the keys of a section, each with where it comes from."""
    assert isinstance(node.value, dict)
    for key, item in node.value.items():
        if isinstance(item.value, dict):
            yield f"{key}:"
            yield from (f"  {line}" for line in _lines(item, rows, values, secrets))
            continue
        name = item.where.removeprefix(OF)
        if rows[key].kind.secret:
            secret = name.lower()
            secrets[secret] = _yaml(item.value)
            text = f"!secret {secret}"
        else:
            text = _yaml(item.plain())
        # In a sink what HomeIQ takes by default has the name of another key.
        own = values.get(name, "").strip()
        told = own in (item.raw, item.raw.partition("://")[2]) or name not in values
        hidden = rows is SINK and (key in {"name", "type"} or not told)
        yield f"{key}: {text}" if hidden else f"{key}: {text}  # {name}"


def _filter(section: Mapping[str, Any]) -> Iterator[str]:
    """Yield the section `filter`, one rule a line."""
    for key, value in section.items():
        if not isinstance(value, list) or not value:
            yield f"  {key}: {_yaml(value)}"
            continue
        yield f"  {key}:"
        yield from (f"    - {_yaml(rule)}" for rule in value)


def _yaml(value: Any) -> str:
    """Return a value on one line of YAML."""
    text: str = yaml.safe_dump(
        value,
        default_flow_style=True,
        allow_unicode=True,
        width=10_000,
        sort_keys=False,
    )
    return text.removesuffix("\n").removesuffix("\n...")


# what is not carried over


def _differences(tree: Node, values: Mapping[str, str]) -> Iterator[str]:
    """Yield what HomeIQ does otherwise by itself, or where it was wrong."""
    for name, what in DEFAULTS.items():
        if not values.get(name, "").strip():
            yield f"{name} is not set: {what}"
    host = get(tree, "http", "host")
    if host is not None and host.value not in {"127.0.0.1", "localhost", "::1"}:
        yield (
            f"http.host is {host.value}: HomeIQ asked nobody for a token, hiq does; "
            "`hiq token create` makes one"
        )
    for section in ("home_assistant", "home_assistant.fallback"):
        verify = get(tree, *section.split("."), "verify_ssl")
        if verify is not None and verify.value is False:
            yield (
                f"{section}.verify_ssl is false: HomeIQ verified the certificate "
                "where the events come from all the same, hiq will not"
            )
    node = get(tree, "filter")
    lists = {} if node is None else node.plain()
    rules = [
        (f"filter.{name}[{number}]", rule)
        for name in ("patterns", "exceptions")
        for number, rule in enumerate(lists.get(name) or ())
    ]
    for name, rule in rules:
        if len(rule) > 1:
            keys = " and ".join(rule)
            yield (
                f"{name} asks for {keys}: one of them was enough there, here all "
                "must hold"
            )
        elif name.startswith("filter.exceptions") and "entity_id" not in rule:
            yield f"{name} has no entity_id: it was passed over there, here it holds"
        elif "device_class" in rule:
            yield f"{name} asks for device_class: it never matched there, here it does"


def _unknown(values: Mapping[str, str]) -> Iterator[str]:
    """Yield the names that are not the ingestion service's, in one note."""
    yield from (
        f"{name} stays a variable of the environment"
        for name in OF_THE_BUILD
        if values.get(name)
    )
    others = [
        name
        for name in sorted(values)
        if name not in KNOWN and not name.startswith(("WEATHER_", *PREFIXES))
    ]
    if others:
        yield f"not of the ingestion service, left out: {', '.join(others)}"
