"""The strict scanner alone: what it costs to know that a frame is valid.

    python -m benchmarks.bench_scan [--rounds 7]

Beside it the same verdict of orjson, which also makes the objects, msgspec skipping to
the end (`Raw`), which checks structure but leaves UTF-8 and escapes of what it skips,
and the lower bound. Per event of the recorded frames.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import msgspec
import orjson
import pytest

from benchmarks import lower_bound
from benchmarks.data import RECORDINGS, load
from benchmarks.measuring import Case, by_turns, table
from hiq._core.alone import valid

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

SLICE = {"single": 2000, "coalesced": 120}
CASES = ("lower bound", "core, scanner", "msgspec Raw", "orjson")
RAW = msgspec.json.Decoder(msgspec.Raw)


def case(name: str, frames: list[bytes]) -> Case:
    """One case over some frames."""
    match name:
        case "lower bound":
            run = lower_bound.prepare(frames)
            return Case(run, lower_bound.expected(frames))
        case "core, scanner":
            return Case(lambda: valid(frames), len(frames))
        case "msgspec Raw":
            return Case(lambda: len(list(map(RAW.decode, frames))), len(frames))
        case _:
            return Case(lambda: sum(1 for _ in map(orjson.loads, frames)), len(frames))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("recording", RECORDINGS)
def test_scan(benchmark: BenchmarkFixture, name: str, recording: str) -> None:
    """Every recorded frame is valid; the bound counts as the slow way does."""
    if name == "lower bound" and lower_bound.compiler() is None:
        pytest.skip("no C compiler")
    run, expected = case(name, load(recording, SLICE[recording]).frames)
    assert benchmark(run) == expected > 0


@pytest.mark.skipif(lower_bound.compiler() is None, reason="no C compiler")
@pytest.mark.parametrize(
    ("frame", "marks"),
    [
        (b'["\\\\",{"\\"":1}, "' + b"x" * 70 + b'\\\\"]', 7),
        ('{"a":"\u00e9\u20ac\U0001d11e, {}"}'.encode() * 20, 60),
        (b'"' + b"x" * 62 + "\u00e9".encode() + b'"', 0),
        (b'"\xff"', -1),
        (b'"\xed\xa0\x80"', -1),
        (b'"' + b"x" * 62 + b'\xc3"', -1),
        (b'"' + b"x" * 62 + b"\xc3", -1),
        (b'["x]', -1),
    ],
)
def test_the_lower_bound_reads_strings_and_utf8(frame: bytes, marks: int) -> None:
    """It is a bound only if it does at least this."""
    assert lower_bound.prepare([frame])() == marks
    assert marks < 0 or lower_bound.expected([frame]) == marks


def main() -> None:
    """Print a table for each recording."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=int, help="use only so many frames")
    given = parser.parse_args()
    for recording in RECORDINGS:
        data = load(recording, given.limit)
        cases = {name: case(name, data.frames) for name in CASES}
        times = by_turns(cases, data.events, given.rounds)
        bases = {f"/ {name}": name for name in ("lower bound", "msgspec Raw", "orjson")}
        print(f"**{recording}**: {data.events:,} events\n")
        print("\n".join(table(times, bases, data.size / data.events)), end="\n\n")


if __name__ == "__main__":
    main()
