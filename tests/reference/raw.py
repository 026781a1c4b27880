"""JSON whose maps and lists know the text that they were read from.

`json` in plain Python with its two hooks for containers; schemas that pass JSON on as
it came need the bytes beside the values.
"""

from __future__ import annotations

import json
from json import decoder, scanner
from typing import Any


class RawMap(dict[str, Any]):
    """A map and its text."""

    raw: str


class RawList(list[Any]):
    """A list and its text."""

    raw: str


class RawDecoder(json.JSONDecoder):
    """Decodes as `json` does, only slower."""

    def __init__(self) -> None:
        super().__init__()
        self.parse_object = self._map
        self.parse_array = self._list
        self.scan_once = scanner.py_make_scanner(self)

    def _map(self, at: tuple[str, int], *rest: Any) -> tuple[RawMap, int]:
        value, end = decoder.JSONObject(at, *rest)  # type: ignore[attr-defined]
        made = RawMap(value)
        made.raw = at[0][at[1] - 1 : end]
        return made, end

    def _list(self, at: tuple[str, int], *rest: Any) -> tuple[RawList, int]:
        value, end = decoder.JSONArray(at, *rest)  # type: ignore[attr-defined]
        made = RawList(value)
        made.raw = at[0][at[1] - 1 : end]
        return made, end


def raw_text(value: Any) -> str:
    """The JSON text of a value that is no number and no string, on one line."""
    text = "null" if value is None else str(value.raw)
    text = text.replace("\n", "").replace("\r", "")
    for point in "\x85\u2028\u2029":
        text = text.replace(point, f"\\u{ord(point):04x}")
    return text
