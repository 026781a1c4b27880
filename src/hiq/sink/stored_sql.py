"""Reading back from InfluxDB 3: SQL over HTTP, a table for each measurement.

As the HTTP API reference documents it; there is no such server in the tests, only a
fake that was written from the same pages. It does not know what should be there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hiq.errors import SinkUnreadable
from hiq.sink.stored import MALFORMED, Stored, entity_of, nanoseconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hiq.settings.schema import SinkSettings
    from hiq.sink.dialect import Dialect
    from hiq.sink.lines import Lines

__all__ = ["SqlReader"]

TABLES = (
    "SELECT DISTINCT table_name FROM information_schema.columns "
    "WHERE table_schema = 'iox' AND column_name = 'entity_id'"
)


class SqlReader:
    """Implements `hiq.sink.stored.StoredReader`; tags are among the fields."""

    samples = False

    def __init__(self, settings: SinkSettings, kind: Dialect, lines: Lines) -> None:
        self._settings = settings
        self._kind = kind
        self._lines = lines

    async def read(self, start_ns: int, end_ns: int) -> AsyncIterator[Stored]:
        """Yield the points of a span, table by table."""
        try:
            tables = [str(row["table_name"]) async for row in self._rows(TABLES)]
            for table in sorted(tables):
                quoted = table.replace('"', '""')
                query = (
                    f'SELECT * FROM "{quoted}" '  # noqa: S608  quoted
                    f"WHERE time >= to_timestamp_nanos({start_ns}) "
                    f"AND time < to_timestamp_nanos({end_ns})"
                )
                async for row in self._rows(query):
                    entity_id = entity_of(table, row)
                    if entity_id:
                        yield _point(table, entity_id, row)
        except MALFORMED as exc:
            reason = f"an answer that is not rows of JSON: {exc}"
            raise SinkUnreadable(self._settings.name, reason) from exc

    async def close(self) -> None:
        """Close the connection."""
        await self._lines.close()

    async def _rows(self, query: str) -> AsyncIterator[dict[str, Any]]:
        body = {"db": self._kind.place, "q": query, "format": "jsonl"}
        lines = self._lines.ask(
            "POST",
            self._kind.url("/api/v3/query_sql"),
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        async for line in lines:
            if line.strip():
                yield json.loads(line)


def _point(table: str, entity_id: str, row: dict[str, Any]) -> Stored:
    time_ns = nanoseconds(str(row.pop("time")))
    fields = {name: value for name, value in row.items() if value is not None}
    return Stored(table, entity_id, time_ns, fields)
