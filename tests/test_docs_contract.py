"""The journal's contract: every sentence of it names a test, and that test exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "topics" / "delivery.md"
ROW = re.compile(r"^\| (?P<sentence>[^|]+\.) \| `(?P<file>[\w/.]+)::(?P<test>\w+)` \|$")


def section() -> list[str]:
    """The lines of the contract's table, without its head."""
    text = PAGE.read_text(encoding="utf-8")
    part = text.split("## Journal contract\n")[1].split("\n## ")[0]
    return [line for line in part.splitlines() if line.startswith("|")][2:]


def test_there_are_sentences() -> None:
    """The table is found where it is looked for."""
    assert len(section()) > 20


@pytest.mark.parametrize("line", section())
def test_each_sentence_has_its_test(line: str) -> None:
    """A row is one sentence and one test function, which has a docstring."""
    found = ROW.match(line)
    assert found, f"not a sentence and a test: {line}"
    tree = ast.parse((TESTS / found["file"]).read_text(encoding="utf-8"))
    functions = {
        node.name: node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert found["test"] in functions, line
    assert ast.get_docstring(functions[found["test"]]), line
