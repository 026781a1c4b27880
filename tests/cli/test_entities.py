"""`hiq entities`: from the running service, else from what it left on the disk."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from hiq.cli import cli
from hiq.discovery.cache import Cache
from hiq.discovery.renames import Renames
from hiq.errors import ServiceUnreachable
from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.discovery.test_cache import URL, home
from tests.serving import running, settings_for, until
from tests.web.serving import served

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = "http://127.0.0.1:9"


async def invoke(*arguments: str) -> Result:
    """Run the command in a thread, while the loop serves."""
    return await asyncio.to_thread(CliRunner().invoke, cli, ["entities", *arguments])


def config(folder: Path, port: int = 9) -> str:
    """Settings of a service that is or is not there."""
    path = folder / "hiq.yaml"
    path.write_text(
        f"data_dir: {folder}\nhome_assistant: {{url: '{URL}'}}\n"
        f"http: {{port: {port}}}\n"
    )
    return str(path)


async def test_the_running_service_is_asked_page_by_page(tmp_path, monkeypatch):
    """All entities, or those of an area, a label, a domain, an integration."""
    monkeypatch.setattr("hiq.cli.entities.PAGE", 7)
    simulator = Simulator(World(40, 1))
    await simulator.start()
    try:
        async with running(settings_for(simulator, tmp_path)) as it:
            await until("read", lambda: it.stats.discovery.refreshes)
            url = ("--url", it.service.url)
            result = await invoke("ls", *url, "--json")
            found = json.loads(result.stdout)
            assert (found["source"], len(found["entities"])) == ("service", 40)
            every = found["entities"]
            assert [one["entity_id"] for one in every] == sorted(
                one["entity_id"] for one in every
            )
            for option, value, has in (
                ("--area", "kitchen", lambda one: one["area_id"] == "kitchen"),
                ("--domain", "sensor", lambda one: "sensor" in one["entity_id"][:6]),
                (
                    "--integration",
                    every[0]["integration"],
                    lambda one: one["integration"] == every[0]["integration"],
                ),
                ("--search", "KITCHEN", lambda one: "kitchen" in str(one).lower()),
            ):
                result = await invoke("ls", *url, option, value, "--json")
                some = json.loads(result.stdout)["entities"]
                assert some == [one for one in every if has(one)], option
                assert some
            result = await invoke("ls", *url, "--area", "kitchen")
            assert "kitchen" in result.stdout.lower()
            assert "entities" in result.stderr
            label = next(one["labels"][0] for one in every if one["labels"])
            result = await invoke("ls", *url, "--label", label, "--json")
            assert all(
                label in one["labels"] for one in json.loads(result.stdout)["entities"]
            )
    finally:
        await simulator.stop()


async def test_a_rename_is_listed_by_the_service_and_from_the_disk(tmp_path):
    """With both ids and the one that stays."""
    simulator = Simulator(World(20, 1))
    await simulator.start()
    settings = settings_for(simulator, tmp_path)
    row = simulator.world.home.entity_rows()[0]
    try:
        async with running(settings) as it:
            await until("read", lambda: it.stats.discovery.refreshes)
            simulator.fire_event(
                "entity_registry_updated",
                {
                    "action": "update",
                    "entity_id": "sensor.new",
                    "old_entity_id": row["entity_id"],
                    "changes": {},
                },
            )
            await until("renamed", lambda: it.stats.discovery.renames)
            result = await invoke("renames", "--url", it.service.url, "--json")
            found = json.loads(result.stdout)
            (one,) = found["renames"]
            assert found["source"] == "service"
            assert one["old"] == row["entity_id"]
            assert (one["new"], one["rid"]) == ("sensor.new", row["id"])
    finally:
        await simulator.stop()
    result = await invoke("renames", "--config", config(tmp_path))
    assert result.exit_code == 0, result.output
    assert f"{row['entity_id']} -> sensor.new  {row['id']}" in result.stdout
    assert "from the cache" in result.stderr


async def test_without_a_service_the_cache_is_read(tmp_path):
    """And it is said from when it is; filters work as with the service."""
    Cache(tmp_path).save(home(), URL, 1_000_000.0)
    Cache(tmp_path).save_renames(Renames().encode())
    result = await invoke("ls", "--config", config(tmp_path), "--json")
    found = json.loads(result.stdout)
    assert found["source"] == "cache"
    assert found["read_at"] == "1970-01-12T13:46:40+00:00"
    assert [one["entity_id"] for one in found["entities"]] == sorted(home().entities)
    assert "1970-01-12T13:46:40Z" in result.stderr
    result = await invoke("ls", "--config", config(tmp_path), "--domain", "nothing")
    assert (result.exit_code, result.stdout) == (0, "")
    result = await invoke("ls", "--config", config(tmp_path), "--search", "x" * 101)
    assert result.exit_code == 2
    result = await invoke("renames", "--config", config(tmp_path))
    assert (result.exit_code, result.stdout) == (0, "")


async def test_neither_a_service_nor_a_cache(tmp_path):
    """Status 3, as for every command that needs the service."""
    result = await invoke("ls", "--config", config(tmp_path))
    assert isinstance(result.exception, ServiceUnreachable)
    assert result.exception.url.startswith("http://127.0.0.1:")
    assert str(tmp_path) in result.exception.reason


@pytest.mark.parametrize("name", ["ls", "renames"])
async def test_a_service_that_was_named_is_not_replaced_by_a_cache(tmp_path, name):
    """What another machine knows is not what lies here."""
    Cache(tmp_path).save(home(), URL, 1.0)
    result = await invoke(name, "--config", config(tmp_path), "--url", NOBODY)
    assert isinstance(result.exception, ServiceUnreachable)


async def test_a_service_that_does_not_know_the_registry_says_so():
    """Or that wants a token: its status is named."""
    async with served() as hiq:
        result = await invoke("ls", "--url", hiq.server.url)
        assert isinstance(result.exception, ServiceUnreachable)
        assert "status 503" in str(result.exception)
