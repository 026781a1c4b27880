"""Memory that the core takes and never gives back, as the leak sanitizer sees it.

The child works for a while and ends; the sanitizer then lists what nobody points to.
Python itself leaves much behind, so only what the core's own code allocated counts.
Needs the instrumented build: `.cache/fuzz/python -m tests.fuzz.leaks`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from random import Random

from hiq import Pipeline
from tests.fuzz import thorough
from tests.fuzz.judge import Judge
from tests.fuzz.mutate import Mutator
from tests.fuzz.place import Exact
from tests.fuzz.seeds import load
from tests.fuzz.sessions import CONFIGURATIONS, Session

SESSIONS = 80
OURS = re.compile(r"#1 0x[0-9a-f]+ in .*(hiq/_core|_core/)")


def work() -> None:
    """Make and drop pipelines of all configurations, with all kinds of frames."""
    random = Random(4)
    mutator, judge = Mutator(random, load(random, share=20)), Judge(Exact())
    for number in range(SESSIONS):
        configuration = number % len(CONFIGURATIONS)
        judge.begin(configuration)
        frames = list(mutator.session(40))
        for frame in frames:
            judge.frame(frame)
        if number % 10 == 9:
            thorough.check(Session(configuration, True, frames))
    for options in ({"precision": "x"}, {"include": {"domains": [1]}}, {"tags": 5}):
        try:
            Pipeline(options)
        except ValueError:
            continue
        raise AssertionError(options)


def of_the_core(report: str) -> list[str]:
    """The leaks in a report that code of the core allocated."""
    blocks = re.split(r"\n\n", report)
    return [block for block in blocks if "leak of" in block and OURS.search(block)]


def main() -> int:
    """Run the child and read what the sanitizer wrote; 1 if the core leaks."""
    if sys.argv[1:] == ["--child"]:
        work()
        return 0
    options = os.environ.get("ASAN_OPTIONS", "").replace("detect_leaks=0", "")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.leaks", "--child"],
        env={
            **os.environ,
            "ASAN_OPTIONS": f"{options}:detect_leaks=1:fast_unwind_on_malloc=1",
            "LSAN_OPTIONS": "exitcode=0:max_leaks=0",
        },
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode or "leak of" not in done.stderr:
        print(f"no report, exit status {done.returncode}: {done.stderr[-2000:]}")
        return 1
    found = of_the_core(done.stderr)
    print(*found, sep="\n\n")
    print(f"{len(found)} leaks of the core")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
