r"""Field type conflicts: what a database says about one, and a field's other name.

A database keeps the first type that it saw of a field. What comes with another type
later is refused; under another name (`value_str` beside `value`, as Home Assistant
names texts) it can be stored. Pure: words and lines go in, lines come out. It does not
know when that is wanted.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hiq.sink.decode import FIELD, SERIES, LineError, decode_series

__all__ = ["ADVICE", "Coercer", "Conflict", "conflict"]

ADVICE = (
    "the database holds this field with another type: set `types: coerce` for this "
    "sink to store it under another name, such as value_str, or remove the old field"
)
MOST = 1_000
"""Conflicts that are remembered; of more the oldest are met anew."""
LONGEST_NAME = 200

# InfluxDB 1 and 2, also inside JSON; InfluxDB 3 does not name the measurement.
_WORDS = re.compile(
    r'input field \\?"(?P<field>.+?)\\?" on measurement \\?"(?P<measurement>.+?)\\?" '
    r"is type (?P<kind>\w+), already exists as"
)
_WORDS_3 = re.compile(
    r"invalid column type for column '(?P<field>.+?)', expected \S+, "
    r"got \S*?(?P<kind>\w+)\b(?!:)"
)
_SUFFIXES = {
    "string": b"_str",
    "float": b"_float",
    "integer": b"_int",
    "boolean": b"_bool",
}
_UNESCAPED = re.compile(rb"\\([ ,=])")
_BOOLEANS = frozenset(b"t T true True TRUE f F false False FALSE".split())


class Conflict(NamedTuple):
    """A field that came with a type that its database does not take.

    `measurement` is "" if the database did not name it.
    """

    measurement: str
    field: str
    kind: str


def conflict(reason: str) -> Conflict | None:
    """Return what the words of a database say of a conflict, None if nothing."""
    found = _WORDS.search(reason) or _WORDS_3.search(reason)
    if found is None or found["kind"] not in _SUFFIXES:
        return None
    names = found.groupdict()
    return Conflict(names.get("measurement") or "", names["field"], names["kind"])


class Coercer:
    """Renames the fields of one database's conflicts, and remembers these.

    `renamed` counts fields that were given another name.
    """

    def __init__(self) -> None:
        self.renamed = 0
        self._known: dict[Conflict, None] = {}

    def mend(self, lines: bytes, reason: str) -> bytes | None:
        """Return the lines with other names for what is refused; None if none fits.

        All conflicts that are known are mended, not only that of `reason`.
        """
        found = conflict(reason)
        if found is None:
            return None
        self._known[found] = None
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        before = self.renamed
        out = [self._line(line) for line in lines.splitlines(keepends=True)]
        return b"".join(out) if self.renamed > before else None

    def _line(self, line: bytes) -> bytes:
        """Return one line, with other names where needed; as it was if unreadable."""
        series = SERIES.match(line)
        if series is None:
            return line
        measurement = ""
        names: set[bytes] = set()
        parts: list[tuple[bytes, bytes]] = []
        at = series.end() + 1
        while (field := FIELD.match(line, at)) is not None:
            value = line[field.end(1) + 1 : field.end()]
            parts.append((field[1], value))
            names.add(field[1])
            at = field.end()
            if line[at : at + 1] != b",":
                break
            at += 1
        changed = False
        for index, (name, value) in enumerate(parts):
            kind = _kind(value)
            text = _UNESCAPED.sub(rb"\1", name).decode(errors="replace")
            if not measurement:
                measurement = _measurement(series[0])
            wanted = name + _SUFFIXES[kind]
            if (
                Conflict(measurement, text, kind) in self._known
                or Conflict("", text, kind) in self._known
            ) and not (wanted in names or len(wanted) > LONGEST_NAME):
                parts[index] = (wanted, value)
                names.add(wanted)
                self.renamed += 1
                changed = True
        if not changed:
            return line
        fields = b",".join(name + b"=" + value for name, value in sorted(parts))
        return series[0] + b" " + fields + line[at:]


def _measurement(series: bytes) -> str:
    try:
        return decode_series(series)[0]
    except LineError:
        return "\0"


def _kind(value: bytes) -> str:
    if value.startswith(b'"'):
        return "string"
    if value in _BOOLEANS:
        return "boolean"
    return "integer" if value[-1:] in b"iu" else "float"
