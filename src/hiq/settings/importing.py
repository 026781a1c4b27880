"""Takes the `influxdb:` block out of a Home Assistant configuration.yaml, verbatim.

Comments, order, `!secret` and `!env_var` stay as they are; a block kept in a file of
its own (`!include`) or in a package is found too. Other keys are not looked into, so
their tags and includes cannot disturb.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import yaml

from hiq.errors import ConfigError, Problem
from hiq.settings.block import CONNECTION, read_block
from hiq.settings.document import Reader
from hiq.settings.environment import get

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Imported", "import_block"]

LATER = ("!secret ", "!env_var ")
HEADER = """\
# Settings of hiq. The block `influxdb:` is Home Assistant's own, from
# {source}
home_assistant:
  url: http://homeassistant.local:8123
  # A long-lived access token, made in your user profile; or set HA_TOKEN.
  # token: !secret hiq_token

"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was found.

    Attributes:
        text: a complete hiq.yaml.
        block: the block alone, as it stands in `text`.
        secrets: names that `!secret` asks for, each once.
        makes_sink: whether the block has a connection and so is a sink.
    """

    text: str
    block: str
    secrets: tuple[str, ...]
    makes_sink: bool


def import_block(path: Path, env: Mapping[str, str]) -> Imported:
    """Return a hiq.yaml made of a configuration.yaml; ConfigError if it cannot be."""
    text = _read(path, path)
    found = _find(_compose(text, path))
    if found is None:
        raise ConfigError(
            Problem(
                str(path),
                0,
                "influxdb",
                "there is no `influxdb:` block here; if Home Assistant's connection "
                "was set up in its user interface, write `sinks:` by hand",
            )
        )
    key, node = found
    source, (line, block) = path, _slice(text, key, node)
    if node.tag == "!include":
        source, line = path.parent / str(node.value).strip(), 1
        block = re.sub(r"^---\s*$", "", _read(source, path), flags=re.MULTILINE)
    body = "influxdb:\n" + textwrap.indent(block.rstrip() + "\n", "  ")
    return Imported(
        HEADER.format(source=source) + body,
        body,
        tuple(dict.fromkeys(re.findall(r"!secret\s+([^\s,}\]]+)", block))),
        _check(body, source, line - 2, env),
    )


def _check(body: str, source: Path, shift: int, env: Mapping[str, str]) -> bool:
    """Raise ConfigError for a bad block; returns whether it makes a sink."""
    reader = Reader(env)
    tree = reader.text(body, str(source), source.parent)
    # The file may have been copied away from its secrets: they are needed later only.
    problems = [p for p in reader.problems if not p.message.startswith(LATER)]
    node = None if tree is None else get(tree, "influxdb")
    if node is not None:
        read_block(node, problems)
    if problems:
        raise ConfigError(
            *(
                replace(p, line=p.line + shift) if p.where == str(source) else p
                for p in problems
            )
        )
    keys = node.value if node is not None and isinstance(node.value, dict) else {}
    return bool(CONNECTION.keys() & keys)


def _read(path: Path, where: Path) -> str:
    """Return the text of a file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        what = f"cannot read {path}: {exc.strerror}"
    except UnicodeDecodeError:
        what = f"{path} is not UTF-8 text"
    raise ConfigError(Problem(str(where), 0, "", what))


def _compose(text: str, path: Path) -> yaml.Node | None:
    """Return the nodes of the file; tags are not followed."""
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 0
        what = exc.problem
    except (yaml.YAMLError, RecursionError) as exc:
        line, what = 0, str(exc)
    raise ConfigError(Problem(str(path), line, "", f"this is not YAML: {what}"))


def _items(node: yaml.Node | None) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Return the keys of a mapping with the nodes of key and value, {} for others."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): (key, value) for key, value in node.value}


def _find(root: yaml.Node | None) -> tuple[yaml.Node, yaml.Node] | None:
    """Return key and value of the block: of the file, or of one of its packages."""
    top = _items(root)
    if "influxdb" in top:
        return top["influxdb"]
    home = _items(top["homeassistant"][1]) if "homeassistant" in top else {}
    packages = _items(home["packages"][1]) if "packages" in home else {}
    for _, package in packages.values():
        inner = _items(package)
        if "influxdb" in inner:
            return inner["influxdb"]
    return None


def _slice(text: str, key: yaml.Node, node: yaml.Node) -> tuple[int, str]:
    """Return the block as written, at the left margin, and its first line."""
    start, end = node.start_mark, node.end_mark
    remarks = text.split("\n")[key.end_mark.line + 1 : start.line]
    lines = (" " * start.column + text[start.index : end.index]).rstrip().split("\n")
    # The end of a block is where the next key begins; remarks before that are its own.
    while len(lines) > 1 and re.fullmatch(r"\s*(#.*)?", lines[-1]):
        indent = len(lines[-1]) - len(lines[-1].lstrip())
        if lines[-1].strip() and indent >= start.column > 0:
            break
        lines.pop()
    margin = re.compile(rf" {{0,{start.column}}}")
    block = "\n".join(margin.sub("", line, count=1) for line in [*remarks, *lines])
    return start.line + 1 - len(remarks), block
