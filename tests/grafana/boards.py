"""The committed dashboards: their queries, with Grafana's words put in by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent.parent / "grafana"
QUERIES = ("query", "expr", "rawSql")


def board(name: str) -> dict[str, Any]:
    """A dashboard."""
    found: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def names(pattern: str) -> list[str]:
    """The files of dashboards."""
    return sorted(path.name for path in FOLDER.glob(pattern))


def queries(name: str) -> Iterator[tuple[str, str]]:
    """Title and query of each panel of a dashboard."""
    for panel in board(name)["panels"]:
        for target in panel["targets"]:
            yield panel["title"], next(target[key] for key in QUERIES if key in target)


def variables(name: str) -> Iterator[tuple[str, str]]:
    """Name and query of what can be chosen."""
    for variable in board(name)["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]


def filled(query: str, words: Mapping[str, str]) -> str:
    """The query as Grafana sends it; longer names first, as they may begin alike."""
    for word in sorted(words, key=len, reverse=True):
        query = query.replace("${%s}" % word, words[word]).replace(  # noqa: UP031
            f"${word}", words[word]
        )
    assert "$" not in query, query
    return query
