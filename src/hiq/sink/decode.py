r"""Line protocol back into values, for sinks that are not line protocol themselves.

Pure: bytes go in, rows come out, a bad line raises `LineError`. It takes what the
InfluxDB line protocol reference allows, with the reading of real servers where the
reference is silent: outside strings a backslash is a literal character unless it
stands before a comma, space or equals sign; inside strings unless it stands before a
quote or a backslash. So the name of a measurement that is sent as `\\#...`, because a
bare `#` would make the line a comment, keeps its backslash, as it does on servers.

The series part is handed over undecoded: batches come grouped by series, so whoever
stores them decodes a series once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "FIELD",
    "SERIES",
    "LineError",
    "Row",
    "Value",
    "decode",
    "decode_series",
]

Value: TypeAlias = float | int | bool | str
Row: TypeAlias = tuple[bytes, int, list[tuple[str, Value]]]
"""(series bytes, time stamp in ns since 1970, [(field, value), ...])."""

INT64 = 1 << 63

# Possessive throughout: no input makes them backtrack.
SERIES = re.compile(rb"(?:[^\\ \n]++|\\[ ,=]?)++(?= )")
FIELD = re.compile(
    rb"""
    ((?:[^\\\ ,=\n]++|\\[ ,=]?)++)=             # key
    (?:"((?:[^"\\]++|\\.)*+)"|([^ ,"\n]++))     # string, or anything else
    """,
    re.VERBOSE | re.DOTALL,
)
_STAMP = re.compile(rb"[ ]++(-?[0-9]{1,19})[ ]*+\r?+(?:\n|\Z)")
_PART = re.compile(rb"((?:[^\\,=]++|\\[ ,=]?)++)=((?:[^\\,=]++|\\[ ,=]?)++)(,?)")
_NAME = re.compile(rb"(?:[^\\,]++|\\[ ,=]?)++")
_ESCAPED = re.compile(rb"\\([ ,=])")
_IN_STRING = re.compile(rb'\\(["\\])')
_FLOAT = re.compile(rb"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys((b"t", b"T", b"true", b"True", b"TRUE"), True),
    **dict.fromkeys((b"f", b"F", b"false", b"False", b"FALSE"), False),
}


class LineError(ValueError):
    """A line that is not line protocol.

    Attributes:
        reason: what is wrong with it.
        line: its first 200 bytes.
    """

    def __init__(self, reason: str, line: bytes) -> None:
        super().__init__(reason, line)
        self.reason = reason
        self.line = line

    def __str__(self) -> str:
        return f"{self.reason}: {self.line.decode('utf-8', 'replace')}"


def decode(data: bytes) -> Iterator[Row]:
    """Yield the rows of lines that each end in a newline.

    Empty lines and comments are skipped, as servers do. Every line must have a time
    stamp: only the sender knows the time of an event. Raises LineError at the first
    bad line; the rows before it have been yielded.
    """
    position, end = 0, len(data)
    series_at, field_at, stamp_at = SERIES.match, FIELD.match, _STAMP.match
    keys: dict[bytes, str] = {}
    while position < end:
        start = position
        if data[position] in b"\n\r#":
            position = data.find(b"\n", position) + 1 or end
            continue
        found = series_at(data, position)
        if found is None:
            raise _error("no fields", data, start)
        series = found[0]
        position = found.end() + 1
        fields: list[tuple[str, Value]] = []
        while True:
            found = field_at(data, position)
            if found is None:
                raise _error("invalid field format", data, start)
            raw_key, string, other = found.groups()
            key = keys.get(raw_key)
            if key is None:
                key = keys[raw_key] = _text(_ESCAPED.sub(rb"\1", raw_key), data, start)
            if string is not None:
                if b"\\" in string:
                    string = _IN_STRING.sub(rb"\1", string)
                fields.append((key, _text(string, data, start)))
            else:
                fields.append((key, _value(other, data, start)))
            position = found.end()
            if data[position : position + 1] != b",":
                break
            position += 1
        found = stamp_at(data, position)
        if found is None:
            raise _error("no valid time stamp", data, start)
        time_ns = int(found[1])
        if not -INT64 <= time_ns < INT64:
            raise _error("time stamp out of range", data, start)
        position = found.end()
        yield series, time_ns, fields


def decode_series(series: bytes) -> tuple[str, dict[str, str]]:
    """Return measurement and tags of the series part of a line.

    Raises LineError if a tag has no value, a name is empty or it is not UTF-8.
    """
    found = _NAME.match(series)
    if found is None:
        raise _error("missing measurement", series, 0)
    measurement = _ESCAPED.sub(rb"\1", found[0])
    tags: dict[str, str] = {}
    position = found.end()
    more = series[position : position + 1]
    while more or position < len(series):
        part = _PART.match(series, position + len(more)) if more else None
        if part is None:
            raise _error("invalid tag format", series, 0)
        key = _text(_ESCAPED.sub(rb"\1", part[1]), series, 0)
        tags[key] = _text(_ESCAPED.sub(rb"\1", part[2]), series, 0)
        more = part[3]
        position = part.end() - len(more)
    return _text(measurement, series, 0), tags


def _value(raw: bytes, data: bytes, start: int) -> Value:
    """Return a number or a boolean; a float is by far the most frequent."""
    if _FLOAT.fullmatch(raw):
        value = float(raw)
        if value - value == 0.0:  # finite
            return value
        raise _error("number out of range", data, start)
    word = _WORDS.get(raw)
    if word is not None:
        return word
    digits, kind = raw[:-1], raw[-1:]
    if kind in b"iu" and digits.removeprefix(b"-").isdigit():
        number = int(digits)
        if -INT64 <= number < INT64:
            return number
        raise _error("integer out of range", data, start)
    raise _error("invalid value", data, start)


def _text(raw: bytes, data: bytes, start: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _error("not UTF-8", data, start) from None


def _error(reason: str, data: bytes, start: int) -> LineError:
    stop = data.find(b"\n", start)
    return LineError(reason, data[start : stop if stop >= 0 else None][:200])
