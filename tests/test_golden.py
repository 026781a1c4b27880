"""What Home Assistant's own integration wrote for the same events, set by set.

`python -m tests.golden_report` prints the table of shares.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hiq import Pipeline
from hiq.cli import cli
from tests.corpus import GOLDEN, GOLDEN_SETS, GoldenSet, frames, golden
from tests.golden import DELIBERATE, NOT_IN_JSON, Comparison, compare
from tests.golden_report import converter, rows
from tests.lineprotocol import decode
from tests.reference import ReferencePipeline

DOCUMENT = Path(__file__).parent.parent / "docs" / "reference" / "line-format.md"
DEFAULT_SETS = ("default_v1", "default_v2")
MANY = [name for name in GOLDEN_SETS if name not in ("auth_v1", "filter_include_only")]


def by_command(loaded: GoldenSet) -> Callable[[bytes], bytes]:
    """Lines of `hiq convert`, handed out event by event."""
    folder = GOLDEN / loaded.name
    result = CliRunner().invoke(
        cli,
        [
            "convert",
            "--strict",
            "--config",
            str(folder / "config.yaml"),
            str(folder / "events.ndjson.xz"),
        ],
        standalone_mode=False,
    )
    assert result.exception is None
    assert result.return_value == 0
    counts = json.loads(result.stderr.splitlines()[-1])
    lines = iter(result.stdout_bytes.splitlines(keepends=True))
    pairs = iter(loaded.pairs)
    assert counts["frames"] == counts["events"] == len(loaded.pairs)
    assert counts["points"] == sum(pair.line is not None for pair in loaded.pairs)

    def convert(_frame: bytes) -> bytes:
        return next(lines) if next(pairs).line is not None else b""

    return convert


CONVERTERS: dict[str, Callable[[GoldenSet], Callable[[bytes], bytes]]] = {
    "reference": lambda loaded: converter(ReferencePipeline, loaded.options),
    "core": lambda loaded: converter(Pipeline, loaded.options),
    "command": by_command,
}


def check(result: Comparison) -> None:
    """What must hold for every set."""
    assert not result.faults, result.faults[:5]
    assert result.share_carried == 1.0
    assert result.lines + result.silent == 3059
    assert set(result.deliberate) <= set(DELIBERATE)
    assert set(result.not_in_json) <= set(NOT_IN_JSON)


@pytest.mark.parametrize("by", CONVERTERS)
@pytest.mark.parametrize("name", GOLDEN_SETS)
def test_golden_set(name: str, by: str) -> None:
    """Every line that JSON can carry equals Home Assistant's; the docs say so."""
    loaded = golden(name)
    result = compare(loaded, CONVERTERS[by](loaded))
    check(result)
    assert rows([result])[2] in DOCUMENT.read_text()
    if name in MANY:
        assert (result.lines, result.equal_adjusted) == (2902, 2852)


@pytest.mark.parametrize("name", DEFAULT_SETS)
def test_share_of_the_default_sets(name: str) -> None:
    """98.2 % of all lines, and each class of the rest with its count."""
    loaded = golden(name)
    result = compare(loaded, CONVERTERS["core"](loaded))
    assert result.share >= 0.982
    assert result.not_in_json == Counter(
        {
            "tuple": 40,
            "set": 6,
            "datetime": 6,
            "enum": 6,
            "non-finite attribute": 6,
            "key None": 4,
        }
    )
    assert result.deliberate["field time"] == 6
    assert result.deliberate["stamp"] == 0


@pytest.mark.parametrize("name", DEFAULT_SETS)
def test_share_without_the_table_of_known_attributes(name: str) -> None:
    """Without the restored texts some 7 % of the lines differ: the table matters."""
    loaded = golden(name)
    options = {**loaded.options, "restore_python_text": False}
    result = compare(loaded, converter(Pipeline, options))
    check(result)
    assert result.equal_adjusted == 2645
    assert result.not_in_json["list of enums"] == 7


def test_enum_guard_plain_lists_untouched() -> None:
    """Of the recorded lists of modes only those of real entities become enums."""
    pipeline = Pipeline()
    for frame in frames("state_changed"):
        pipeline.feed(frame)
    texts = Counter(
        str(point.fields[key]).startswith("[<")
        for point in decode(pipeline.take())
        for key in ("supported_color_modes_str", "hvac_modes_str")
        if key in point.fields
    )
    assert texts == {True: 90, False: 1665}


def test_the_comparison_finds_faults() -> None:
    """A wrong value, a missing line and an extra line are each reported."""
    loaded = golden("auth_v1")
    right = converter(ReferencePipeline, loaded.options)

    def wrong(change: Callable[[bytes], bytes]) -> Any:
        return compare(loaded, lambda frame: change(right(frame)), limit=300)

    assert not wrong(lambda line: line).faults
    assert wrong(lambda line: line.replace(b"value=1", b"value=2")).faults
    assert wrong(lambda line: b"").faults
    assert wrong(lambda line: line or b"m f=1 1\n").faults


def test_the_table_has_a_row_per_set() -> None:
    """The report names the set, the shares and every class."""
    loaded = golden("auth_v1")
    result = compare(loaded, CONVERTERS["reference"](loaded))
    text = "\n".join(rows([result]))
    assert "| `auth_v1` | 433 | 363 | 383 | 88.45% | 100.00% |" in text
    assert all(name in text for name in (*DELIBERATE, *NOT_IN_JSON))
