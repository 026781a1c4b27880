"""Each of the 21 pains has an answer that can be found and a test that guards it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "topics" / "pains.md"
ROW = re.compile(
    r"^\| (?P<rank>\d+) \| (?P<pain>[^|]+) \| (?P<answer>[^|]+) "
    r"\| \[[^]]+\]\((?P<page>[^)#]+)(#[^)]*)?\) "
    r"\| `(?P<file>tests/[\w/]+\.py)::(?P<test>\w+)` \|$"
)
ROWS = [
    line
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if re.match(r"\| \d", line)
]


def test_all_of_them_in_their_order() -> None:
    """21 rows, the rank of each once."""
    ranks = [int(line.split("|")[1]) for line in ROWS]
    assert ranks == list(range(1, 22))


@pytest.mark.parametrize("line", ROWS, ids=lambda line: line.split("|")[1].strip())
def test_a_pain_has_its_page_and_its_test(line: str) -> None:
    """The page is there, and so is the test, with what it shows."""
    found = ROW.match(line)
    assert found, line
    assert (PAGE.parent / found["page"]).resolve().is_file()
    tree = ast.parse((ROOT / found["file"]).read_text(encoding="utf-8"))
    functions = {
        node.name: node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert found["test"] in functions
    assert ast.get_docstring(functions[found["test"]])
