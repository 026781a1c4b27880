"""HomeIQ's filter: JSON in the environment, or in a file that it names.

Fills the section `filter` if hiq.yaml has none. A file that is named must be there
and be good; only the default one may be missing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from hiq.errors import Problem
from hiq.settings.environment import get, put

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hiq.settings.document import Node, Reader

__all__ = ["DEFAULT_FILE", "FILE", "INLINE", "add_filter"]

INLINE = "ENTITY_FILTER_CONFIG"
FILE = "ENTITY_FILTER_CONFIG_FILE"
DEFAULT_FILE = Path("config/entity_filter.json")


def add_filter(
    tree: Node, reader: Reader, env: Mapping[str, str], notes: list[str]
) -> Node:
    """Return the tree with HomeIQ's filter in it, if nothing else sets one."""
    inline, named = env.get(INLINE, "").strip(), env.get(FILE, "").strip()
    given = [name for name, text in ((INLINE, inline), (FILE, named)) if text]
    if get(tree, "filter") is not None:
        notes.extend(f"{name} not used: filter is set already" for name in given)
        return tree
    if inline:
        if named:
            notes.append(f"{FILE} is passed over: {INLINE} comes first")
        notes.append(f"{INLINE} sets filter")
        return _add(tree, reader, inline, f"environment variable {INLINE}", Path())
    path = Path(named).expanduser() if named else DEFAULT_FILE
    if not named and not path.is_file():
        return tree
    notes.append(f"{FILE} sets filter" if named else f"{path} sets filter")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        what = f"cannot read {path}: {exc.strerror}"
    except UnicodeDecodeError:
        what = f"{path} is not UTF-8 text"
    else:
        return _add(tree, reader, text, str(path), path.parent)
    where = f"environment variable {FILE}" if named else str(path)
    reader.problems.append(Problem(where, 0, "filter", what))
    return tree


def _add(tree: Node, reader: Reader, text: str, where: str, folder: Path) -> Node:
    """Put a text of JSON into the tree, with its lines; say if it is not JSON."""
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as exc:
        line = exc.lineno if isinstance(exc, json.JSONDecodeError) else 0
        what = f"this is not JSON: {exc}"
        reader.problems.append(Problem(where, line, "filter", what))
        return tree
    if not isinstance(content, dict):
        what = "expected a JSON object with `mode`, `patterns` and `exceptions`"
        reader.problems.append(Problem(where, 1, "filter", what))
        return tree
    # JSON is YAML, but for tabs; in JSON these are only between values.
    node = reader.text(text.replace("\t", " "), where, folder)
    return tree if node is None else put(tree, ["filter"], node)
