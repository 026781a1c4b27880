"""The table of one or several campaigns, for people; and in the documentation.

    python -m tests.campaign.report LOG.json ... [--write docs/reliability.md]

A log is what `make campaign OPTIONS="--log FILE"` leaves: a JSON document a line, one per run.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["table"]

BEGIN, END = "<!-- begin campaign -->", "<!-- end campaign -->"
SUMS = (
    *("rounds", "deaths", "fired", "accepted", "harmed", "listed"),
    *("silent", "lost", "missing", "extra"),
)


def table(runs: Sequence[dict[str, Any]]) -> str:
    """Return all runs in Markdown: each kind of fault, each run, and the sums."""
    faults: Counter[str] = Counter()
    skipped: dict[str, str] = {}
    for run in runs:
        faults.update(run["faults"])
        skipped |= run["skipped"]
    lines = ["| fault | times |", "|---|---|"]
    lines += [f"| {name} | {count} |" for name, count in sorted(faults.items())]
    lines += [f"| {name} | skipped: {why} |" for name, why in sorted(skipped.items())]
    lines += [f"| **all** | {faults.total()} |", ""]
    lines += [
        (
            "| seed | faults | verdicts | deaths of hiq | states fired "
            "| accepted before a death | repaired | gone and listed "
            "| silent | lost | missing | extra |"
        ),
        "|" + "---|" * 12,
    ]
    for run in runs:
        cells = [run["seed"], sum(run["faults"].values()), *(run[k] for k in SUMS)]
        lines.append("| " + " | ".join(f"{cell:,}" for cell in cells) + " |")
    if len(runs) > 1:
        sums = [faults.total(), *(sum(run[k] for run in runs) for k in SUMS)]
        cells_of_all = " | ".join(f"**{cell:,}**" for cell in sums)
        lines.append(f"| **all** | {cells_of_all} |")
    took_s = sum(run["took_s"] for run in runs)
    return "\n".join([*lines, "", f"Together {took_s / 60:.0f} minutes."])


def main() -> None:
    """Print the table, and write it where it is wanted."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("logs", nargs="+", type=Path)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    runs = [
        json.loads(line)
        for log in given.logs
        for line in log.read_text(encoding="utf-8").splitlines()
    ]
    text = table(runs)
    print(text)
    if given.write:
        page = given.write.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        after = rest.partition(END)[2]
        given.write.write_text(
            f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
