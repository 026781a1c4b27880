"""Reading back from InfluxDB 1: InfluxQL over HTTP, in chunks.

Tags and fields come apart (`*::field`, `GROUP BY *`), so a tag and a field of one name
do not mix. It does not know what should be there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hiq.errors import SinkUnreadable
from hiq.sink.stored import MALFORMED, Stored, entity_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from hiq.settings.schema import SinkSettings
    from hiq.sink.dialect import Dialect
    from hiq.sink.lines import Lines

__all__ = ["InfluxqlReader"]

CHUNK = 2_000
"""Rows of a series in one part of the answer."""


class InfluxqlReader:
    """Implements `hiq.sink.stored.StoredReader`."""

    samples = False

    def __init__(self, settings: SinkSettings, kind: Dialect, lines: Lines) -> None:
        self._settings = settings
        self._kind = kind
        self._lines = lines

    async def read(self, start_ns: int, end_ns: int) -> AsyncIterator[Stored]:
        """Yield the points of a span."""
        policy = self._settings.retention_policy
        source = "/.*/"
        if policy:
            quoted = policy.replace("\\", "\\\\").replace('"', '\\"')
            source = f'"{quoted}"./.*/'
        text = (
            f"SELECT *::field FROM {source} "  # noqa: S608  our own words
            f"WHERE time >= {start_ns} AND time < {end_ns} GROUP BY *"
        )
        url = self._kind.url(
            "/query",
            db=self._kind.place,
            epoch="ns",
            chunked="true",
            chunk_size=str(CHUNK),
            q=text,
        )
        async for line in self._lines.ask("GET", url):
            for point in self._points(line):
                yield point

    async def close(self) -> None:
        """Close the connection."""
        await self._lines.close()

    def _points(self, line: bytes) -> Iterator[Stored]:
        """Yield the points of one part of the answer."""
        try:
            answer: dict[str, Any] = json.loads(line)
            for result in [answer] if "error" in answer else answer["results"]:
                if "error" in result:
                    raise SinkUnreadable(self._settings.name, str(result["error"]))
                for series in result.get("series", ()):
                    yield from _series(series)
        except MALFORMED as exc:
            reason = f"an answer that is not InfluxQL's: {exc}"
            raise SinkUnreadable(self._settings.name, reason) from exc


def _series(series: dict[str, Any]) -> Iterator[Stored]:
    entity_id = entity_of(series["name"], series.get("tags") or {})
    if not entity_id:
        return
    names = series["columns"][1:]
    for time_ns, *values in series["values"]:
        fields = {
            name: value
            for name, value in zip(names, values, strict=True)
            if value is not None
        }
        yield Stored(series["name"], entity_id, time_ns, fields)
