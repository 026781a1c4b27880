"""Values into line protocol: what `decode` took apart is put together again.

Pure. Used when points leave the embedded store for another database; what comes
live from Home Assistant is encoded by the compiled core. The bytes are those of the
core: tags and fields sorted by key, no backslash is ever doubled outside strings,
and one at an end or before a character that needs escaping cannot be sent at all
(the InfluxDB line protocol has no form for it), so it is dropped there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hiq.sink.decode import Value

__all__ = ["encode", "encode_series"]

_NAME = re.compile(r"\\*([ ,])")
_KEY = re.compile(r"\\*([ ,=])")
_QUOTED = re.compile(r'(["\\])')


def encode_series(measurement: str, tags: Mapping[str, str]) -> str:
    """Return measurement and tags as the first part of a line."""
    parts = [_NAME.sub(r"\\\1", _end(measurement))]
    parts += [f"{_key(key)}={_key(tags[key])}" for key in sorted(tags)]
    series = ",".join(parts)
    return "\\" + series if series.startswith("#") else series


def encode(series: str, time_ns: int, fields: Iterable[tuple[str, Value]]) -> str:
    """Return one line with its newline; `series` comes from `encode_series`."""
    written = ",".join(f"{_key(key)}={_value(value)}" for key, value in sorted(fields))
    return f"{series} {written} {time_ns}\n"


def _key(text: str) -> str:
    return _KEY.sub(r"\\\1", _end(text))


def _end(text: str) -> str:
    """Put one space in the place of backslashes at the end: they would escape."""
    bare = text.rstrip("\\")
    return text if bare == text else bare + " "


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}i"
    if isinstance(value, float):
        return repr(value)
    return '"' + _QUOTED.sub(r"\\\1", value) + '"'
