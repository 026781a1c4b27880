"""What mkdocs does besides for the site: links that lead out of docs/.

In a checkout a page may link to a source file. The site does not hold those, so there
the link becomes its text with the file's name. It knows nothing of any page.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>(?:\.\./)+[^)#\s]+)[^)]*\)")


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Replace the links of a page that leave the documentation."""
    depth = len(PurePosixPath(page.file.src_uri).parts) - 1

    def leave(found: re.Match[str]) -> str:
        target = found["target"]
        if target.count("../") <= depth:
            return found[0]
        return f"{found['text']} (`{target.replace('../', '')}`)"

    return LINK.sub(leave, markdown)
