"""Settings are read again: all or nothing, and what needs a restart is said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from hiq import Pipeline
from hiq.errors import ConfigError
from hiq.reload import Reloader, differences
from hiq.service import Service
from hiq.settings import HomeAssistantSettings, Settings, load
from hiq.simulate.server import Simulator
from hiq.web.parts import Parts
from tests.events import frame, state_changed
from tests.serving import settings_for, until

TOKEN = "t" * 40
BASE = f"home_assistant: {{url: http://ha, token: {TOKEN}}}\n"
LIGHTS = "filter: {patterns: [{domain: light}]}\n"


@dataclass
class Run:
    """A reloader over a file, and who is told."""

    path: Path
    tokens: list[HomeAssistantSettings | None] = field(default_factory=list)
    filters: list[Mapping[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = self.read()
        self.pipeline = Pipeline(settings.pipeline_options)
        self.reloader = Reloader(settings, self.read)
        self.reloader.attach(self.pipeline, Parts(), lambda: 5.0, self, self)

    def read(self) -> Settings:
        """Return the settings of the file."""
        return load(self.path, env={"HOME": "/h"})

    def set_filter(self, options: Mapping[str, Any]) -> None:
        """Stand for who restores the past."""
        self.filters.append(options)

    def reload(self, settings: HomeAssistantSettings | None = None) -> None:
        """Stand for who logs in."""
        self.tokens.append(settings)

    def passes(self, entity_id: str) -> bool:
        """Whether an event of the entity becomes a point."""
        return bool(self.pipeline.feed(frame(state_changed(entity_id))).points)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A file with a token and a filter."""
    path = tmp_path / "hiq.yaml"
    path.write_text(BASE + LIGHTS)
    return Run(path)


async def test_a_new_filter_is_in_force_at_once(run: Run) -> None:
    """The name is told, and so is who restores the past."""
    assert not run.passes("light.x")
    run.path.write_text(BASE + LIGHTS.replace("light", "sensor"))
    assert await run.reloader.reload() == ["filter"]
    assert run.passes("light.x")
    assert not run.passes("sensor.x")
    assert run.filters[0]["filter"] == {"patterns": [{"domain": ["sensor"]}]}
    assert await run.reloader.reload() == []


async def test_lists_of_the_block_are_live_too(run: Run) -> None:
    """Of the block only include and exclude are, the rest keeps its meaning."""
    run.path.write_text(
        BASE + "influxdb: {exclude: {domains: sun}, default_measurement: x}\n"
    )
    changed = await run.reloader.reload()
    assert changed == [
        "filter",
        "influxdb.default_measurement (needs a restart)",
        "influxdb.exclude",
    ]
    assert not run.passes("sun.sun")
    assert run.passes("light.x")
    assert run.reloader.settings.influxdb == {"exclude": {"domains": ["sun"]}}
    assert (
        "influxdb.default_measurement (needs a restart)" in await run.reloader.reload()
    )


@pytest.mark.parametrize(
    "text", ["filter: {mode: some}\nlog: {level: x}\n", "filter: ["]
)
async def test_a_bad_file_changes_nothing(run: Run, text: str) -> None:
    """All problems come, and the old filter stays."""
    run.path.write_text(BASE + text)
    with pytest.raises(ConfigError) as found:
        await run.reloader.reload()
    assert len(found.value.problems) == text.count("\n") or "[" in text
    assert not run.passes("light.x")
    assert run.passes("sensor.x")


async def test_what_needs_a_restart_is_named(run: Run) -> None:
    """It is named again at each reload until it is done."""
    run.path.write_text(BASE + LIGHTS + "http: {port: 9999}\njournal: {commit: 1s}\n")
    wanted = ["http.port (needs a restart)", "journal.commit (needs a restart)"]
    assert await run.reloader.reload() == wanted
    assert await run.reloader.reload() == wanted
    assert await run.reloader.reload_filter() == []


async def test_a_token_is_live(run: Run) -> None:
    """Who logs in gets the new one; the address is not taken over."""
    other = "u" * 40
    run.path.write_text(BASE.replace(TOKEN, other).replace("http://ha", "http://b"))
    changed = await run.reloader.reload()
    assert changed == [
        "filter",
        "home_assistant.token",
        "home_assistant.url (needs a restart)",
    ]
    (taken,) = run.tokens
    assert taken is not None
    assert (taken.token, taken.url) == (other, "http://ha")


async def test_the_level_of_the_log_is_live(run: Run) -> None:
    """Debugging needs no restart."""
    before = logging.getLogger("hiq").level
    try:
        run.path.write_text(BASE + LIGHTS + "log: {level: debug}\n")
        assert await run.reloader.reload() == ["log.level"]
        assert logging.getLogger("hiq").level == logging.DEBUG
    finally:
        logging.getLogger("hiq").setLevel(before)


def test_differences_name_sections_and_keys() -> None:
    """Sections without keys of their own are named as a whole."""
    old = Settings()
    new = msgspec.structs.replace(
        old,
        data_dir=Path("/x"),
        influxdb={"tags": {}},
        http=msgspec.structs.replace(old.http, port=1),
        notes=("a",),
    )
    assert differences(old, new) == ["data_dir", "http.port", "influxdb.tags"]


async def test_a_running_service_takes_a_new_filter(
    simulator: Simulator, tmp_path: Path
) -> None:
    """By its route and by the signal; statistics say what the filter decides."""
    settings = settings_for(simulator, tmp_path)
    wanted = [settings]
    service = Service(settings, read_settings=lambda: wanted[-1])
    async with asyncio.TaskGroup() as group, aiohttp.ClientSession() as http:
        group.create_task(service.run())
        await until("started", service.started.is_set)
        await until("subscribed", lambda: service.stats.ha.subscribed)
        assert service.url is not None
        api = service.url.rstrip("/") + "/api/v1/"
        async with http.get(api + "filter/stats") as answer:
            assert (await answer.json())["enabled"] is False
        nothing = {"mode": "include", "patterns": [{"domain": ["nowhere"]}]}
        wanted.append(msgspec.structs.replace(settings, filter=nothing))
        async with http.post(api + "filter/reload") as answer:
            assert (answer.status, (await answer.json())["changed"]) == (
                200,
                ["filter"],
            )
        simulator.fire(5)
        await until("events are filtered", lambda: service.stats.filtered == 5)
        async with http.get(api + "filter/stats") as answer:
            found = (await answer.json())["statistics"]
        assert found["filtered_count"] == found["total_processed"] > 0
        assert (found["mode"], found["filter_rate"]) == ("include", 1.0)
        wanted.append(settings)
        service.reload()
        before = service.stats.accepted
        await until(
            "events are accepted",
            lambda: simulator.fire() and service.stats.accepted > before,
        )
        service.stop()
