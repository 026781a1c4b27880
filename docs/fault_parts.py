# ruff: noqa: INP001  a script that lies beside its pages
"""The table of faults, made from the tests that show that hiq does not have them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TESTS = Path(__file__).parent.parent / "tests" / "faults"
NAME = re.compile(r"test_([LW]\d\d)_\w+")


def shown() -> Iterator[tuple[str, str, str]]:
    """Yield number, sentence and place of each test, in the order of the files."""
    for path in sorted(TESTS.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            match = NAME.fullmatch(node.name)
            if match:
                text = " ".join((ast.get_docstring(node) or "").split())
                yield match[1], text, f"{path.name}::{node.name}"


def faults(table: Callable[..., str]) -> str:
    """Return the table: number, what hiq shows, the test."""
    rows = sorted(shown(), key=lambda row: row[0])
    return table(
        ("fault", "what hiq shows", "test in `tests/faults`"),
        ((number, text, f"`{place}`") for number, text, place in rows),
    )
