"""`hiq backfill` from a simulated home into the embedded store."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from hiq.cli import cli
from hiq.cli.query import iso
from hiq.discovery.renames import Rename, Renames
from hiq.repair.importing import Job, Progress, key_of
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.serving import sent, stored

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def settings(home: Simulator, folder: Path) -> Path:
    """Settings with the embedded store as the only sink."""
    config = folder / "hiq.yaml"
    config.write_text(
        f"home_assistant: {{url: '{home.url}', token: {home.token}}}\n"
        f"data_dir: {folder}\n"
        "sinks: [{type: sqlite, name: store, path: store.db}]\n"
    )
    return config


async def invoke(config: Path, *arguments: str) -> Result:
    """Run the command in a thread, while the loop serves the home."""
    given = ["backfill", "--config", str(config), "--json", *arguments]
    return await asyncio.to_thread(CliRunner().invoke, cli, given)


@pytest.fixture
async def home() -> AsyncIterator[Simulator]:
    """Give a home with a past of ten minutes, an hour ago."""
    began = time.time() - 3600
    home = Simulator(World(entities=60, seed=1), clock=lambda: began)
    await home.start()
    for number in range(2000):
        home._clock = lambda now=began + 1 + number * 0.25: now
        home.fire(1)
    home._clock = time.time
    try:
        yield home
    finally:
        await home.stop()


async def test_the_past_is_in_the_store(home: Simulator, tmp_path: Path) -> None:
    """Every row of the span is a point, once more or less does not matter."""
    config = settings(home, tmp_path)
    for _ in range(2):
        result = await invoke(config, "--start", "-2h")
        assert result.exit_code == 0, result.output
        document = json.loads(result.stdout)
        assert document["rows"] == 2060
        assert document["sinks"]["store"]["written"] == document["points"]
    assert stored(tmp_path) == sent(home)
    assert not list((tmp_path / "backfill").glob("import-*"))


async def test_some_entities_and_part_of_the_time(
    home: Simulator, tmp_path: Path
) -> None:
    """--entities takes globs; --start belongs to the span, --end does not."""
    times = sorted(key[1] for key in sent(home) if key[0].startswith("binary_sensor."))
    first, last = times[3], times[-5]
    config = settings(home, tmp_path)
    result = await invoke(
        config,
        *("--start", iso(first), "--end", iso(last)),
        *("--entities", "binary_sensor.*"),
    )
    assert result.exit_code == 0, result.output
    assert stored(tmp_path) == {
        key
        for key in sent(home)
        if key[0].startswith("binary_sensor.") and first <= key[1] < last
    }


async def test_it_goes_on_where_it_was_left(home: Simulator, tmp_path: Path) -> None:
    """An unfinished import goes on with its own span; --restart begins anew."""
    config = settings(home, tmp_path)
    result = await invoke(config, "--start", "-2h", "--end", "-1s")
    whole = json.loads(result.stdout)
    (tmp_path / "store.db").unlink()
    start_us, end_us = home.now_us() - 7200_000_000, home.now_us() - 10**7
    middle_us = home.now_us() - 3300_000_000
    key = key_of(home.url, ["store"], [], False)
    progress = Progress(tmp_path / "backfill" / f"import-{key}.json")
    progress.save(Job(key, start_us, end_us, middle_us, rows=5, points=5))
    result = await invoke(config, "--start", "-1d")
    assert "goes on at" in result.stderr
    document = json.loads(result.stdout)
    assert 5 < document["rows"] < whole["rows"]
    assert min(time for _, time in stored(tmp_path)) > middle_us * 1000
    progress.save(Job(key, start_us, end_us, middle_us))
    result = await invoke(config, "--start", "-2h", "--restart")
    assert json.loads(result.stdout)["rows"] == whole["rows"]


async def test_a_home_without_recorder(home: Simulator, tmp_path: Path) -> None:
    """Without history there is one sentence, and the status is not 0."""
    home.hide("history/history_during_period")
    result = await invoke(settings(home, tmp_path), "--start", "-1h")
    assert result.exit_code != 0
    assert "unknown_command" in str(result.exception)


async def test_nothing_lies_between(home: Simulator, tmp_path: Path) -> None:
    """A span that is empty is a usage error."""
    config = settings(home, tmp_path)
    result = await invoke(config, "--start", "-1h", "--end", "-2h")
    assert result.exit_code == 2
    assert "nothing lies between" in result.output


async def test_a_renamed_entity_goes_on_under_its_first_id(
    home: Simulator, tmp_path: Path
) -> None:
    """With `tidy.follow` as live: the renames that the service has seen are known."""
    row = next(
        row for row in home.world.home.entity_rows() if row["disabled_by"] is None
    )
    renames = Renames()
    renames.add(Rename(1.0, "sensor.first", row["entity_id"], row["id"]))
    (tmp_path / "renames.json").write_bytes(renames.encode())
    config = tmp_path / "hiq.yaml"
    config.write_text(
        f"home_assistant: {{url: '{home.url}', token: {home.token}}}\n"
        f"data_dir: {tmp_path}\n"
        "sinks: [{type: sqlite, name: store, path: store.db, schema: tidy}]\n"
        "tidy: {follow: old_id}\n"
    )
    chosen = ["--entities", row["entity_id"]]
    result = await invoke(config, "--start", "-2h", *chosen)
    assert result.exit_code == 0, result.output
    assert {entity_id for entity_id, _ in stored(tmp_path)} == {"sensor.first"}
    result = await asyncio.to_thread(
        CliRunner().invoke,
        cli,
        ["verify", "--config", str(config), "--start=-2h", "--json", *chosen],
    )
    assert json.loads(result.stdout)["sinks"]["store"]["missing"] == 0, result.output
