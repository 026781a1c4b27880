"""VictoriaMetrics read for charts: MetricsQL, and the export of single points.

It holds numbers only, so an entity that never has one has no chart, and on and off are
1 and 0. What came in the last second or two is not visible yet: making the server
flush for each chart would cost it more than that is worth.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from hiq.errors import SinkUnreadable
from hiq.sink.charted import Charted, Found, Held, choose, merged, step_s
from hiq.sink.metricsql import (
    SHIFT_S,
    STATES,
    after,
    anyone,
    fields_of,
    newest,
    several,
    whose,
)
from hiq.sink.stored import MALFORMED, entity_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hiq.settings.schema import SinkSettings
    from hiq.sink.dialect import Dialect
    from hiq.sink.lines import Lines

__all__ = ["VictoriaMetricsCharts"]

MILLISECOND: Final = 10**6
NUMBERS: Final = frozenset(("value", "state_numeric"))
FIRST_S: Final = 946_684_800
"""The year 2000: what looks before 1970, also by its first window, finds nothing."""
DAYS_S: Final = 86_400
LOOKS_S: Final = (DAYS_S, 30 * DAYS_S)
"""Most entities have a point in the last day; only the others are looked for longer."""
AT_ONCE: Final = 200
"""Entities that are looked for by one query."""
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class VictoriaMetricsCharts:
    """Implements `hiq.sink.charted.ChartReader`."""

    def __init__(self, settings: SinkSettings, kind: Dialect, lines: Lines) -> None:
        self._settings = settings
        self._kind = kind
        self._lines = lines

    async def chart(
        self, entity_id: str, start_ns: int, end_ns: int, most: int
    ) -> Charted:
        """Return an entity in a span of time."""
        first_ms = max(start_ns // MILLISECOND, FIRST_S * 1000)
        last_ms = -(-end_ns // MILLISECOND)
        selectors = whose(entity_id, self._kind.place, STATES)
        if first_ms >= last_ms or not selectors:
            return Charted()
        query = after(selectors, last_ms - first_ms, by_name=True)
        found: dict[str, dict[str, float]] = {}
        for labels, samples in await self._windows(query, last_ms, last_ms, 1000):
            of_name = found.setdefault(labels["__name__"], {})
            of_name[labels["of"]] = samples[0][1]
        fields = fields_of(found)
        chosen = choose(
            entity_id,
            merged(
                Found(field, int(one["count"]), one["low"], one["high"])
                for name, (_, field) in fields.items()
                if field in NUMBERS
                for one in (found[name],)
            ),
        )
        if chosen is None:
            return Charted()
        field = chosen[0]
        names = [name for name in fields if fields[name][1] == field.name]
        last = max(names, key=lambda name: found[name]["last"])
        drawn = Charted(fields[last][0], field.name, "number", field.points)
        selectors = whose(entity_id, self._kind.place, several(names))
        if field.points <= most:
            points = await self._points(selectors, first_ms, last_ms)
            points = points[-most:]  # some may have come meanwhile
            return replace(
                drawn,
                times=[time_ms / 1000 for time_ms, _ in points],
                values=[value for _, value in points],
            )
        step = step_s((end_ns - start_ns) / 1e9, most)
        rows = await self._steps(selectors, first_ms, last_ms, int(step * 1000))
        return replace(
            drawn,
            step_s=step,
            times=[time_ms / 1000 for time_ms, _ in rows],
            values=[row["sum"] / row["count"] for _, row in rows],
            low=[row["low"] for _, row in rows],
            high=[row["high"] for _, row in rows],
        )

    async def held(self) -> list[Held]:
        """Return every entity that has points."""
        place = self._kind.place
        series = await self._ask(
            "/api/v1/series", {"match[]": anyone(place), "start": str(FIRST_S)}
        )
        names: dict[str, set[str]] = {}
        objects: dict[str, str] = {}
        with self._understood():
            for labels in series:
                if entity_id := entity_of(labels["__name__"], labels):
                    names.setdefault(entity_id, set()).add(labels["__name__"])
                    objects[entity_id] = labels["entity_id"]
        lasts_ns = await self._newest(newest(place, LOOKS_S[0]))
        ever_s = int(time.time()) - FIRST_S
        for look_s in (*LOOKS_S[1:], ever_s):
            silent = sorted({objects[x] for x in objects if x not in lasts_ns})
            for begin in range(0, len(silent), AT_ONCE):
                some = silent[begin : begin + AT_ONCE]
                lasts_ns |= await self._newest(newest(place, look_s, some))
        return [
            Held(
                entity_id,
                tuple(sorted({one for one, _ in fields_of(names[entity_id]).values()})),
                lasts_ns[entity_id],
            )
            for entity_id in sorted(names)
            if entity_id in lasts_ns  # else its points are gone, its name is not yet
        ]

    async def close(self) -> None:
        """Close the connections."""
        await self._lines.close()

    async def _points(
        self, selectors: Sequence[str], first_ms: int, last_ms: int
    ) -> list[tuple[int, float]]:
        """Return each point once, by time; the server keeps repeats."""
        fields = {
            "match[]": selectors,
            "start": _seconds(first_ms),
            "end": _seconds(last_ms - 1),
        }
        url = self._kind.url("/api/v1/export")
        points: set[tuple[int, float]] = set()
        body = urlencode(fields, doseq=True).encode()
        with self._understood():
            async for line in self._lines.ask("POST", url, data=body, headers=FORM):
                series: dict[str, Any] = json.loads(line)
                pairs = zip(series["timestamps"], series["values"], strict=True)
                points.update((at, float(x)) for at, x in pairs if x is not None)
        return sorted(points)

    async def _steps(
        self, selectors: Sequence[str], first_ms: int, last_ms: int, step_ms: int
    ) -> list[tuple[int, dict[str, float]]]:
        """Return sum, count, low and high of each step, those at the ends cut."""
        whole_ms = -(-first_ms // step_ms) * step_ms
        rest_ms = last_ms // step_ms * step_ms
        cuts = [(first_ms, whole_ms), (rest_ms, last_ms)]
        if whole_ms > rest_ms:  # all in one step
            cuts = [(first_ms, last_ms)]
        rows: dict[int, dict[str, float]] = {}
        if whole_ms < rest_ms:
            query = after(selectors, step_ms, by_name=False)
            for labels, samples in await self._windows(
                query, whole_ms + step_ms, rest_ms, step_ms
            ):
                for at_ms, value in samples:
                    rows.setdefault(at_ms - step_ms, {})[labels["of"]] = value
        for begin_ms, end_ms in cuts:
            if begin_ms == end_ms:
                continue
            query = after(selectors, end_ms - begin_ms, by_name=False)
            at_ms = begin_ms // step_ms * step_ms
            for labels, samples in await self._windows(query, end_ms, end_ms, step_ms):
                rows.setdefault(at_ms, {})[labels["of"]] = samples[0][1]
        return sorted(rows.items())

    async def _windows(
        self, query: str, first_ms: int, last_ms: int, step_ms: int
    ) -> list[tuple[dict[str, str], list[tuple[int, float]]]]:
        """Return labels and samples of windows that end at these times, without them.

        A window of the server holds its end and not its beginning, so it is moved.
        """
        moved_ms = SHIFT_S * 1000 + 1
        data = await self._ask(
            "/api/v1/query_range",
            {
                "query": query,
                "start": _seconds(first_ms - moved_ms),
                "end": _seconds(last_ms - moved_ms),
                "step": f"{step_ms}ms",
            },
        )
        with self._understood():
            return [
                (
                    series["metric"],
                    [
                        (round(at_s * 1000) + moved_ms, float(value))
                        for at_s, value in series["values"]
                    ],
                )
                for series in data["result"]
            ]

    async def _newest(self, query: str) -> dict[str, int]:
        """Return the last time of each entity in the answer."""
        data = await self._ask("/api/v1/query", {"query": query})
        lasts_ns: dict[str, int] = {}
        with self._understood():
            for series in data["result"]:
                entity_id = entity_of(series["metric"]["__name__"], series["metric"])
                last_ns = round(float(series["value"][1]) * 1000) * MILLISECOND
                lasts_ns[entity_id] = max(last_ns, lasts_ns.get(entity_id, 0))
        return lasts_ns

    async def _ask(self, path: str, fields: Mapping[str, str]) -> Any:
        """Return the data of an answer; the server gives up when nobody waits."""
        limits = {"nocache": "1", "timeout": f"{self._settings.timeout:g}s"}
        body = urlencode({**fields, **limits}).encode()
        url = self._kind.url(path)
        text = b""
        async for line in self._lines.ask("POST", url, data=body, headers=FORM):
            text += line
        with self._understood():
            return json.loads(text)["data"]

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Make of what an answer lacks a SinkUnreadable."""
        try:
            yield
        except MALFORMED as exc:
            reason = f"an answer that is not VictoriaMetrics': {exc!r}"
            raise SinkUnreadable(self._settings.name, reason) from exc


def _seconds(time_ms: int) -> str:
    return f"{time_ms // 1000}.{time_ms % 1000:03d}"
