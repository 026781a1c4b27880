"""The cases: each runs over all frames once and returns what can be checked.

Used by the timed tests and by the table of ratios, so that both measure one thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import msgspec_baseline, point_baseline
from hiq import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.data import Data

TAKE_BYTES = 1024 * 1024


def core(frames: Iterable[bytes]) -> int:
    """Frame to lines in order of arrival, taken a MiB at a time; counts points."""
    pipeline = Pipeline()
    points = 0
    for frame in frames:
        points += pipeline.feed(frame).points
        if pipeline.buffered_bytes >= TAKE_BYTES:
            pipeline.take()
    pipeline.take()
    return points


def core_grouped(frames: Iterable[bytes]) -> int:
    """The same, but grouped by series, as `serve` takes them."""
    pipeline = Pipeline()
    points = 0
    for frame in frames:
        pipeline.feed(frame)
        if pipeline.buffered_bytes >= TAKE_BYTES:
            points += pipeline.take_batch().points
    return points + pipeline.take_batch().points


def point(frames: Iterable[bytes]) -> int:
    """Baseline: orjson and influxdb-client's Point; counts points."""
    return len(point_baseline.convert(frames))


CASES: dict[str, Callable[[Iterable[bytes]], int]] = {
    "core": core,
    "core, grouped": core_grouped,
    "orjson + Point": point,
    "msgspec decode": msgspec_baseline.decode,
}


def expected(case: str, data: Data) -> int:
    """What a case must return: points, or state changes where no point is made."""
    return data.events if case == "msgspec decode" else data.points
