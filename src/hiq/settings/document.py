"""YAML as a tree of values that know their file and line.

Understands what Home Assistant's users write: `!secret`, `!env_var`, `!include`,
several keys of one name are refused. Never stops at the first fault: each becomes a
`Problem`. It does not know any setting.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from hiq.errors import Problem
from hiq.settings.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Content", "Node", "Reader", "scalar"]

Content: TypeAlias = "str | int | float | bool | list[Node] | dict[str, Node] | None"

DEEPEST_INCLUDE = 10
MOST_NODES = 100_000


@dataclass(frozen=True, slots=True)
class Node:
    """One value and where it stands.

    Attributes:
        value: scalar, list of nodes, or mapping of text to node.
        where: file, `environment` or `command line`.
        line: line of its key or item, from 1; 0 if there are no lines.
        raw: a scalar as written, "" for the others.
        folder: folder that relative paths in this value start from.
        bad: it could not be read, and that has been said already.
    """

    value: Content = field(repr=False)
    where: str
    line: int = 0
    raw: str = field(default="", repr=False)
    folder: Path = Path()
    bad: bool = False

    def plain(self) -> Any:
        """Return the value as ordinary Python objects."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def scalar(text: str, where: str) -> Node:
    """Return a text from the environment or the command line, read as YAML.

    What is no YAML, or would be anything odd (a date), is the text itself. Relative
    paths in it start from the working directory.
    """
    reader = Reader({})
    node = reader.text(text, where, Path())
    comment = node is not None and node.value is None and text.lstrip().startswith("#")
    if node is None or reader.problems or comment or isinstance(node.value, str):
        return Node(text, where, 0, text)
    return replace(_without_lines(node), raw=text)


def _without_lines(node: Node) -> Node:
    """Return the tree without line numbers."""
    value = node.value
    if isinstance(value, dict):
        value = {key: _without_lines(item) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_without_lines(item) for item in value]
    return replace(node, value=value, line=0)


class Reader:
    """Reads files into nodes and collects what is wrong with them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._env = env
        self._secrets: dict[Path, dict[str, Node]] = {}
        self._count = 0
        self._root = Path()

    def file(self, path: Path) -> Node | None:
        """Return the tree of a file; None if it cannot be read or is no YAML."""
        self._root = path.parent
        return self._file(path, str(path), 0, 0)

    def text(self, text: str, where: str, folder: Path, depth: int = 0) -> Node | None:
        """Return the tree of a text; None if it is no YAML."""
        loader = None
        try:
            loader = yaml.SafeLoader(text)
            root = loader.get_single_node()
            if root is None:
                return Node(None, where, 0, "", folder)
            return _Converter(self, loader, where, folder, depth).convert(root)
        except yaml.MarkedYAMLError as exc:
            line = exc.problem_mark.line + 1 if exc.problem_mark else 0
            what = ", ".join(filter(None, (exc.context, exc.problem)))
            if exc.context_mark and exc.context_mark.line + 1 != line:
                what += f" (begun on line {exc.context_mark.line + 1})"
            self._bad(where, line, f"this is not YAML: {what}")
        except (yaml.YAMLError, RecursionError) as exc:
            what = str(exc).split("\n", maxsplit=1)[0]
            self._bad(where, 0, f"this is not YAML: {what}")
        finally:
            if loader is not None:
                loader.dispose()
        return None

    def count(self) -> bool:
        """Count one more value; False when there are too many."""
        self._count += 1
        return self._count <= MOST_NODES

    def include(self, name: str, place: Node, depth: int) -> Node | None:
        """Return the tree of a file named by `!include`."""
        if depth >= DEEPEST_INCLUDE:
            self._bad(
                place.where, place.line, f"!include {name}: more than 10 levels deep"
            )
            return None
        return self._file(place.folder / name, place.where, place.line, depth + 1)

    def env_var(self, text: str, place: Node) -> str | None:
        """Return the value of `!env_var NAME [default]`."""
        name, _, default = text.strip().partition(" ")
        if name in self._env:
            return self._env[name]
        if default:
            return default.strip()
        self._bad(
            place.where,
            place.line,
            f"!env_var {name}: the environment has no {name} and no default is given",
        )
        return None

    def secret(self, name: str, place: Node) -> Node | None:
        """Return a value of secrets.yaml, beside the file or above it."""
        folder = place.folder
        tried = []
        names: list[str] = []
        while True:
            path = folder / "secrets.yaml"
            if path not in self._secrets and path.is_file():
                found = self._file(path, place.where, place.line, 0)
                content = found.value if found else None
                self._secrets[path] = content if isinstance(content, dict) else {}
            known = self._secrets.get(path, {})
            if name in known:
                return known[name]
            names += known
            tried.append(path)
            if folder in (self._root, folder.parent) or not folder.is_relative_to(
                self._root
            ):
                break
            folder = folder.parent
        if tried[0] in self._secrets:
            hint = did_you_mean(name, names)
            what = f"{tried[0]} has no {name}{hint}; add the line `{name}: ...`"
        else:
            what = f"there is no {tried[0]}; make it, with the line `{name}: ...`"
        self._bad(place.where, place.line, f"!secret {name}: {what}")
        return None

    def _file(self, path: Path, where: str, line: int, depth: int) -> Node | None:
        """Read a file; what is wrong with the file itself is said at `where`."""
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as exc:
            what = "it" if where == str(path) else path
            self._bad(where, line, f"cannot read {what}: {exc.strerror}")
            return None
        except UnicodeDecodeError as exc:
            number = exc.object[: exc.start].count(b"\n") + 1
            self._bad(str(path), number, "this is not UTF-8 text")
            return None
        return self.text(text, str(path), path.parent, depth)

    def _bad(self, where: str, line: int, message: str) -> None:
        self.problems.append(Problem(where, line, "", message))


class _Converter:
    """Turns the nodes of PyYAML into ours, following the tags."""

    def __init__(
        self,
        reader: Reader,
        loader: yaml.SafeLoader,
        where: str,
        folder: Path,
        depth: int,
    ) -> None:
        self._reader = reader
        self._loader = loader
        self._where = where
        self._folder = folder
        self._depth = depth
        self._open: set[int] = set()

    def convert(self, node: yaml.Node) -> Node:
        """Return our node; what cannot be used becomes null and a problem."""
        place = self._place(node)
        if not self._reader.count():
            raise yaml.YAMLError("more than 100,000 values")
        if id(node) in self._open:
            raise yaml.YAMLError("an anchor that contains itself")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return replace(place, value=self._mapping(node))
            if isinstance(node, yaml.SequenceNode):
                return replace(place, value=[self.convert(i) for i in node.value])
            return self._scalar(node, place)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Node]:
        own: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._bad(key, "a key must be a simple text")
            elif key.value in own and key.tag != "tag:yaml.org,2002:merge":
                self._bad(
                    key, f"{key.value} is set twice, first on line {own[key.value]}"
                )
            else:
                own[key.value] = line
        self._loader.flatten_mapping(node)
        return {
            key.value: replace(self.convert(value), line=key.start_mark.line + 1)
            if value.tag != "!include"
            else self.convert(value)
            for key, value in node.value
            if isinstance(key, yaml.ScalarNode)
        }

    def _scalar(self, node: yaml.Node, place: Node) -> Node:
        text: str = node.value
        if node.tag == "!secret":
            return self._moved(self._reader.secret(text.strip(), place), place)
        if node.tag == "!include":
            found = self._reader.include(text.strip(), place, self._depth)
            return found or replace(place, bad=True)
        if node.tag == "!env_var":
            found_text = self._reader.env_var(text, place)
            if found_text is None:
                return replace(place, bad=True)
            return self._moved(scalar(found_text, self._where), place)
        if node.tag.startswith("!"):
            self._bad(
                node,
                f"the tag {node.tag} is not known; "
                "known are !secret, !env_var, !include",
            )
            return replace(place, bad=True)
        try:
            value = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            value = text
        if not isinstance(value, str | int | float | bool | None):
            value = text  # a date: nothing here is one
        return replace(place, value=value, raw=text)

    @staticmethod
    def _moved(found: Node | None, place: Node) -> Node:
        """Return a value from elsewhere as if it stood here."""
        if found is None:
            return replace(place, bad=True)
        return replace(place, value=found.value, raw=found.raw)

    def _place(self, node: yaml.Node) -> Node:
        line = node.start_mark.line + 1
        return Node(None, self._where, line, "", self._folder)

    def _bad(self, node: yaml.Node, message: str) -> None:
        self._reader.problems.append(
            Problem(self._where, node.start_mark.line + 1, "", message)
        )
