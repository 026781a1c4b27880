"""The files of the page: the bundle if this build has one, and the plain page.

The bundle is made by Node when a package is built; where it is missing, the plain page
shows the same numbers. Each file is read and compressed once in a process. It must not
know what is on the page.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

__all__ = ["BUNDLE", "PLAIN", "PageFiles", "page_files"]

PLAIN: Final = Path(__file__).parent / "static"
BUNDLE: Final = Path(__file__).parent / "bundle"
HOME: Final = "index.html"
CONTENT_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".txt": "text/plain",
}
HASHED: Final = "public, max-age=31536000, immutable"
"""Of a file of the bundle: its name changes with its content."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file, as it is and as gzip."""

    body: bytes
    packed: bytes
    content_type: str
    caching: str | None = None

    def response(self, request: web.Request) -> web.Response:
        """Return the answer that carries it, compressed if the client takes that."""
        accepted = request.headers.get("Accept-Encoding", "")
        packed = "gzip" in accepted and len(self.packed) < len(self.body)
        found = web.Response(
            body=self.packed if packed else self.body,
            content_type=self.content_type,
            charset="utf-8",
        )
        if packed:
            found.headers["Content-Encoding"] = "gzip"
        if self.caching is not None:
            found.headers["Cache-Control"] = self.caching
        found.headers["Vary"] = "Accept-Encoding"
        return found


class PageFiles:
    """Files by name.

    - `home`: the page itself.
    - `bundled`: whether it is the one that Node has built.
    """

    def __init__(self, bundle: Path, plain: Path) -> None:
        self.bundled = (bundle / HOME).is_file()
        self._files = _read(plain, None)
        self.home = self._files.pop(HOME)
        if self.bundled:
            self._files |= _read(bundle, HASHED)
            self.home = self._files.pop(HOME)

    def response(self, request: web.Request, name: str) -> web.Response:
        """Return the answer with this file; 404 if there is none."""
        if name not in self._files:
            raise web.HTTPNotFound
        return self._files[name].response(request)


@cache
def page_files(bundle: Path = BUNDLE, plain: Path = PLAIN) -> PageFiles:
    """Return the files of these folders; read once, they belong to the program."""
    return PageFiles(bundle, plain)


def _read(folder: Path, caching: str | None) -> dict[str, PageFile]:
    return {
        path.name: PageFile(
            body := path.read_bytes(),
            gzip.compress(body, mtime=0),
            CONTENT_TYPES[path.suffix],
            None if path.name == HOME else caching,
        )
        for path in sorted(folder.iterdir())
        if path.suffix in CONTENT_TYPES
    }
