"""The embedded store read for charts, in a thread of its own.

A query has a deadline, so a thread that is busy ends soon after the service. It never
blocks the writer.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from hiq.sink.charted import (
    FIELDS,
    Charted,
    Found,
    Held,
    changes,
    choose,
    merged,
    step_s,
)
from hiq.sink.reader import Reader
from hiq.sink.stored import REGISTRY

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SqliteCharts"]

TIMEOUT_S: Final = 5.0
TEXTS: Final = 20_000
"""Texts that are looked at for changes, the newest."""
NAMES: Final = tuple(name for pair in FIELDS for name in pair)

_FOUND: Final = f"""
    SELECT field, count(*), min(number), max(number), measurement, max(time_ns)
    FROM points WHERE entity_id = ? AND time_ns >= ? AND time_ns < ?
    AND field IN ({", ".join("?" * len(NAMES))})
    GROUP BY field, measurement ORDER BY 6
"""  # noqa: S608  our own words
_POINTS: Final = """
    SELECT time_ns, coalesce(number, text) FROM points
    WHERE entity_id = ? AND time_ns >= ? AND time_ns < ? AND field = ?
    ORDER BY time_ns DESC LIMIT ?
"""
_STEPS: Final = """
    SELECT time_ns / ?5, avg(number), min(number), max(number) FROM points
    WHERE entity_id = ?1 AND time_ns >= ?2 AND time_ns < ?3 AND field = ?4
    GROUP BY 1 ORDER BY 1
"""


class SqliteCharts:
    """Implements `hiq.sink.charted.ChartReader`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hiq-chart")

    async def chart(
        self, entity_id: str, start_ns: int, end_ns: int, most: int
    ) -> Charted:
        """Return an entity in a span of time."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, self._chart, entity_id, start_ns, end_ns, most
        )

    async def held(self) -> list[Held]:
        """Return every entity that has points."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._held
        )

    async def close(self) -> None:
        """Let the thread go; what it reads is not waited for."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _chart(self, entity_id: str, start_ns: int, end_ns: int, most: int) -> Charted:
        span = (entity_id, start_ns, end_ns)
        with Reader(self._path, timeout_s=TIMEOUT_S) as reader:
            rows = list(reader.sql(_FOUND, (*span, *NAMES))[1])
            chosen = choose(entity_id, merged(Found(*row[:4]) for row in rows))
            if chosen is None:
                return Charted()
            field, is_text = chosen
            measurement = next(row[4] for row in reversed(rows) if row[0] == field.name)
            if is_text or field.points <= most:
                newest = TEXTS if is_text else most
                _, found = reader.sql(_POINTS, (*span, field.name, newest))
                points = list(found)[::-1]
                times = [time_ns / 1e9 for time_ns, _ in points]
                if is_text:
                    texts = [str(value) for _, value in points]
                    times, texts = changes(times, texts, most)
                    return Charted(
                        measurement, field.name, "text", field.points, 0.0, times, texts
                    )
                numbers = [float(value) for _, value in points]
                return Charted(
                    *(measurement, field.name, "number", field.points, 0.0),
                    times=times,
                    values=numbers,
                )
            step = step_s((end_ns - start_ns) / 1e9, most)
            _, found = reader.sql(_STEPS, (*span, field.name, int(step * 1e9)))
            steps = list(found)
        return Charted(
            *(measurement, field.name, "number", field.points, step),
            times=[row[0] * step for row in steps],
            values=[row[1] for row in steps],
            low=[row[2] for row in steps],
            high=[row[3] for row in steps],
        )

    def _held(self) -> list[Held]:
        names: dict[str, tuple[set[str], int]] = {}
        with Reader(self._path, timeout_s=TIMEOUT_S) as reader:
            for entity_id, measurement, _, last_ns in reader.overview()[1]:
                if entity_id is None or last_ns is None or measurement == REGISTRY:
                    continue
                measurements, newest_ns = names.get(entity_id, (set(), 0))
                measurements.add(measurement)
                names[entity_id] = measurements, max(newest_ns, last_ns)
        return [
            Held(name, tuple(sorted(measurements)), last_ns)
            for name, (measurements, last_ns) in sorted(names.items())
        ]
