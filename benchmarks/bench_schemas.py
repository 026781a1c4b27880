"""Timed: what several schemas at once cost beside one, and how long their lines are.

`python -m benchmarks.bench_schemas` prints the table; exit status 1 if `homeiq` and
`tidy` together cost more than 1.6 times the dearer of the two, or a line of `homeiq`
is longer than 650 bytes on average.
"""

from __future__ import annotations

import sys
from time import perf_counter

from tests.corpus import frames

from hiq import Pipeline

CASES = (
    *(("ha",), ("homeiq",), ("tidy",)),
    *(("homeiq", "tidy"), ("ha", "homeiq"), ("ha", "tidy"), ("ha", "homeiq", "tidy")),
)
ROUNDS = 5
MOST_RATIO = 1.6
MOST_BYTES = 650


def run(schemas: tuple[str, ...], messages: list[bytes]) -> tuple[float, int, int]:
    """Feed all; returns seconds, events and bytes of the first schema."""
    pipeline = Pipeline({"schema": list(schemas)})
    events = size = 0
    begin = perf_counter()
    for message in messages:
        verdict = pipeline.feed(message)
        events += verdict.points
        if verdict.full:
            size += len(pipeline.take(schemas[0]))
            for schema in schemas[1:]:
                pipeline.take(schema)
    size += len(pipeline.take(schemas[0]))
    return perf_counter() - begin, events, size


def main() -> int:
    """Print the table and judge it."""
    messages = frames()
    costs: dict[tuple[str, ...], float] = {}
    length = 0.0
    for _ in range(ROUNDS):
        for schemas in CASES:
            seconds, points, size = run(schemas, messages)
            cost = seconds / len(messages) * 1e9
            costs[schemas] = min(cost, costs.get(schemas, cost))
            if schemas == ("homeiq",):
                length = size / points
    for schemas, cost in costs.items():
        dearest = max(costs[(name,)] for name in schemas)
        print(f"{'+'.join(schemas):16} {cost:7.0f} ns/event {cost / dearest:6.2f}")
    print(f"a line of homeiq: {length:.0f} bytes on average")
    ratio = costs["homeiq", "tidy"] / max(costs[("homeiq",)], costs[("tidy",)])
    return int(ratio > MOST_RATIO or length > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
