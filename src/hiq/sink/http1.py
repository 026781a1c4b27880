"""HTTP/1.1 as a client speaks it (RFC 9112): a request out of parts, an answer in.

Pure: bytes go in and out, no socket and no clock. Strict where a sloppy reader could
be fooled about where an answer ends; everything that is kept is bounded. It does not
know what a status means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BadAnswer", "Headers", "Place", "Reader", "request_head"]

HEAD_BYTES = 64 * 1024
"""Longest head of an answer, and longest line of a chunk's size or trailer."""

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: [^\r\n]*)?")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
_TRANSFER = "transfer-encoding"
_PORTS = {"http": 80, "https": 443}


class BadAnswer(ValueError):
    """What came is not an HTTP answer, or one whose end cannot be known."""


class Headers(Mapping[str, str]):
    """Header fields by name, whatever its case; of repeated ones the first."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = {name.lower(): value for name, value in reversed(fields)}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class Place:
    """Where a URL points: `host`, `port`, `secure`, `target` (path and query).

    `authority` is host and port for people and for the Host field. ValueError if the
    URL is none of HTTP, or holds control characters.
    """

    def __init__(self, url: str) -> None:
        if _UNSAFE.search(url):
            raise ValueError("the URL holds control characters")
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"{url.partition('?')[0]!r} is no HTTP URL")
        self.secure = parts.scheme == "https"
        name = parts.hostname
        self.host = name if name.isascii() else name.encode("idna").decode()
        self.port = parts.port or _PORTS[parts.scheme]
        shown = f"[{self.host}]" if ":" in self.host else self.host
        self.authority = shown if parts.port is None else f"{shown}:{self.port}"
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
        self.target = f"{path}?{query}" if query else path


def request_head(
    method: str, place: Place, headers: Mapping[str, str], size: int | None
) -> bytes:
    """Return the head of a request; `size` is that of the body, None without one.

    ValueError if a header could end early and begin another.
    """
    lines = [f"{method} {place.target} HTTP/1.1", f"Host: {place.authority}"]
    for name, value in headers.items():
        if _UNSAFE.search(name) or _UNSAFE.search(value):
            raise ValueError(f"the header {name!r} holds control characters")
        lines.append(f"{name}: {value}")
    if size is not None:
        lines.append(f"Content-Length: {size}")
    return "\r\n".join((*lines, "", "")).encode("latin-1")


class Reader:
    """Reads one answer, in whatever pieces it comes.

    - After calling `feed`: `go_ahead` says that the server wants the body (100),
      `complete` that the answer is there: `status`, `headers`, `body`.
    - `keep` says whether the connection can be used again then.
    - Of the body at most `limit` bytes are read; a longer one ends there and costs
      the connection.
    - `feed` and `end` raise BadAnswer.
    """

    def __init__(self, limit: int, *, has_body: bool = True) -> None:
        self.status = 0
        self.headers = Headers([])
        self.body = b""
        self.go_ahead = False
        self.complete = False
        self.keep = False
        self._limit = limit
        self._has_body = has_body
        self._data = b""
        self._left: int | None = None
        self._chunked = False
        self._step = self._head

    def feed(self, data: bytes) -> None:
        """Take what was received."""
        self._data += data
        while not self.complete and self._step():
            pass
        self._refuse_rest()

    def end(self) -> None:
        """Take the end of the connection: it may be the end of the answer."""
        if self._step == self._until_end:
            self._finish(keep=False)
        if not self.complete:
            raise BadAnswer("the server hung up")

    def _refuse_rest(self) -> None:
        """Nobody asked for what comes behind an answer."""
        if self.complete and self._data:
            self.keep = False
            self._data = b""

    # each step returns whether it could do its work

    def _head(self) -> bool:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            if len(self._data) > HEAD_BYTES:
                raise BadAnswer("the head of the answer is too long")
            return False
        first, *lines = self._data[:end].split(b"\r\n")
        self._data = self._data[end + 4 :]
        status = _STATUS.fullmatch(first)
        if status is None:
            raise BadAnswer("this is no HTTP answer")
        found = [_FIELD.fullmatch(line) for line in lines]
        fields = [
            (match[1].decode("ascii"), match[2].decode("latin-1"))
            for match in found
            if match is not None
        ]
        if len(fields) < len(found):
            raise BadAnswer("a header of the answer is malformed")
        self.status = int(status[2])
        if self.status < 200:
            self.go_ahead |= self.status == 100
            if self.status == 101:
                raise BadAnswer("the server switches to a protocol nobody asked for")
            return True
        self.headers = Headers(fields)
        self._frame(fields, version=status[1])
        return True

    def _frame(self, fields: list[tuple[str, str]], version: bytes) -> None:
        """Find out where the body ends (RFC 9112, section 6.3)."""
        tokens = self.headers.get("connection", "").lower()
        self.keep = version == b"1" and "close" not in tokens
        codings = [v.lower() for name, v in fields if name.lower() == _TRANSFER]
        sizes = {v for name, v in fields if name.lower() == "content-length"}
        if not self._has_body or self.status in {204, 304}:
            self._finish(keep=self.keep and not codings and sizes <= {"0"})
        elif codings:
            if codings != ["chunked"]:
                raise BadAnswer(f"transfer coding {codings} is not known")
            self.keep &= not sizes
            self._step = self._chunk_size
        elif sizes:
            text = sizes.pop()
            if sizes or not text.isdecimal() or len(text) > 15:
                raise BadAnswer("the length of the answer is not clear")
            self._left = int(text)
            self._step = self._sized
        else:
            self._step = self._until_end

    def _sized(self) -> bool:
        assert self._left is not None
        self._take(self._left)
        if not self._left and not self.complete:
            self._finish(keep=self.keep)
        return False

    def _until_end(self) -> bool:
        self._left = len(self._data)
        self._take(self._left)
        return False

    def _chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        size = _SIZE.fullmatch(line)
        if size is None:
            raise BadAnswer("the size of a chunk is malformed")
        self._left = int(size[1], 16)
        self._step = self._chunk if self._left else self._trailer
        return True

    def _chunk(self) -> bool:
        assert self._left is not None
        if self._left:
            self._take(self._left)
        if self._left or self.complete:
            return False
        if len(self._data) < 2:
            return False
        if not self._data.startswith(b"\r\n"):
            raise BadAnswer("a chunk has no end")
        self._data = self._data[2:]
        self._step = self._chunk_size
        return True

    def _trailer(self) -> bool:
        line = self._line()
        if line == b"":
            self._finish(keep=self.keep)
        return bool(line)

    def _line(self) -> bytes | None:
        end = self._data.find(b"\r\n")
        if end < 0 and len(self._data) > HEAD_BYTES:
            raise BadAnswer("a line of the answer is too long")
        if end < 0:
            return None
        line, self._data = self._data[:end], self._data[end + 2 :]
        return line

    def _take(self, most: int) -> None:
        """Move up to so many bytes into the body, and stop at its limit."""
        part = self._data[:most]
        self._data = self._data[most:]
        self._left = most - len(part)
        self.body += part[: self._limit - len(self.body)]
        if len(self.body) == self._limit and (self._left or self._step != self._sized):
            self._finish(keep=False)

    def _finish(self, *, keep: bool) -> None:
        self.keep = keep
        self.complete = True
