"""linkcheck.py SITE: every link of a built site leads somewhere, to the very heading.

Also: no page loads anything from a foreign host. Links to other sites are counted, not
followed, so the outcome depends on nothing but the site. Exit status 1 names each bad
link.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src"}
NOT_LOADED = {"canonical", "prev", "next", "alternate"}


@dataclass
class Found(HTMLParser):
    """Links, loads and anchors of one page."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what a tag names."""
        have = {name: value or "" for name, value in attrs}
        if "id" in have:
            self.anchors.add(have["id"])
        if tag == "a" and "href" in have:
            self.links.append(have["href"])
        elif tag in LOADS and have.get("rel") not in NOT_LOADED and LOADS[tag] in have:
            self.loads.append(have[LOADS[tag]])


def read(site: Path) -> dict[Path, Found]:
    """Return what each page of the site holds."""
    pages = {}
    for path in sorted(site.rglob("*.html")):
        pages[path.resolve()] = found = Found()
        found.feed(path.read_text(encoding="utf-8"))
    return pages


def problem(page: Path, link: str, pages: dict[Path, Found]) -> str | None:
    """Return what is wrong with a link inside the site."""
    parts = urlsplit(link)
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return f"{link}: no such file"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return f"{link}: no such heading"
    return None


def main(site: Path) -> int:
    """Check a site; return the exit status."""
    pages = read(site)
    wrong, inside, outside = [], 0, 0
    for page, found in pages.items():
        name = page.relative_to(site.resolve())
        for link in (*found.links, *found.loads):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                outside += 1
                if link in found.loads and parts.scheme != "data":
                    wrong.append(f"{name}: loads from a foreign host: {link}")
            elif name.name != "404.html":  # served under any path, so it has no base
                inside += 1
                bad = problem(page, link, pages)
                wrong += [f"{name}: {bad}"] if bad else []
    print(f"{len(pages)} pages, {inside} links inside, {outside} to other sites")
    print("\n".join(wrong) if wrong else "every link leads somewhere")
    return 1 if wrong or not pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
