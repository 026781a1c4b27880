"""What the Autobahn cases must come to, and which differ on purpose.

    python -m tests.autobahn.expected REPORT

Prints a count per agent, and the cases that did not pass but for those of compression;
ends with 1 if one of them was not expected to. Why a case differs is told in
`docs/topics/websocket.md`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

PASSED = {"OK", "INFORMATIONAL"}
COMPRESSION = {"UNIMPLEMENTED"}
LATE = {"NON-STRICT"}
DIFFERENT = {
    # Depends on whether the faulty frame comes in the same read as the one before it.
    "4.[12].[345]": LATE,
    "7.1.2": {"FAILED", "WRONG CODE"},
    # Text is judged when the message is whole.
    "6.4.*": LATE,
    # Nothing is offered, so the server does not compress.
    "12.*": COMPRESSION,
    "13.*": COMPRESSION,
}


def allowed(case: str) -> set[str]:
    """Return the outcomes that a case may have, of its messages and of its end."""
    for pattern, outcomes in DIFFERENT.items():
        if fnmatchcase(case, pattern):
            return outcomes | PASSED
    return PASSED


def main(path: str) -> int:
    """Print the summary; returns the exit status."""
    reports = json.loads(Path(path).read_text(encoding="utf-8"))
    wrong = 0
    for agent, results in sorted(reports.items()):
        counts = Counter(result["behavior"] for result in results.values())
        print(f"{agent}: {len(results)} cases, {dict(counts.most_common())}")
        for case, result in results.items():
            found = {result["behavior"], result["behaviorClose"]}
            expected = found <= allowed(case)
            wrong += not expected
            if found - PASSED and (not expected or found - COMPRESSION - PASSED):
                names = ", ".join(sorted(found - PASSED))
                print(f"  {case}: {names}{'' if expected else ' UNEXPECTED'}")
    return 1 if wrong or not reports else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
