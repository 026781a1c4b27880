"""Cost per event as a home grows: entities, bytes per event, globs of the filter.

    python -m benchmarks.scale [--rounds 5] [--plots docs/topics]

`Pipeline.feed` and a grouped take at each MiB, processor time of the thread, the best
of some rounds (each round begins with the tables filled). Beside the sizes stands
orjson.loads of the same messages. Flat is what is wanted: per event over entities and
globs, per byte over sizes.
"""

from __future__ import annotations

import argparse
import gc
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from benchmarks.playing import played
from benchmarks.shaped import of_entities, of_size
from benchmarks.svg import lines
from hiq import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ENTITIES = (100, 1_000, 10_000, 100_000)
SIZES = (200, 500, 1_000, 4_000, 15_000, 60_000)
GLOBS = (0, 1, 10, 100, 1_000)
TAKE_BYTES = 1024 * 1024
SIZED_BYTES = 8 * 1024 * 1024

Points: TypeAlias = list[tuple[float, float]]


def cost(
    messages: Sequence[bytes], rounds: int, options: dict[str, Any] | None = None
) -> float:
    """Nanoseconds per message; each must make a point or be filtered."""
    pipeline = Pipeline(options)

    def run() -> int:
        seen = 0
        for message in messages:
            verdict = pipeline.feed(message)
            seen += verdict.points + verdict.filtered + verdict.skipped
            if pipeline.buffered_bytes >= TAKE_BYTES:
                pipeline.take_batch()
        pipeline.take_batch()
        return seen

    run()
    return best(run, len(messages), rounds)


def best(run: Callable[[], int], expected: int, rounds: int) -> float:
    """Nanoseconds for each of what `run` must return."""
    times = []
    for _ in range(rounds):
        gc.collect()
        began = time.thread_time_ns()
        seen = run()
        times.append(time.thread_time_ns() - began)
        if seen != expected:
            raise AssertionError(f"{seen} of {expected} messages were events")
    return min(times) / expected


def globs(count: int) -> dict[str, Any]:
    """Options with so many globs that match nothing recorded."""
    names = [f"*_nowhere_{number}_*_power" for number in range(count)]
    return {"exclude": {"entity_globs": names}} if count else {}


def over_entities(counts: Sequence[int], rounds: int) -> Points:
    """Nanoseconds per event by number of entities; each comes twice at least."""
    recorded = played("stream").messages
    out = []
    print("| entities | ns/event | / first |\n|---|---|---|")
    for count in counts:
        ns = cost(of_entities(recorded, count, max(2 * count, 20_000)), rounds)
        out.append((count, ns))
        print(f"| {count:,} | {ns:,.0f} | {ns / out[0][1]:.2f} |", flush=True)
    return out


def over_sizes(sizes: Sequence[int], rounds: int) -> tuple[Points, Points]:
    """Nanoseconds per KB by bytes of an event; also those of orjson.loads."""
    recorded = played("stream").messages
    ours: Points = []
    theirs: Points = []
    print("\n| bytes/event | ns/event | ns/KB | orjson.loads / it |\n|---|---|---|---|")
    for size in sizes:
        count = min(4_000, SIZED_BYTES // size)
        messages = [of_size(recorded[0], size, number) for number in range(count)]
        real = sum(map(len, messages)) / count
        ns = cost(messages, rounds)
        other = best(
            lambda held=messages: len([orjson.loads(m) for m in held]),  # type: ignore[misc]
            count,
            rounds,
        )
        ours.append((real, ns / real * 1000))
        theirs.append((real, other / real * 1000))
        print(
            f"| {real:,.0f} | {ns:,.0f} | {ours[-1][1]:,.0f} | {other / ns:.1f} |",
            flush=True,
        )
    return ours, theirs


def over_globs(counts: Sequence[int], rounds: int) -> Points:
    """Nanoseconds per event by number of globs, none of which matches."""
    recorded = played("stream").messages
    out: Points = []
    print("\n| globs | ns/event | / first |\n|---|---|---|")
    for count in counts:
        ns = cost(recorded, rounds, globs(count))
        out.append((count, ns))
        print(f"| {count:,} | {ns:,.0f} | {ns / out[0][1]:.2f} |", flush=True)
    return out


def main() -> None:
    """Print three tables, and draw three plots."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plots", type=Path, help="folder to write plots to (SVG)")
    given = parser.parse_args()
    entities = over_entities(ENTITIES, given.rounds)
    sizes, orjson_sizes = over_sizes(SIZES, given.rounds)
    filters = over_globs(GLOBS, given.rounds)
    if given.plots is None:
        return
    drawn = {
        "entities": lines(
            "Cost by number of entities", "entities", "ns per event",
            {"core": entities}, logarithmic=True,
        ),
        "size": lines(
            "Cost by size of an event", "bytes per event", "ns per KB",
            {"core": sizes, "orjson.loads": orjson_sizes}, logarithmic=True,
        ),
        "globs": lines(
            "Cost by number of globs", "globs", "ns per event",
            {"core": [point for point in filters if point[0]]}, logarithmic=True,
        ),
    }  # fmt: skip
    for name, text in drawn.items():
        (given.plots / f"scale-{name}.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
