"""`hiq verify` against the simulated home and the embedded store."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from hiq.cli import cli
from hiq.cli import verify as module
from hiq.errors import ConnectionLost, SinkUnreadable
from hiq.settings import SinkSettings
from hiq.simulate.server import Simulator
from tests.serving import running, settings_for, until


@pytest.fixture
def folder(
    tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with settings for the simulated home; its recorder is never late."""
    monkeypatch.setattr(module, "COMMITTED_S", -60)
    (tmp_path / "hiq.yaml").write_text(
        f"home_assistant: {{url: '{simulator.url}', token: {simulator.token}}}\n"
        f"data_dir: {tmp_path}\n"
        "sinks: [{name: store, type: sqlite, path: store.db}]\n"
    )
    return tmp_path


async def invoke(folder: Path, *arguments: str) -> Result:
    """Run the command in a thread, while the loop serves."""
    return await asyncio.to_thread(
        CliRunner().invoke,
        cli,
        ["verify", "--config", str(folder / "hiq.yaml"), *arguments],
        standalone_mode=False,
    )


async def filled(simulator: Simulator, folder: Path) -> None:
    """Let hiq store what happens in the simulated home."""
    async with running(settings_for(simulator, folder)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(800)
        await until("received", lambda: it.stats.received >= simulator.fired_total)
        await it.settled()


def change(folder: Path, statement: str) -> int:
    """Change the store behind hiq's back; return how many rows."""
    database = sqlite3.connect(folder / "store.db")
    try:
        with database:
            return database.execute(statement).rowcount
    finally:
        database.close()


async def test_clean_missing_different_repaired(
    simulator: Simulator, folder: Path
) -> None:
    """Nothing at first; then what was taken away and changed, and what is left."""
    await filled(simulator, folder)
    result = await invoke(folder, "--start", "-1h")
    assert result.return_value == 0, result.output
    assert "missing 0  extra 0  different 0" in result.output

    times = change(
        folder,
        "DELETE FROM samples WHERE time_ns IN"
        " (SELECT DISTINCT time_ns FROM samples ORDER BY time_ns DESC LIMIT 5)",
    )
    assert times >= 5
    result = await invoke(folder, "--start", "-1h", "--json")
    assert result.return_value == 1
    found = json.loads(result.stdout)
    store = found["sinks"]["store"]
    assert (found["ok"], store["missing"], store["extra"]) == (False, 5, 0)
    assert {one["kind"] for one in store["differences"]} == {"missing"}

    result = await invoke(folder, "--start", "-1h", "--repair")
    assert result.return_value == 1
    assert "repaired 5" in result.output
    result = await invoke(folder, "--start", "-1h")
    assert result.return_value == 0, result.output

    change(
        folder,
        "UPDATE samples SET value = 12345.5 WHERE typeof(value) = 'real' AND field ="
        " (SELECT id FROM fields WHERE name = 'value') AND time_ns ="
        " (SELECT max(time_ns) FROM samples WHERE typeof(value) = 'real' AND field ="
        " (SELECT id FROM fields WHERE name = 'value'))",
    )
    result = await invoke(folder, "--start", "-1h", "--limit", "1")
    assert result.return_value == 1
    assert "found 12345.5" in result.output
    assert "missing 0  extra 0  different 1" in result.output


@pytest.mark.parametrize("schema", ["homeiq", "tidy"])
async def test_every_schema_can_be_compared(
    simulator: Simulator, folder: Path, schema: str
) -> None:
    """What was written live is found again, and what was taken away is missed."""
    config = folder / "hiq.yaml"
    config.write_text(
        config.read_text().replace("sqlite,", f"sqlite, schema: {schema},")
    )
    store = SinkSettings(name="store", type="sqlite", path="store.db", schema=schema)
    async with running(settings_for(simulator, folder, sinks=(store,))) as it:
        await until("read", lambda: it.stats.discovery.refreshes)
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(300)
        await until("received", lambda: it.stats.received >= simulator.fired_total)
        await it.settled()
    result = await invoke(folder, "--start", "-1h", "--json")
    found = json.loads(result.stdout)["sinks"]["store"]
    assert (found["missing"], found["extra"], found["different"]) == (0, 0, 0), found
    assert found["compared"] > 300
    change(
        folder,
        "DELETE FROM samples WHERE time_ns = (SELECT max(time_ns) FROM samples)",
    )
    result = await invoke(folder, "--start", "-1h", "--json")
    assert json.loads(result.stdout)["sinks"]["store"]["missing"] == 1


async def test_only_some_entities(simulator: Simulator, folder: Path) -> None:
    """A glob narrows what is compared."""
    await filled(simulator, folder)
    every = json.loads((await invoke(folder, "--start", "-1h", "--json")).stdout)
    part = await invoke(folder, "--start", "-1h", "--entities", "sensor.*", "--json")
    some = json.loads(part.stdout)["sinks"]["store"]
    assert 0 < some["compared"] < every["sinks"]["store"]["compared"]
    assert part.return_value == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--start", "-1h", "--end", "-2h"], "nothing lies between"),
        (["--start", "-1h", "--sink", "nope"], "there is no sink nope"),
        ([], "Missing option '--start'"),
    ],
)
async def test_wrong_usage(folder: Path, arguments: list[str], words: str) -> None:
    """Each is said in a sentence."""
    result = await invoke(folder, *arguments)
    assert isinstance(result.exception, click.UsageError)
    assert words in result.exception.format_message()


async def test_nobody_to_ask(simulator: Simulator, folder: Path) -> None:
    """Without Home Assistant, or without the store, there is no comparison."""
    result = await invoke(folder, "--start", "-1h")
    assert isinstance(result.exception, SinkUnreadable)
    await simulator.down()
    began = time.monotonic()
    result = await invoke(folder, "--start", "-1h")
    assert isinstance(result.exception, ConnectionLost)
    assert "no Home Assistant to ask: " in str(result.exception)
    assert time.monotonic() - began < 30
    await simulator.up()
