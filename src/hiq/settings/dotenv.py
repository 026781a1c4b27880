"""Files of `NAME=value` lines, as Docker Compose reads them.

Values may be quoted, also over several lines; `#` behind a space begins a comment;
`${NAME}` and `${NAME:-default}` stand for a value above or in the environment, but not
within single quotes. What is no such line is passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["parse_dotenv"]

LINE = re.compile(
    r"""
    ^[^\S\n]*(?:export[^\S\n]+)?
    (?P<name>[A-Za-z_][A-Za-z0-9_.]*)[^\S\n]*=[^\S\n]*
    (?:
        '(?P<single>[^']*)'
      | "(?P<double>(?:[^"\\]|\\.)*)"
      | (?P<plain>[^\n]*?)(?=[^\S\n]+\#|[^\S\n]*$)
    )
    """,
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)
REFERENCE = re.compile(r"\$\{(?P<name>\w+)(?::?-(?P<default>[^}]*))?\}")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def parse_dotenv(text: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a file in its order; the last of one name counts."""
    found: dict[str, str] = {}

    def known(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"] or ""
        return found.get(name) or env.get(name) or default

    for match in LINE.finditer(text.replace("\r\n", "\n")):
        if match["single"] is not None:
            value = match["single"]
        elif match["double"] is not None:
            value = REFERENCE.sub(known, _unescaped(match["double"]))
        else:
            value = REFERENCE.sub(known, match["plain"].strip())
        found[match["name"]] = value
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), text, flags=re.DOTALL)
