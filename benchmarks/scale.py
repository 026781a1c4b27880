"""Cost per event as a home grows: entities, bytes per event, globs of the filter.

    python -m benchmarks.scale [--rounds 5]

`Pipeline.feed` and a grouped take at each MiB, processor time of the thread, the best
of some rounds (each round begins with the tables filled). Beside the sizes stands
orjson.loads of the same messages. Flat is what is wanted: per event over entities and
globs, per byte over sizes.
"""

from __future__ import annotations

import argparse
import gc
import time
from typing import TYPE_CHECKING, Any

import orjson

from benchmarks.playing import played
from benchmarks.shaped import of_entities, of_size
from hiq import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ENTITIES = (100, 1_000, 10_000, 100_000)
SIZES = (200, 500, 1_000, 4_000, 15_000, 60_000)
GLOBS = (0, 1, 10, 100, 1_000)
TAKE_BYTES = 1024 * 1024
SIZED_BYTES = 8 * 1024 * 1024


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


def main() -> None:
    """Print three tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    recorded = played("stream").messages
    print("| entities | ns/event | / first |\n|---|---|---|")
    first = 0.0
    for count in ENTITIES:
        # Each entity comes twice at least.
        shaped = of_entities(recorded, count, max(2 * count, 20_000))
        ns = cost(shaped, given.rounds)
        first = first or ns
        print(f"| {count:,} | {ns:,.0f} | {ns / first:.2f} |", flush=True)
    print("\n| bytes/event | ns/event | ns/KB | orjson.loads / it |\n|---|---|---|---|")
    for size in SIZES:
        count = min(4_000, SIZED_BYTES // size)
        messages = [of_size(recorded[0], size, number) for number in range(count)]
        ns = cost(messages, given.rounds)
        other = best(
            lambda held=messages: len([orjson.loads(m) for m in held]),  # type: ignore[misc]
            count,
            given.rounds,
        )
        real = sum(map(len, messages)) / count
        print(
            f"| {real:,.0f} | {ns:,.0f} | {ns / real * 1000:,.0f} | {other / ns:.1f} |",
            flush=True,
        )
    print("\n| globs | ns/event | / first |\n|---|---|---|")
    first = 0.0
    for count in GLOBS:
        ns = cost(recorded, given.rounds, globs(count))
        first = first or ns
        print(f"| {count:,} | {ns:,.0f} | {ns / first:.2f} |", flush=True)


if __name__ == "__main__":
    main()
