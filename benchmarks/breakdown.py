"""Where the instructions go: callgrind's count per event, by part of the core.

    python -m benchmarks.breakdown [--frames 24000]

Recorded frames go through a pipeline that has seen them once; what is printed is the
difference between a run with more passes and one with fewer, so that neither start
nor first meetings count. Only the first event of each entity in a pass is not what
the pipeline remembers; of few frames these would be many.

Needs valgrind (Debian: `apt install valgrind`). Valgrind's processor has AVX2 but not
AVX-512, and instructions are not time: reading memory that is not in the cache costs
time that is not seen here.
"""

from __future__ import annotations

import argparse
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from hiq import Pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PARTS", "instructions", "part_of", "per_event", "tool"]

FEW, MANY = 1, 3
PASSES = MANY - FEW
TAKE_BYTES = 1024 * 1024
PARTS: dict[str, tuple[str, ...]] = {
    "scan": ("scan", "number", "vector"),
    "event (envelope)": ("frame", "event", "keys"),
    "state and attributes": ("state", "attribute"),
    "memory of the entity": ("memo", "memory", "outline", "recall", "tags"),
    "judgement": (
        "line", "filter", "globs", "overlay", "moment", "unique", "names", "judge",
        "counts", "rules", "allowance",
    ),
    "fields and writer": (
        "fields", "writer", "table", "arrange", "known", "numeral", "text", "texts",
        "pytext", "slow", "series", "stamp", "vocabulary",
    ),
    "ring": ("ring", "buffer"),
    "border": ("pipeline", "intake", "verdict", "tap"),
}  # fmt: skip
BESIDE = (
    *("alone", "crc", "heap"),
    *("cards", "homeiq", "parts", "refusal", "schemas", "strings", "tidy", "wanted"),
)
"""Modules that a pipeline of schema `ha` does not call."""
LIBC, PYTHON, OTHER = "libc (copy, compare)", "Python (loop, call)", "other"
PART = {module: part for part, modules in PARTS.items() for module in modules}
SYMBOL = re.compile(r"__pyx_\w+?_3hiq_5_core_\d+([a-z_]+?)(?:_|$)")
OBJECT = re.compile(r"hiq/_core/(\w+)\.")


def tool() -> str | None:
    """Valgrind, None if it is not there."""
    return shutil.which("valgrind")


def part_of(function: str, library: str) -> str:
    """The part of a function, by its name or, if it has none, by its library."""
    for pattern, text in ((SYMBOL, function), (OBJECT, library)):
        if found := pattern.search(text):
            return PART.get(found[1], OTHER)
    name = library.rpartition("/")[2]
    if name.startswith(("libc.", "libc-", "ld-")) or function.startswith("__mem"):
        return LIBC
    return PYTHON if "python" in name else OTHER


def instructions(text: str) -> Counter[str]:
    """Instructions of each part in what callgrind wrote."""
    found: Counter[str] = Counter()
    library = function = ""
    inside_call = False
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name == "ob":
            library = value
        elif name == "fn":
            function = value
        elif name == "calls":
            inside_call = True
        elif line[:1].isdigit() or line[:1] in {"+", "-", "*"}:
            # The line behind `calls` is what the callee took, counted there.
            if not inside_call:
                found[part_of(function, library)] += int(line.split()[1])
            inside_call = False
    return found


def per_event(frames: Sequence[bytes]) -> tuple[dict[str, float], int]:
    """Instructions per event of each part, and the events of a pass.

    Raises:
        FileNotFoundError: there is no valgrind.
    """
    program = tool()
    if program is None:
        raise FileNotFoundError("valgrind is not here; on Debian: apt install valgrind")
    counts = []
    with tempfile.TemporaryDirectory() as folder:
        held, out = Path(folder, "frames"), Path(folder, "out")
        held.write_bytes(pickle.dumps(list(frames)))
        for passes in (FEW, MANY):
            process = subprocess.run(
                [
                    program, "--tool=callgrind", f"--callgrind-out-file={out}",
                    "--compress-strings=no", "--compress-pos=no",
                    sys.executable, "-m", "benchmarks.breakdown",
                    "--child", held, "--passes", str(passes),
                ],
                env={**os.environ, "PYTHONHASHSEED": "0"},
                cwd=Path(__file__).parent.parent,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if process.returncode:
                raise RuntimeError(f"valgrind failed: {process.stderr[-2000:]}")
            events = int(process.stdout)
            counts.append(instructions(out.read_text(encoding="utf-8")))
    less, more = counts
    names = (*PARTS, LIBC, PYTHON, OTHER)
    share = {name: (more[name] - less[name]) / (PASSES * events) for name in names}
    return share, events


def child(held: Path, passes: int) -> None:
    """Run under valgrind: feed all frames so many times; prints events of a pass."""
    frames = pickle.loads(held.read_bytes())
    pipeline = Pipeline({"high_water": TAKE_BYTES})
    feed = pipeline.feed
    events = sum(feed(frame).events for frame in frames)
    pipeline.take()
    for _ in range(passes):
        for frame in frames:
            if feed(frame).full:
                pipeline.take()
        pipeline.take()
    print(events)


def main() -> int:
    """Print the table; status 1 without valgrind."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=24_000, help="single frames")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--passes", type=int, default=1, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child is not None:
        child(given.child, given.passes)
        return 0
    from benchmarks.playing import played  # noqa: PLC0415  a child needs no corpus

    columns = {}
    for form in ("single", "coalesced"):
        try:
            columns[form], events = per_event(played(form, given.frames).messages)
        except FileNotFoundError as exc:
            print(exc, file=sys.stderr)
            return 1
    print(f"instructions per event, {events:,} recorded events\n")
    print("| part | single | share | coalesced | share |\n|---|---|---|---|---|")
    sums = {form: sum(found.values()) for form, found in columns.items()}
    for name in columns["single"]:
        cells = (
            f"{found[name]:,.0f} | {found[name] / sums[form]:.0%}"
            for form, found in columns.items()
        )
        print(f"| {name} | {' | '.join(cells)} |")
    total = " | ".join(f"{whole:,.0f} | 100%" for whole in sums.values())
    print(f"| all | {total} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
