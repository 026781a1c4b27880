"""The files of a Home Assistant configuration as one tree of YAML nodes.

Follows `!include` and the four `!include_dir_...` as Home Assistant does
(annotatedyaml/loader.py), and only where it is asked to: other keys cannot disturb. A
node knows its file by its mark. It does not know what any key means, and leaves
`!secret` and `!env_var` as they are.
"""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from hiq.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["HomeFiles", "file_of", "items"]

SECRETS = "secrets.yaml"
MAPPING = "tag:yaml.org,2002:map"
MERGE = "tag:yaml.org,2002:merge"
SEQUENCE = "tag:yaml.org,2002:seq"
DEEPEST_INCLUDE = 10
MOST_NODES = 100_000
MOST_FILES = 2000


def file_of(node: yaml.Node) -> Path:
    """Return the file that a node stands in."""
    return Path(node.start_mark.name)


def items(node: yaml.Node | None) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Return the keys of a mapping with the nodes of key and value, {} for others."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): (key, value) for key, value in node.value}


class HomeFiles:
    """Reads the files of one configuration.

    - `root`: the file that Home Assistant begins with.
    - `texts`: what each file says that was read.
    - `secrets`: names that `!secret` asked for below what `whole` returned, with the
      node of their value, None where it was not found.

    ConfigError: a file cannot be read or is no YAML, or there are too many.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.texts: dict[Path, str] = {}
        self.secrets: dict[str, yaml.Node | None] = {}
        self._nodes = 0

    def read(self, path: Path) -> yaml.Node | None:
        """Return the tree of a file, None if it is empty."""
        if path not in self.texts:
            if len(self.texts) == MOST_FILES:
                raise self._wrong(0, f"more than {MOST_FILES:,} files are included")
            self.texts[path] = self._text(path)
        loader = None
        try:
            loader = yaml.SafeLoader(self.texts[path])
            loader.name = str(path)
            found: yaml.Node | None = loader.get_single_node()
        except yaml.MarkedYAMLError as exc:
            line = exc.problem_mark.line + 1 if exc.problem_mark else 0
            what = f"this is not YAML: {exc.problem}"
            raise ConfigError(Problem(str(path), line, "", what)) from None
        except (yaml.YAMLError, RecursionError) as exc:
            first = str(exc).split("\n", maxsplit=1)[0]
            what = f"this is not YAML: {first}"
            raise ConfigError(Problem(str(path), 0, "", what)) from None
        finally:
            if loader is not None:
                loader.dispose()
        return found

    def follow(self, node: yaml.Node) -> yaml.Node:
        """Return what stands for a node: the content of what it includes, or itself."""
        for _ in range(DEEPEST_INCLUDE):
            if not node.tag.startswith("!include"):
                return node
            node = self._included(node)
        line = node.start_mark.line + 1
        raise self._wrong(line, f"{node.value}: more than 10 levels deep")

    def whole(self, node: yaml.Node, depth: int = 0) -> yaml.Node:
        """Return a copy with everything in it that it includes, at any depth."""
        self._nodes += 1
        if depth > MOST_NODES // 1000 or self._nodes > MOST_NODES:
            raise self._wrong(0, "more than 100,000 values, or 100 levels deep")
        node = self.follow(node)
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, self.whole(value, depth + 1)) for key, value in _pairs(node)]
            return _like(node, pairs)
        if isinstance(node, yaml.SequenceNode):
            return _like(node, [self.whole(item, depth + 1) for item in node.value])
        if node.tag == "!secret":
            return self._secret(node)
        return node

    def _included(self, node: yaml.Node) -> yaml.Node:
        """Return the content of what one node includes."""
        named = file_of(node).parent / str(node.value).strip()
        place = Path(os.path.normpath(named))
        if node.tag == "!include":
            return self.read(place) or _like(node, [], MAPPING)
        line = node.start_mark.line + 1
        files = list(_files(place))
        trees = [(path, self.read(path)) for path in files]
        match node.tag:
            case "!include_dir_list":
                return _like(node, [tree for _, tree in trees if tree], SEQUENCE)
            case "!include_dir_merge_list":
                lists = [t for _, t in trees if isinstance(t, yaml.SequenceNode)]
                return _like(node, [one for tree in lists for one in tree.value])
            case "!include_dir_named":
                by_file = {
                    path.stem: (
                        yaml.ScalarNode("tag:yaml.org,2002:str", path.stem),
                        tree or _like(node, [], MAPPING),
                    )
                    for path, tree in trees
                }
                return _like(node, list(by_file.values()), MAPPING)
            case "!include_dir_merge_named":
                merged = {
                    name: pair for _, t in trees for name, pair in items(t).items()
                }
                return _like(node, list(merged.values()), MAPPING)
        raise self._wrong(line, f"the tag {node.tag} is not known")

    def _secret(self, node: yaml.Node) -> yaml.Node:
        """Note a secret; one of the same name from elsewhere gets another name."""
        name = str(node.value).strip()
        value = self._value_of(name, file_of(node).parent)
        wanted, number = name, 1
        while wanted in self.secrets and not _same(self.secrets[wanted], value):
            number += 1
            wanted = f"{name}_{number}"
        self.secrets[wanted] = value
        return yaml.ScalarNode(
            "!secret", wanted, start_mark=node.start_mark, end_mark=node.end_mark
        )

    def _value_of(self, name: str, folder: Path) -> yaml.Node | None:
        """Look for a secret beside the file, and above it up to the root."""
        top = self.root.parent
        while folder.is_relative_to(top):
            path = folder / SECRETS
            if path.is_file():
                _, value = items(self.read(path)).get(name, (None, None))
                if value is not None:
                    return value
            if folder == top:
                break
            folder = folder.parent
        return None

    def _text(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8-sig")
        except OSError as exc:
            what = f"cannot read {path}: {exc.strerror}"
        except UnicodeDecodeError:
            what = f"{path} is not UTF-8 text"
        raise self._wrong(0, what)

    def _wrong(self, line: int, what: str) -> ConfigError:
        return ConfigError(Problem(str(self.root), line, "", what))


def _pairs(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    """Return keys and values, those that `<<` brings along too, each key once."""
    if all(key.tag != MERGE for key, _ in node.value):
        return list(node.value)
    copy = yaml.MappingNode(node.tag, list(node.value))
    yaml.constructor.SafeConstructor().flatten_mapping(copy)
    return list({str(key.value): (key, value) for key, value in copy.value}.values())


def _files(folder: Path) -> Iterator[Path]:
    """Yield the YAML files of a folder and those below, in Home Assistant's order."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            hidden = name.startswith(".") or name == SECRETS
            if not hidden and fnmatch.fnmatch(name, "*.yaml"):
                yield Path(root) / name


def _like(node: yaml.Node, value: Sequence[object], tag: str = "") -> yaml.Node:
    """Return a collection in the place of a node, with other content."""
    mapping = isinstance(node, yaml.MappingNode) or tag == MAPPING
    kind = yaml.MappingNode if mapping else yaml.SequenceNode
    plain = node.tag if node.tag.startswith("tag:") else ""
    return kind(
        tag or plain or (MAPPING if mapping else SEQUENCE),
        value,
        start_mark=node.start_mark,
        end_mark=node.end_mark,
        flow_style=getattr(node, "flow_style", None),
    )


def _same(one: yaml.Node | None, other: yaml.Node | None) -> bool:
    """Whether two secrets are the same as written."""
    if one is None or other is None:
        return one is other
    return yaml.serialize(one) == yaml.serialize(other)
