"""Reading back from the embedded store, while the service may write to it.

Goes from series to series, each by its key: the cost is that of the span, not of the
store. It does not know what should be there.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

from hiq.errors import SinkUnreadable, StoreError
from hiq.sink.reader import Reader
from hiq.sink.schema import TRUE
from hiq.sink.stored import Stored, entity_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from hiq.sink.decode import Value

__all__ = ["SqliteReader"]


class SqliteReader:
    """Implements `hiq.sink.stored.StoredReader`."""

    samples = False

    def __init__(self, name: str, path: Path) -> None:
        self._name = name
        self._path = path

    async def read(self, start_ns: int, end_ns: int) -> AsyncIterator[Stored]:
        """Yield the points of a span. Blocks between them: it is one local file."""
        try:
            with Reader(self._path, timeout_s=None) as reader:
                for point in _points(reader, start_ns, end_ns):
                    yield point
        except StoreError as exc:
            raise SinkUnreadable(self._name, str(exc)) from exc

    async def close(self) -> None:
        """Nothing is open between reads."""


def _points(reader: Reader, start_ns: int, end_ns: int) -> Iterator[Stored]:
    _, rows = reader.sql(
        "SELECT series.measurement, series.tags, samples.time_ns, fields.name,"  # noqa: S608  numbers only
        " samples.value FROM series CROSS JOIN samples ON samples.series = series.id"
        f" AND samples.time_ns >= {int(start_ns)} AND samples.time_ns < {int(end_ns)}"
        " JOIN fields ON fields.id = samples.field"
    )
    for (measurement, text, time_ns), several in groupby(rows, key=lambda row: row[:3]):
        entity_id = entity_of(measurement, json.loads(text))
        if not entity_id:
            continue
        fields = {row[3]: _value(row[4]) for row in several}
        yield Stored(measurement, entity_id, time_ns, fields)


def _value(value: Value | bytes) -> Value:
    return value == TRUE if isinstance(value, bytes) else value
