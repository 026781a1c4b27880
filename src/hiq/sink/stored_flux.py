"""Reading back from InfluxDB 2: Flux over HTTP, answered as annotated CSV.

As the HTTP API reference documents it; there is no such server in the tests, only a
fake that was written from the same pages. It does not know what should be there.
"""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from hiq.errors import SinkUnreadable
from hiq.sink.lines import LINE_BYTES
from hiq.sink.stored import MALFORMED, Stored, entity_of, nanoseconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hiq.settings.schema import SinkSettings
    from hiq.sink.decode import Value
    from hiq.sink.dialect import Dialect
    from hiq.sink.lines import Lines

__all__ = ["FluxReader"]

csv.field_size_limit(LINE_BYTES)  # a text may be longer than the library's 128 KiB

NUMBERS = {"double", "long", "unsignedLong"}


class FluxReader:
    """Implements `hiq.sink.stored.StoredReader`; each field comes by itself."""

    samples = False

    def __init__(self, settings: SinkSettings, kind: Dialect, lines: Lines) -> None:
        self._settings = settings
        self._kind = kind
        self._lines = lines

    async def read(self, start_ns: int, end_ns: int) -> AsyncIterator[Stored]:
        """Yield the points of a span, a field at a time."""
        bucket = json.dumps(self._kind.place, ensure_ascii=False)
        flux = (
            f"from(bucket: {bucket}) "
            f"|> range(start: time(v: {start_ns}), stop: time(v: {end_ns})) "
            "|> filter(fn: (r) => exists r.entity_id)"
        )
        shape = {"annotations": ["datatype"], "header": True}
        body = {"query": flux, "type": "flux", "dialect": shape}
        rows = self._lines.ask(
            "POST",
            self._kind.url("/api/v2/query", org=self._settings.org or ""),
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/csv"},
        )
        table = _Table()
        try:
            async for line in rows:
                point = table.take(line.decode())
                if point is not None:
                    yield point
            table.end()
        except (*MALFORMED, csv.Error) as exc:
            reason = f"an answer that is not Flux's CSV: {exc}"
            raise SinkUnreadable(self._settings.name, reason) from exc

    async def close(self) -> None:
        """Close the connection."""
        await self._lines.close()


class _Table:
    """Takes annotated CSV line by line; a quoted text may go over several."""

    def __init__(self) -> None:
        self._types: list[str] = []
        self._names: list[str] = []
        self._parts: list[str] = []
        self._length = 0

    def end(self) -> None:
        """Check that the answer did not end in the midst of a text. ValueError."""
        if self._parts:
            raise ValueError("it ends within a quoted text")

    def take(self, line: str) -> Stored | None:
        """Return the point of a line, None if it holds none. ValueError, KeyError."""
        if self._parts or line.count('"') % 2:
            ends = bool(self._parts) and bool(line.count('"') % 2)
            self._parts.append(line)
            self._length += len(line)
            if self._length > LINE_BYTES:
                raise ValueError(f"a text of more than {LINE_BYTES} characters")
            if not ends:
                return None
            line = "\n".join(self._parts)
            self._parts, self._length = [], 0
        text = line.rstrip("\r")
        if not text.strip(","):
            self._names = []
            return None
        (cells,) = csv.reader([text])
        if cells[0] == "#datatype":
            self._types = cells
            self._names = []
            return None
        if cells[0].startswith("#"):
            return None
        if not self._names:
            self._names = cells
            if "error" in cells:
                raise ValueError("the server reports an error in the midst of rows")
            return None
        row = dict(zip(self._names, cells, strict=True))
        kinds = dict(zip(self._names, self._types, strict=False))
        entity_id = entity_of(row["_measurement"], row)
        if not entity_id:
            return None
        return Stored(
            row["_measurement"],
            entity_id,
            nanoseconds(row["_time"]),
            {row["_field"]: _value(row["_value"], kinds.get("_value", "string"))},
        )


def _value(text: str, kind: str) -> Value:
    if kind in NUMBERS:
        return float(text)
    return text == "true" if kind == "boolean" else text
