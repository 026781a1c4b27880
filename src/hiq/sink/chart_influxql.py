"""InfluxDB read for charts: InfluxQL over HTTP, which versions 2 and 3 answer too.

Measurements are not known, so each is asked: a new unit makes a new one. The tag
`entity_id` is the whole id, or the part behind the tag `domain`. A bucket of version 2
is a database by its name, or database and retention policy if it has a slash.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hiq.errors import SinkUnreadable
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
from hiq.sink.stored import MALFORMED, entity_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from hiq.settings.schema import SinkSettings
    from hiq.sink.dialect import Dialect
    from hiq.sink.lines import Lines

__all__ = ["InfluxqlCharts"]

TEXTS: Final = 20_000
NAMES: Final = tuple(name for pair in FIELDS for name in pair)
NUMBERS: Final = tuple(pair[0] for pair in FIELDS)


class InfluxqlCharts:
    """Implements `hiq.sink.charted.ChartReader`."""

    def __init__(self, settings: SinkSettings, kind: Dialect, lines: Lines) -> None:
        self._settings = settings
        self._kind = kind
        self._lines = lines
        policy = settings.retention_policy
        self._target = {"db": kind.place}
        if kind.type == "influxdb2" and "/" in kind.place:
            database, _, bucket_policy = kind.place.partition("/")
            self._target = {"db": database, "rp": bucket_policy}
        self._source = f"{_name(policy)}./.*/" if policy else "/.*/"

    async def chart(
        self, entity_id: str, start_ns: int, end_ns: int, most: int
    ) -> Charted:
        """Return an entity in a span of time."""
        where = _where(entity_id, start_ns, end_ns)
        chosen = choose(entity_id, await self._found(where))
        if chosen is None:
            return Charted()
        field, is_text = chosen
        name = _name(field.name)
        if is_text or field.points <= most:
            newest = TEXTS if is_text else most
            rows = await self._rows(
                f"SELECT {name} FROM {self._source} WHERE {where} "  # noqa: S608
                f"ORDER BY time DESC LIMIT {newest}"
            )
            if not rows:  # removed meanwhile
                return Charted()
            times = [row[1] / 1e9 for row in rows]
            if is_text:
                texts = [str(row[2]) for row in rows]
                times, texts = changes(times, texts, most)
                return Charted(
                    rows[-1][0], field.name, "text", field.points, 0.0, times, texts
                )
            return Charted(
                *(rows[-1][0], field.name, "number", field.points, 0.0),
                times=times,
                values=[float(row[2]) for row in rows],
            )
        step = step_s((end_ns - start_ns) / 1e9, most)
        rows = await self._rows(
            f"SELECT mean({name}), min({name}), max({name}) "  # noqa: S608
            f"FROM {self._source} WHERE {where} "
            f"GROUP BY time({int(step * 1000)}ms) fill(none)"
        )
        if not rows:
            return Charted()
        return Charted(
            *(rows[-1][0], field.name, "number", field.points, step),
            times=[row[1] / 1e9 for row in rows],
            values=[float(row[2]) for row in rows],
            low=[float(row[3]) for row in rows],
            high=[float(row[4]) for row in rows],
        )

    async def held(self) -> list[Held]:
        """Return every entity that has points."""
        text = (
            f"SELECT *::field FROM {self._source} "  # noqa: S608  our own words
            'GROUP BY "domain", "entity_id" ORDER BY time DESC LIMIT 1'
        )
        names: dict[str, tuple[set[str], int]] = {}
        async for series in self._ask(text):
            entity_id = entity_of(series["name"], series.get("tags") or {})
            if not entity_id:
                continue
            measurements, newest_ns = names.get(entity_id, (set(), 0))
            measurements.add(series["name"])
            names[entity_id] = measurements, max(newest_ns, series["values"][0][0])
        return [
            Held(name, tuple(sorted(measurements)), last_ns)
            for name, (measurements, last_ns) in sorted(names.items())
        ]

    async def close(self) -> None:
        """Close the connections."""
        await self._lines.close()

    async def _found(self, where: str) -> list[Found]:
        columns = [f"count({_name(name)}) AS n{i}" for i, name in enumerate(NAMES)]
        columns += [
            f"{function}({_name(name)}) AS {function}{NAMES.index(name)}"
            for name in NUMBERS
            for function in ("min", "max")
        ]
        parts: list[Found] = []
        text = f"SELECT {', '.join(columns)} FROM {self._source} WHERE {where}"  # noqa: S608
        async for series in self._ask(text):
            row = dict(zip(series["columns"], series["values"][0], strict=True))
            parts += (
                Found(
                    name,
                    row.get(f"n{i}") or 0,
                    row.get(f"min{i}"),
                    row.get(f"max{i}"),
                )
                for i, name in enumerate(NAMES)
            )
        return merged(parts)

    async def _rows(self, text: str) -> list[list[Any]]:
        """Return measurement, time and values of each row, by time."""
        found = [
            [series["name"], *row]
            async for series in self._ask(text)
            for row in series["values"]
            if row[1] is not None
        ]
        found.sort(key=lambda row: row[1])
        return found

    async def _ask(self, text: str) -> AsyncIterator[dict[str, Any]]:
        url = self._kind.url("/query", **self._target, epoch="ns", q=text)
        async for line in self._lines.ask("GET", url):
            for series in self._series(line):
                yield series

    def _series(self, line: bytes) -> Iterator[dict[str, Any]]:
        try:
            answer: dict[str, Any] = json.loads(line)
            for result in [answer] if "error" in answer else answer["results"]:
                if "error" in result:
                    raise SinkUnreadable(self._settings.name, str(result["error"]))
                yield from result.get("series", ())
        except MALFORMED as exc:
            reason = f"an answer that is not InfluxQL's: {exc}"
            raise SinkUnreadable(self._settings.name, reason) from exc


def _where(entity_id: str, start_ns: int, end_ns: int) -> str:
    domain, _, name = entity_id.partition(".")
    return (
        f'("entity_id" = {_text(entity_id)} OR '
        f'("domain" = {_text(domain)} AND "entity_id" = {_text(name)})) '
        f"AND time >= {start_ns} AND time < {end_ns}"
    )


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def _name(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
