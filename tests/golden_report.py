"""Print what part of Home Assistant's own lines each golden set reproduces.

Run as `python -m tests.golden_report`; `--reference` uses the slow converter instead
of the compiled one.
"""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tests.corpus import GOLDEN_SETS, golden
from tests.golden import DELIBERATE, NOT_IN_JSON, Comparison, compare

Factory = Callable[[Mapping[str, Any]], Any]


def converter(factory: Factory, options: Mapping[str, Any]) -> Callable[[bytes], bytes]:
    """Feed a frame and take its lines."""
    pipeline = factory(options)

    def convert(frame: bytes) -> bytes:
        pipeline.feed(frame)
        lines: bytes = pipeline.take()
        return lines

    return convert


def rows(results: list[Comparison]) -> list[str]:
    """The table in Markdown, then the classes with their counts."""
    head = (
        "| set | lines | equal as written | equal but for the deliberate | share "
        "| of what JSON can carry |"
    )
    out = [head, "|---|---|---|---|---|---|"]
    out += [
        f"| `{r.name}` | {r.lines:,} | {r.equal:,} | {r.equal_adjusted:,} | "
        f"{r.share:.2%} | {r.share_carried:.2%} |"
        for r in results
    ]
    for title, reasons, counts in (
        ("deliberate", DELIBERATE, [r.deliberate for r in results]),
        ("not in JSON", NOT_IN_JSON, [r.not_in_json for r in results]),
    ):
        total = sum(counts, Counter())
        out += ["", f"| {title} | count in all sets | reason |", "|---|---|---|"]
        out += [f"| {name} | {total[name]} | {why} |" for name, why in reasons.items()]
    return out


def main(arguments: list[str]) -> int:
    """Compare all sets; status 1 if there is a fault."""
    factory: Factory
    if "--reference" in arguments:
        factory = importlib.import_module("tests.reference").ReferencePipeline
    else:
        factory = importlib.import_module("hiq").Pipeline
    results = []
    for name in GOLDEN_SETS:
        loaded = golden(name)
        results.append(compare(loaded, converter(factory, loaded.options)))
    print("\n".join(rows(results)))
    faults = [f"{r.name} {fault}" for r in results for fault in r.faults]
    print("\n".join(faults[:20]), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
