"""release_notes.py [--tag TAG | VERSION [DATE]]: release notes of the change fragments.

`--tag v1.2.3` only checks that the tag says the version of pyproject.toml. Without
arguments the section is printed as it would be. With a version and a date it is put at
the top of CHANGELOG.md, and the fragments are deleted: nothing is told twice. Kinds
come in the order of KINDS, fragments in that of their names.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

KINDS = {"added": "Added", "changed": "Changed", "fixed": "Fixed", "removed": "Removed"}


class BadFragmentError(ValueError):
    """A fragment that no section would hold."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path.name}: {why}")


def fragments(folder: Path) -> dict[str, list[Path]]:
    """Return the fragments of each kind; BadFragmentError for any other file."""
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for path in sorted(folder.glob("*.md")):
        if path.name == "README.md":
            continue
        name = path.name.split(".")
        if len(name) != 3 or name[1] not in KINDS:
            raise BadFragmentError(path, f"is not TOPIC.KIND.md with one of {[*KINDS]}")
        if not path.read_text(encoding="utf-8").strip():
            raise BadFragmentError(path, "is empty")
        found[name[1]].append(path)
    return found


def section(title: str, found: dict[str, list[Path]]) -> str:
    """Return the section of a release in Markdown."""
    parts = [f"## {title}"]
    for kind, paths in found.items():
        if paths:
            parts.append(f"### {KINDS[kind]}")
            parts.append("\n".join(_item(path) for path in paths))
    return "\n\n".join(parts) + "\n"


def _item(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").strip().splitlines()
    return "\n".join([f"- {lines[0]}", *(f"  {line}".rstrip() for line in lines[1:])])


def insert(changelog: str, made: str) -> str:
    """Return the changelog with a section above the newest one."""
    head, mark, rest = changelog.partition("\n## ")
    return f"{head}\n{made}{mark}{rest}" if mark else f"{head.rstrip()}\n\n{made}"


def check_tag(tag: str, project: Path) -> int:
    """Return 0 if a tag says the version that would be built."""
    version = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
    if tag != f"v{version}":
        print(f"tag {tag} is not v{version} of pyproject.toml", file=sys.stderr)
        return 1
    return 0


def main(arguments: list[str], root: Path) -> int:
    """Print the section, or write it."""
    if arguments[:1] == ["--tag"]:
        return check_tag(arguments[1], root / "pyproject.toml")
    found = fragments(root / "docs" / "changes")
    if not arguments:
        print(section("Unreleased", found), end="")
        return 0
    version, *date = arguments
    title = f"{version} ({date[0]})" if date else version
    path = root / "CHANGELOG.md"
    text = path.read_text(encoding="utf-8")
    if f"\n## {version}" in text:
        print(f"CHANGELOG.md has a section {version} already", file=sys.stderr)
        return 1
    path.write_text(insert(text, section(title, found)), encoding="utf-8")
    for paths in found.values():
        for fragment in paths:
            fragment.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).parent.parent))
