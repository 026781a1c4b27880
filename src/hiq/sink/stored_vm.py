"""Reading back from VictoriaMetrics: its export API, a series after the other.

Every field is a metric of its own, named measurement, `_`, field; times are cut to
milliseconds and texts are stored as 0, so only numbers can be compared. It does not
know what should be there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hiq.errors import SinkUnreadable
from hiq.sink.stored import MALFORMED, Stored, entity_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hiq.settings.schema import SinkSettings
    from hiq.sink.dialect import Dialect
    from hiq.sink.lines import Lines

__all__ = ["VictoriaMetricsReader"]

MILLISECOND = 10**6
ROWS_PER_LINE = 5_000


class VictoriaMetricsReader:
    """Implements `hiq.sink.stored.StoredReader`."""

    samples = True

    def __init__(self, settings: SinkSettings, kind: Dialect, lines: Lines) -> None:
        self._settings = settings
        self._kind = kind
        self._lines = lines

    async def read(self, start_ns: int, end_ns: int) -> AsyncIterator[Stored]:
        """Yield the samples of a span."""
        place = self._kind.place.replace("\\", "\\\\").replace('"', '\\"')
        match = '{entity_id!=""' + (f',db="{place}"' if place else "") + "}"
        first, last = start_ns // MILLISECOND, -(-end_ns // MILLISECOND) - 1
        url = self._kind.url(
            "/api/v1/export",
            **{
                "match[]": match,
                "start": f"{first // 1000}.{first % 1000:03d}",
                "end": f"{last // 1000}.{last % 1000:03d}",
                "max_rows_per_line": str(ROWS_PER_LINE),
            },
        )
        try:
            # what was written just now is invisible until it is flushed
            flush = self._kind.url("/internal/force_flush")
            async for _ in self._lines.ask("GET", flush):
                pass
            async for line in self._lines.ask("GET", url):
                series: dict[str, Any] = json.loads(line)
                name = series["metric"]["__name__"]
                entity_id = entity_of(name, series["metric"])
                if not entity_id:
                    continue
                pairs = zip(series["timestamps"], series["values"], strict=True)
                for time_ms, value in pairs:
                    if value is not None:
                        at = time_ms * MILLISECOND
                        yield Stored(name, entity_id, at, {"": value})
        except MALFORMED as exc:
            reason = f"an answer that is not an export: {exc}"
            raise SinkUnreadable(self._settings.name, reason) from exc

    async def close(self) -> None:
        """Close the connection."""
        await self._lines.close()
