"""The cases of the transform: each runs over all frames once and returns a count.

Used by the timed tests and by the table of ratios, so that both measure one thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import home, lower_bound, msgspec_baseline, point_baseline
from benchmarks.measuring import Case
from hiq import Pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.data import Data

__all__ = ["NAMES", "case", "cases"]

TAKE_BYTES = 256 * 1024
BOUND = "lower bound"
NAMES = (
    BOUND,
    "core",
    "core, grouped",
    "core, first pass",
    "msgspec decode",
    "msgspec, new state",
    "orjson + Point",
)


def cases(data: Data, *, ruled: bool = False) -> dict[str, Case]:
    """All cases over these frames; without the lower bound if there is no compiler."""
    names = NAMES if lower_bound.compiler() else NAMES[1:]
    return {name: case(name, data, ruled=ruled) for name in names}


def case(name: str, data: Data, *, ruled: bool = False) -> Case:
    """One case over these frames.

    A running pipeline has seen the frames once, as in a service; in its first pass it
    knows no entity. `ruled`: its filter has rules of every kind, and the registry's
    tags are known.
    """
    frames = data.frames
    match name:
        case "lower bound":
            run = lower_bound.prepare(frames)
            return Case(run, lower_bound.expected(frames))
        case "core" | "core, grouped":
            pipeline, grouped = _pipeline(ruled=ruled), name == "core, grouped"
            if ruled:
                home.tag(pipeline, frames)
            convert(pipeline, frames, grouped=grouped)
            return Case(lambda: convert(pipeline, frames, grouped=grouped), data.points)
        case "core, first pass":
            return Case(lambda: convert(_pipeline(ruled=ruled), frames), data.points)
        case "msgspec decode":
            return Case(lambda: msgspec_baseline.decode(frames), data.events)
        case "msgspec, new state":
            return Case(lambda: msgspec_baseline.decode_new(frames), data.events)
        case _:
            return Case(lambda: len(point_baseline.convert(frames)), data.points)


def _pipeline(*, ruled: bool) -> Pipeline:
    """Return a pipeline that says `full` at 256 KiB of lines."""
    return Pipeline({"high_water": TAKE_BYTES, **(home.BY_CLASS if ruled else {})})


def convert(
    pipeline: Pipeline, frames: Sequence[bytes], *, grouped: bool = False
) -> int:
    """Feed all frames, take the lines 256 KiB at a time; counts points."""
    points = 0
    feed = pipeline.feed
    take = pipeline.take_batch if grouped else pipeline.take
    for frame in frames:
        if feed(frame).full:
            points += pipeline.buffered_points
            take()
    points += pipeline.buffered_points
    take()
    return points
