"""Settings from `HIQ_...` variables and from the command line.

`HIQ_<SECTION>__<KEY>` sets any key; values are read as YAML, so lists and mappings
work too. They are laid over the tree of the file before anything is checked. Names
that other programs use are in `foreign`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hiq.settings.document import Node, scalar
from hiq.settings.nearest import did_you_mean
from hiq.settings.table import TOP_LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["add_environment", "add_overrides", "get", "put"]

EITHER = {"token": "token_file", "token_file": "token"}


def add_environment(tree: Node, env: Mapping[str, str], notes: list[str]) -> Node:
    """Return the tree with every `HIQ_...` variable laid over it."""
    for name in sorted(env):
        if not name.startswith("HIQ_") or name == "HIQ_CONFIG":
            continue
        path = name.removeprefix("HIQ_").lower().split("__")
        if len(path) == 1 and path[0] not in TOP_LEVEL:
            hint = did_you_mean(path[0], TOP_LEVEL)
            notes.append(f"{name} is not used: no setting has this name{hint}")
            continue
        tree = put(tree, path, scalar(env[name], f"environment variable {name}"))
    return tree


def add_overrides(tree: Node, overrides: Mapping[str, str]) -> Node:
    """Return the tree with dotted keys of the command line laid over it."""
    for key, text in overrides.items():
        tree = put(tree, key.split("."), scalar(text, "command line"))
    return tree


def get(tree: Node, *path: str) -> Node | None:
    """Return the node at a path; None if there is none or it is null."""
    node: Node | None = tree
    for key in path:
        if node is None or not isinstance(node.value, dict):
            return None
        node = node.value.get(key)
    if node is not None and node.value is None and not node.bad:
        return None
    return node


def put(tree: Node, path: Sequence[str], new: Node) -> Node:
    """Return the tree with one node set; a list is entered by number or by name.

    Setting `token` takes away `token_file` and the other way round: the later layer
    decides where the token comes from.
    """
    key, *rest = path
    if isinstance(tree.value, list):
        return _put_item(tree, key, rest, new)
    content = dict(tree.value) if isinstance(tree.value, dict) else {}
    if rest:
        content[key] = put(content.get(key, _empty(new)), rest, new)
    else:
        content[key] = new
        content.pop(EITHER.get(key, ""), None)
    return replace(tree, value=content)


def _put_item(tree: Node, key: str, rest: Sequence[str], new: Node) -> Node:
    """Return the list with one item set, or a key of one item."""
    assert isinstance(tree.value, list)
    items = list(tree.value)
    index = next(
        (
            number
            for number, item in enumerate(items)
            if key == str(number)
            or ((name := get(item, "name")) and str(name.value).lower() == key)
        ),
        len(items),
    )
    if index == len(items):
        items.append(_empty(new))
    items[index] = put(items[index], rest, new) if rest else new
    return replace(tree, value=items)


def _empty(new: Node) -> Node:
    """Return a mapping without keys, from the same place as the new node."""
    return Node({}, new.where, new.line)
