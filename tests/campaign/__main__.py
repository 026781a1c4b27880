"""`make campaign`: so many faults, from a seed, with a table at the end.

Exit status 1 if anything is extra, or missing and not told in the ledger of gaps. The
same seed makes the same faults at the same instants of the schedule; what the
processes do with them is theirs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.campaign.report import table
from tests.campaign.run import campaign

__all__ = ["main"]


def main() -> int:
    """Run a campaign and print it."""
    parser = argparse.ArgumentParser(prog="make campaign", description=__doc__)
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--rate", type=float, default=40.0)
    parser.add_argument("--round", type=int, default=10, help="faults between checks")
    parser.add_argument("--only", action="append", help="name of a fault; repeatable")
    parser.add_argument("--log", type=Path, help="append the result as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = campaign(
            Path(folder),
            seed=options.seed,
            faults=options.faults,
            seconds=options.seconds,
            rate=options.rate,
            each=options.round,
            only=options.only,
            say=lambda text: print(text, file=sys.stderr, flush=True),
        )
    document = result.document()
    print(table([document]))
    if options.log:
        with options.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(document) + "\n")
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
