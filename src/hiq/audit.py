"""Home Assistant's recorder against what the sinks hold, window by window.

One window of time is in memory: the rows of the recorder in it, as the points that
the pipeline makes of them. Each sink streams what it holds against that. A window
with too many rows is taken again in halves, one with few makes the next one longer.
It knows neither how a recorder is asked nor how a database is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

from hiq.compare import Expected, Finding, Key, Window
from hiq.sink.decode import decode, decode_series
from hiq.sink.encode import encode_series
from hiq.sink.stored import entity_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from hiq.sink.stored import StoredReader

__all__ = ["Audited", "Recorder", "Rows", "audit", "chosen"]

SECOND = 10**6
FIRST_WINDOW_US = 300 * SECOND
LONGEST_WINDOW_US = 24 * 3600 * SECOND
MAX_ROWS = 50_000
"""Rows of a window; above that it is halved, down to a second."""


@dataclass(slots=True)
class Rows:
    """What the recorder has in a window.

    Attributes:
        lines: what the pipeline makes of it, per schema.
        known: entity and nanoseconds of every row, also of those without a point.
        bare: those of them whose attributes are empty.
        complete: False if there were too many, so that the rest was not asked for.
    """

    lines: dict[str, bytes] = field(default_factory=dict)
    known: set[Key] = field(default_factory=set)
    bare: set[Key] = field(default_factory=set)
    complete: bool = True


class Recorder(Protocol):
    """What the truth is asked of."""

    async def names(self) -> set[str]:
        """Return the entities that it knows of."""

    async def rows(
        self, entity_ids: Sequence[str], after_us: int, until_us: int, limit: int
    ) -> Rows:
        """Return the rows with `after_us < time <= until_us`, at most about `limit`."""


@dataclass(slots=True)
class Audited:
    """One sink and what was found in it.

    - `counts`: compared, missing, extra, different, unjudged, repaired, refused.
    - `findings`: the first `limit`; `unjudged`: stored points of entities that the
      recorder has no row of.
    - `coerced`: fields may have other names because of their types.
    - `write` brings lines to the sink and returns how many it took; None: nothing
      is repaired.
    """

    name: str
    schema: str
    reader: StoredReader
    limit: int = 1000
    coerced: bool = False
    write: Callable[[list[bytes]], Awaitable[int]] | None = None
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    unjudged: Counter[str] = field(default_factory=Counter)

    @property
    def differs(self) -> bool:
        """Whether anything is not as it should be."""
        return any(self.counts[kind] for kind in ("missing", "extra", "different"))

    async def take(self, window: Window) -> None:
        """Add the result of a window, and repair what is missing."""
        self.counts += window.counts
        self.unjudged += window.unjudged
        self.findings += window.findings[: self.limit - len(self.findings)]
        if self.write is not None and window.repairs:
            done = await self.write(window.repairs)
            self.counts["repaired"] += done
            self.counts["refused"] += len(window.repairs) - done


async def audit(
    recorder: Recorder,
    sinks: Sequence[Audited],
    start_us: int,
    end_us: int,
    *,
    patterns: Sequence[str] = (),
    progress: Callable[[int], None] = lambda _: None,
    max_rows: int = MAX_ROWS,
    window_us: int = FIRST_WINDOW_US,
) -> None:
    """Compare all with `start_us <= time < end_us`; the result is in the sinks.

    Args:
        recorder: the truth.
        sinks: what is compared with it.
        start_us: microseconds since 1970.
        end_us: the same.
        patterns: globs of the entities that count; none: all.
        progress: is told up to where it has come.
        max_rows: rows that may be in memory at once.
        window_us: length of the first window.
    """
    asked = set(chosen(await recorder.names(), patterns))
    asked |= {name for name in patterns if not set("*?[") & set(name)}
    recorded: set[str] = set()
    at = start_us
    while at < end_us:
        until = min(at + window_us, end_us)
        rows = await recorder.rows(sorted(asked), at - 1, until - 1, max_rows)
        if not rows.complete and until - at > SECOND:
            window_us = max(SECOND, (until - at) // 2 // SECOND * SECOND)
            continue
        recorded |= {entity_id for entity_id, _ in rows.known}
        windows = [
            await _compare(sink, rows, (asked, recorded), (at, until)) for sink in sinks
        ]
        strangers = set().union(*(window.strangers for window in windows))
        strangers = set(chosen(strangers - asked, patterns))
        if strangers:  # stored, and gone from Home Assistant: ask for them, too
            asked |= strangers
            continue
        for sink, window in zip(sinks, windows, strict=True):
            await sink.take(window)
        at = until
        progress(at)
        if len(rows.known) < max_rows // 4:
            window_us = min(window_us * 2, LONGEST_WINDOW_US)


def chosen(names: Iterable[str], patterns: Sequence[str]) -> Iterator[str]:
    """Yield the entities that one of the globs matches; without globs all."""
    for name in names:
        if not patterns or any(fnmatchcase(name, glob) for glob in patterns):
            yield name


async def _compare(
    sink: Audited,
    rows: Rows,
    names: tuple[set[str], set[str]],
    span_us: tuple[int, int],
) -> Window:
    """Hold one sink against the rows of a window.

    `names`: the entities that were asked for, and those that the recorder has.
    """
    asked, recorded = names
    start_us, end_us = span_us
    window = Window(
        _expected(rows.lines.get(sink.schema, b""), rows.bare),
        rows.known,
        asked,
        recorded,
        samples=sink.reader.samples,
        limit=sink.limit,
        coerced=sink.coerced,
    )
    async for stored in sink.reader.read(start_us * 1000, end_us * 1000):
        window.see(stored)
    window.finish()
    return window


def _expected(lines: bytes, bare: set[Key]) -> Iterator[tuple[Key, Expected]]:
    """Yield the points of lines; those without an entity are none of ours."""
    names: dict[bytes, tuple[str, str, str]] = {}
    for line in lines.split(b"\n"):
        for series, time_ns, values in decode(line):
            if series not in names:
                measurement, tags = decode_series(series)
                entity_id = entity_of(measurement, tags)
                text = encode_series(measurement, tags)
                names[series] = (measurement, entity_id, text)
            measurement, entity_id, text = names[series]
            key = (entity_id, time_ns)
            fields = dict(values)
            point = Expected(text, measurement, fields, line, key in bare)
            yield key, point
