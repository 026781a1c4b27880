"""The documentation holds together: links lead somewhere, pages are found."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

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


def test_the_site_leads_to_every_page() -> None:
    """Each page stands in the navigation of the site, once."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.findall(r": ([\w/-]+\.md)$", text, re.MULTILINE)
    assert yaml.safe_load(text)["strict"] is True
    pages = [p.relative_to(ROOT / "docs") for p in ROOT.glob("docs/**/*.md")]
    assert sorted(named) == sorted(
        str(page) for page in pages if page.parts[0] != "changes"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<a href="there.html#part">x</a>', "every link leads somewhere"),
        ('<a href="gone.html">x</a>', "page.html: gone.html: no such file"),
        ('<a href="there.html#no">x</a>', "there.html#no: no such heading"),
        ('<script src="https://cdn.example/x.js"></script>', "from a foreign host"),
    ],
)
def test_the_link_check_of_the_site(tmp_path: Path, body: str, said: str) -> None:
    """A link to nothing, to no heading, or a load from elsewhere is found."""
    (tmp_path / "there.html").write_text('<h2 id="part">Part</h2>')
    (tmp_path / "page.html").write_text(body)
    check = [sys.executable, ROOT / "tools" / "linkcheck.py", tmp_path]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert said in done.stdout
    assert done.returncode == (0 if said.startswith("every") else 1)
