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

TAKE_BYTES = 256 * 1024


_RUNNING: dict[int, Pipeline] = {}
"""Pipelines that have seen a set of frames, by the identity of the set."""


def core(frames: Iterable[bytes]) -> int:
    """Frame to lines by a new pipeline, which knows no entity; counts points."""
    return _convert(_pipeline(), frames)


def core_running(frames: Iterable[bytes]) -> int:
    """The same by a pipeline that runs for a while, as in a service."""
    pipeline = _RUNNING.get(id(frames))
    if pipeline is None:
        pipeline = _RUNNING[id(frames)] = _pipeline()
        _convert(pipeline, frames)
    return _convert(pipeline, frames)


def _pipeline() -> Pipeline:
    """Return a pipeline that says `full` at 256 KiB of lines."""
    return Pipeline({"high_water": TAKE_BYTES})


def _convert(pipeline: Pipeline, frames: Iterable[bytes]) -> int:
    """Feed all frames, take the lines 256 KiB at a time in order of arrival."""
    points = 0
    feed = pipeline.feed
    for frame in frames:
        if feed(frame).full:
            points += pipeline.buffered_points
            pipeline.take()
    points += pipeline.buffered_points
    pipeline.take()
    return points


def core_grouped(frames: Iterable[bytes]) -> int:
    """By a new pipeline, but grouped by series, as `serve` takes the lines."""
    pipeline = _pipeline()
    points = 0
    feed = pipeline.feed
    for frame in frames:
        if feed(frame).full:
            points += pipeline.take_batch().points
    return points + pipeline.take_batch().points


def point(frames: Iterable[bytes]) -> int:
    """Baseline: orjson and influxdb-client's Point; counts points."""
    return len(point_baseline.convert(frames))


CASES: dict[str, Callable[[Iterable[bytes]], int]] = {
    "core": core_running,
    "core, first pass": core,
    "core, grouped": core_grouped,
    "orjson + Point": point,
    "msgspec decode": msgspec_baseline.decode,
}


def expected(case: str, data: Data) -> int:
    """What a case must return: points, or state changes where no point is made."""
    return data.events if case == "msgspec decode" else data.points
