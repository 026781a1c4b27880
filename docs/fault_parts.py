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
NUMBERS = [f"L{n:02d}" for n in range(1, 42)] + [f"W{n:02d}" for n in range(1, 16)]
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


def missing() -> list[str]:
    """Return the numbers without a test, in order."""
    known = {number for number, _, _ in shown()}
    return [number for number in NUMBERS if number not in known]


def faults(table: Callable[..., str]) -> str:
    """Return the table: number, what hiq shows, the test."""
    rows = [(number, text, f"`{place}`") for number, text, place in shown()]
    rows += [(number, "not shown yet", "") for number in missing()]
    return table(
        ("fault", "what hiq shows", "test in `tests/faults`"),
        sorted(rows, key=lambda row: row[0]),
    )
