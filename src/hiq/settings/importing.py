"""Makes a hiq.yaml of a Home Assistant configuration: its `influxdb:` block.

A block that stands in one piece is taken verbatim, with its comments. One that is
spread over packages and included files is put together as Home Assistant does
(homeassistant/config.py, merge_packages_config) and written anew. `!secret` and
`!env_var` stay; the values of secrets are handed over beside. Other keys are not
looked into.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import yaml

from hiq.errors import ConfigError, Problem
from hiq.settings.block import CONNECTION, read_block
from hiq.settings.document import Reader
from hiq.settings.environment import get
from hiq.settings.home_files import MAPPING, HomeFiles, file_of, items

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hiq.settings.document import Node

__all__ = ["Imported", "import_block"]

LATER = ("!secret ", "!env_var ")
WIDE = 10_000
HEADER = """\
# Settings of hiq. The block `influxdb:` is Home Assistant's own, from
{sources}
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
        block: Home Assistant's block alone, as it stands in `text`.
        secrets: names that `!secret` asks for, each once.
        values: what of them is known, as YAML.
        makes_sink: whether the result names a database.
        notes: what could not be carried over, or needs a look; a sentence each.
    """

    text: str
    block: str
    secrets: tuple[str, ...]
    makes_sink: bool
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """An `influxdb:` block and the package it stands in, "" for none."""

    package: str
    key: yaml.Node
    node: yaml.Node


def import_block(path: Path, env: Mapping[str, str]) -> Imported:
    """Return a hiq.yaml made of a configuration.yaml, or of its folder.

    ConfigError: it cannot be read, or there is no block, or a bad one.
    """
    if path.is_dir():
        path /= "configuration.yaml"
    files = HomeFiles(path)
    parts = _find(files)
    if not parts:
        raise ConfigError(
            Problem(
                str(path),
                0,
                "influxdb",
                "there is no `influxdb:` block here; if Home Assistant's connection "
                "was set up in its user interface, write `sinks:` by hand",
            )
        )
    notes: list[str] = []
    tree = _merged(files, parts, notes)
    node = parts[0].node
    if len(parts) == 1 and _in_one_piece(files, node) and _is_whole(files, node):
        source, first, block = _verbatim(files, parts[0])
        sources = [f"# {source}"]
    else:
        source, first, block = path, None, _rendered(tree)
        sources = [f"# {place}" for place in _places(files, parts, tree)]
        sources.append("# put together, without their comments.")
    body = "influxdb:\n" + textwrap.indent(block.rstrip() + "\n", "  ")
    checked = _check(body, source, first, env)
    notes += [*_remarks(checked), *_missing(body, env)]
    return Imported(
        HEADER.format(sources="\n".join(sources)) + body,
        body,
        tuple(files.secrets),
        bool(CONNECTION.keys() & _keys(checked)),
        {
            name: _rendered(value).rstrip("\n")
            for name, value in files.secrets.items()
            if isinstance(value, yaml.ScalarNode)
        },
        tuple(notes),
    )


# find and merge


def _find(files: HomeFiles) -> list[_Part]:
    """Return the block of the file, then those of its packages in their order."""

    def inside(node: yaml.Node | None) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        return {} if node is None else items(files.follow(node))

    top = inside(files.read(files.root))
    parts = [_Part("", *top["influxdb"])] if "influxdb" in top else []
    home = inside(top["homeassistant"][1]) if "homeassistant" in top else {}
    packages = inside(home["packages"][1]) if "packages" in home else {}
    for name, (_, package) in packages.items():
        within = inside(package)
        if "influxdb" in within:
            parts.append(_Part(name, *within["influxdb"]))
    return parts


def _merged(files: HomeFiles, parts: list[_Part], notes: list[str]) -> yaml.Node:
    """Return the whole block, merged as Home Assistant merges packages."""
    tree: yaml.Node | None = None
    for part in parts:
        node = files.whole(part.node)
        if _is_null(node):
            node = yaml.MappingNode(MAPPING, [], node.start_mark, node.end_mark)
        if tree is None or not isinstance(tree, yaml.MappingNode):
            tree = tree or node
        elif isinstance(node, yaml.MappingNode):
            taken = _merge(tree, node)
            if taken:
                notes.append(
                    f"package {part.package} sets influxdb.{taken}, which is set "
                    "already: it and what follows it there is left out, as Home "
                    "Assistant does"
                )
    assert tree is not None
    return tree


def _merge(into: yaml.MappingNode, other: yaml.MappingNode) -> str:
    """Merge a package into a block; returns a key that both set, "" for none."""
    taken = ""
    for key, value in other.value:
        name = str(key.value)
        index = next(
            (n for n, (own, _) in enumerate(into.value) if own.value == name), None
        )
        before = None if index is None else into.value[index][1]
        if before is not None and _is_null(before):
            before = None
        if before is None:
            new = value
        elif isinstance(value, yaml.MappingNode):
            inner = _merge(before, value) if items(before) else name
            taken = taken or (f"{name}.{inner}" if items(before) and inner else inner)
            continue
        elif isinstance(value, yaml.SequenceNode):
            many = isinstance(before, yaml.SequenceNode)
            both = [*(before.value if many else [before]), *value.value]
            new = yaml.SequenceNode(value.tag, both, value.start_mark, value.end_mark)
        else:
            return name
        if index is None:
            into.value.append((key, new))
        else:
            into.value[index] = key, new
    return taken


def _is_null(node: yaml.Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null"


# write


def _in_one_piece(files: HomeFiles, node: yaml.Node) -> bool:
    """Whether a block includes nothing, but may itself be a file of its own."""
    if node.tag == "!include":
        node = files.follow(node)
    if node.tag.startswith("!include"):
        return False
    if isinstance(node, yaml.MappingNode):
        return all(
            not value.tag.startswith("!include") and _in_one_piece(files, value)
            for _, value in node.value
        )
    if isinstance(node, yaml.SequenceNode):
        return all(
            not item.tag.startswith("!include") and _in_one_piece(files, item)
            for item in node.value
        )
    return True


def _is_whole(files: HomeFiles, node: yaml.Node) -> bool:
    """Whether all of a block stands where it is written: no alias leads elsewhere."""
    top = files.follow(node)
    if node.tag == "!include" and file_of(top) == file_of(node):
        return False  # nothing is in the file that it includes

    def inside(node: yaml.Node) -> bool:
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            children = [one for pair in node.value for one in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        early = node.start_mark.index < top.start_mark.index
        late = node.end_mark.index > top.end_mark.index
        return not early and not late and all(map(inside, children))

    return inside(top)


def _verbatim(files: HomeFiles, part: _Part) -> tuple[Path, int, str]:
    """Return a block as it is written: its file, the line before it, its text."""
    node = part.node
    if node.tag == "!include":
        path = file_of(files.follow(node))
        text = re.sub(r"^---\s*$", "", files.texts[path], flags=re.MULTILINE)
        return path, -1, text
    path = file_of(node)
    line, block = _slice(files.texts[path], part.key, node)
    return path, line - 2, block


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


def _rendered(node: yaml.Node) -> str:
    """Return a tree as YAML, tags without needless quotes."""
    text: str = yaml.serialize(node, allow_unicode=True, width=WIDE)
    text = re.sub(r"(!secret|!env_var) '([\w .:/-]+)'", r"\1 \2", text)
    return text.removesuffix("...\n")


def _places(files: HomeFiles, parts: list[_Part], tree: yaml.Node) -> list[str]:
    """Return where the parts are, and the files that they include."""
    found = dict.fromkeys(
        f"{file_of(part.key)}, line {part.key.start_mark.line + 1}" for part in parts
    )
    own = {file_of(part.key) for part in parts}
    within = {path: None for path in files.texts if path in _files_of(tree) - own}
    return [*found, *map(str, within)]


def _files_of(node: yaml.Node) -> set[Path]:
    """Return the files that values of a tree stand in."""
    children = [child for _, child in items(node).values()]
    if isinstance(node, yaml.SequenceNode):
        children = node.value
    return {file_of(node)}.union(*map(_files_of, children))


# check


def _check(
    body: str, source: Path, shift: int | None, env: Mapping[str, str]
) -> Node | None:
    """Raise ConfigError for a bad block; returns it.

    `shift` makes lines of the body lines of the source, None if it has none of them.
    """
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
                replace(p, line=0 if shift is None else p.line + shift)
                if p.where == str(source)
                else p
                for p in problems
            )
        )
    return node


def _missing(body: str, env: Mapping[str, str]) -> list[str]:
    """Return a note for what the environment of hiq will have to hold."""
    asked = re.findall(r"!env_var ['\"]?(\w+)['\"]?\s*(?:[,}\]]|$)", body, re.MULTILINE)
    return [
        f"the environment of hiq must hold {name}: !env_var asks for it"
        for name in dict.fromkeys(asked)
        if name not in env
    ]


def _keys(node: Node | None) -> dict[str, Node]:
    """Return the keys of the block."""
    return node.value if node is not None and isinstance(node.value, dict) else {}


def _remarks(node: Node | None) -> list[str]:
    """Return what of the block means less here, or something else."""
    keys = _keys(node)
    found = []
    if "max_retries" in keys:
        found.append(
            "influxdb.max_retries has no effect: hiq repeats until it is stored"
        )
    path = str(keys["ssl_ca_cert"].value) if "ssl_ca_cert" in keys else ""
    if path and not path.startswith(("/", "~")):
        found.append(
            f"influxdb.ssl_ca_cert: {path} is looked for beside hiq.yaml; write the "
            "whole path, or put the file there"
        )
    return found
