"""The documentation holds together: links lead somewhere, pages are found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")


def links(page: Path) -> list[Path]:
    """Files that a page links to."""
    return [
        (page.parent / target).resolve()
        for target, _ in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there."""
    assert [str(target) for target in links(page) if not target.exists()] == []


def test_every_page_can_be_found() -> None:
    """The index leads to every page of the documentation."""
    index = ROOT / "docs" / "index.md"
    reached = set(links(index)) | {index.resolve()}
    lost = [
        str(page.relative_to(ROOT))
        for page in ROOT.glob("docs/**/*.md")
        if page.resolve() not in reached and "changes" not in page.parts
    ]
    assert lost == []


def test_the_readme_names_real_make_targets() -> None:
    """Whatever the README tells to make is a target."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake ([a-z]+)", text))
    assert targets
    assert [
        t for t in targets if not re.search(rf"^{t}:", makefile, re.MULTILINE)
    ] == []
