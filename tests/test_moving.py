"""Homes that move: an import makes the points that were made before.

Five configurations of Home Assistant and one environment file of HomeIQ are imported
by the command. What Home Assistant makes of its five is recorded in `blocks.json`, by
its own loader. The points before are those that Home Assistant wrote, where they are
recorded for such a block, and those that the reference makes of all recorded frames.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from hiq import Pipeline
from hiq.cli import cli
from hiq.settings import Settings, load
from hiq.settings.document import Reader
from tests.corpus import HERE, frames, golden
from tests.golden import compare
from tests.golden_report import converter
from tests.reference import ReferencePipeline
from tests.servers.home_assistant.environments import environment

HOMES = HERE / "homes"
WRITTEN = {
    "v1": "auth_v1",
    "v2": "default_v2",
    "packages": "tags_v1",
    "globs": "filter_include_only",
}
"""Golden sets that Home Assistant wrote with the same block."""
NAMES = (*WRITTEN, "secrets")
LIVED = {"HOME": "/h"}
AT_ONCE = 500


@cache
def blocks() -> dict[str, dict[str, Any]]:
    """The blocks as Home Assistant has them after its start."""
    found: dict[str, dict[str, Any]] = json.loads((HOMES / "blocks.json").read_text())
    return found


def moved(folder: Path, *arguments: str) -> Settings:
    """Import with the command; returns the settings of the new file alone."""
    out = folder / "hiq.yaml"
    result = CliRunner().invoke(
        cli,
        ["config", "import", *arguments, "--output", str(out)],
        env=LIVED,
        standalone_mode=False,
    )
    assert result.exception is None, result.output
    return load(out, env=LIVED)


def assert_same_points(before: dict[str, Any], after: Settings, tags: bool) -> int:
    """Feed the recorded frames to both, compare every byte; returns the points."""
    theirs, ours = ReferencePipeline(before), Pipeline(after.pipeline_options)
    recorded = frames()
    if tags:
        for number, entity_id in enumerate(entities(recorded)):
            for pipeline in (theirs, ours):
                pipeline.set_tags(entity_id, {"area_id": f"area_{number % 12}"})
    points = 0
    for start in range(0, len(recorded), AT_ONCE):
        for frame in recorded[start : start + AT_ONCE]:
            expected, found = theirs.feed(frame), ours.feed(frame)
            assert found.points == expected.points
            points += found.points
        assert ours.take() == theirs.take()
    return points


def entities(recorded: list[bytes]) -> list[str]:
    """The entities that the frames are about."""
    messages = (orjson.loads(frame) for frame in recorded)
    found = (
        one["event"]["data"]["entity_id"] for one in messages if one["type"] == "event"
    )
    return sorted(set(found))


@pytest.mark.parametrize("version", ["2024.3", "2025.4"])
def test_home_assistant_itself_has_these_blocks(version: str) -> None:
    """What is recorded is what its own loader makes of the files today."""
    python = environment(version) / "bin" / "python"
    done = subprocess.run(
        [python, "-B", HOMES / "blocks.py", *NAMES],
        cwd=HOMES,
        capture_output=True,
        check=True,
        timeout=120,
    )
    assert json.loads(done.stdout) == blocks()


@pytest.mark.parametrize("name", NAMES)
def test_the_block_is_the_one_that_home_assistant_had(
    tmp_path: Path, name: str
) -> None:
    """Files, packages, secrets and variables come to the same keys and values."""
    moved(tmp_path, str(HOMES / name))
    tree = Reader({}).file(tmp_path / "hiq.yaml")
    assert tree is not None
    assert tree.plain()["influxdb"] == blocks()[name]


@pytest.mark.parametrize("name", WRITTEN)
def test_points_equal_those_that_home_assistant_wrote(
    tmp_path: Path, name: str
) -> None:
    """After the move every line that JSON can carry equals Home Assistant's own."""
    loaded = golden(WRITTEN[name])
    settings = moved(tmp_path, str(HOMES / name))
    result = compare(loaded, converter(Pipeline, settings.pipeline_options))
    assert not result.faults, result.faults[:5]
    assert result.share_carried == 1.0
    assert result.lines + result.silent == 3059
    assert result.lines == sum(pair.line is not None for pair in loaded.pairs)


@pytest.mark.parametrize("name", NAMES)
def test_points_before_and_after_are_equal_on_the_recorded_frames(
    tmp_path: Path, name: str
) -> None:
    """The block of before by the reference, the file of after by the core."""
    settings = moved(tmp_path, str(HOMES / name))
    assert assert_same_points(blocks()[name], settings, tags=False) > 100


def test_points_of_homeiq_are_equal_on_the_recorded_frames(tmp_path: Path) -> None:
    """The filter file of before by the reference; areas are those of a registry."""
    settings = moved(tmp_path, "--homeiq", str(HOMES / "homeiq" / ".env"))
    rules = json.loads((HOMES / "homeiq/config/entity_filter.json").read_text())
    before = {"schema": ["homeiq"], "filter": rules}
    points = assert_same_points(before, settings, tags=True)
    everything = Pipeline({"schema": "homeiq"})
    assert 1000 < points < sum(everything.feed(frame).points for frame in frames())


def test_the_connection_moves_too(tmp_path: Path) -> None:
    """Address, names and secrets of the database are those of before."""
    found = {name: moved(tmp_path / name, str(HOMES / name)) for name in made(tmp_path)}
    first, second = found["v1"].sinks[0], found["v2"].sinks[0]
    assert (first.url, first.database) == ("http://127.0.0.1:8231", "my db")
    assert (first.username, first.password) == ("usr", "p w")
    assert (second.url, second.bucket) == ("http://127.0.0.1:8232", "mybucket")
    assert (second.org, second.token) == ("myorg", "GOLDENTOKEN")
    assert found["secrets"].sinks[0].password == "p: w #1"
    homeiq = moved(tmp_path, "--homeiq", str(HOMES / "homeiq"))
    (sink,) = homeiq.sinks
    assert (sink.type, sink.bucket, sink.org) == ("influxdb2", "events", "homeiq")
    assert (sink.token, sink.schema) == ("homeiq-token", "homeiq")
    assert homeiq.home_assistant.url == "http://homeassistant.example:8123"
    assert homeiq.home_assistant.fallback is not None


def made(folder: Path) -> tuple[str, ...]:
    """Make a folder for each home."""
    for name in NAMES:
        (folder / name).mkdir()
    return NAMES
