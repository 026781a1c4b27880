"""What keeps a service from starting, and what it can do without."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hiq.errors import ConfigError
from hiq.service import Service
from hiq.settings import (
    HomeAssistantSettings,
    HttpSettings,
    JournalSettings,
)
from hiq.simulate.server import Simulator
from tests.serving import (
    running,
    settings_for,
)


async def test_port_taken(tmp_path: Path) -> None:
    """A taken port ends the start, before a journal is made."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = settings_for(None, tmp_path, http=HttpSettings(port=port))
        with pytest.raises(ConfigError, match=f"{port} is taken"):
            await Service(settings).run()
    assert not (tmp_path / "journal").exists()


async def test_journal_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A journal that cannot be written ends the start with its path."""
    (tmp_path / "file").write_text("")
    journal = JournalSettings(path=str(tmp_path / "file" / "journal"))
    settings = settings_for(None, tmp_path, journal=journal)
    with pytest.raises(ConfigError) as caught:
        await Service(settings).run()
    (problem,) = caught.value.problems
    assert problem.key == "journal.path"
    assert str(tmp_path / "file" / "journal") in problem.message


async def test_journal_of_another_process(simulator: Simulator, tmp_path: Path) -> None:
    """A second service on the same folder does not start; the first goes on."""
    async with running(settings_for(simulator, tmp_path)) as it:
        with pytest.raises(ConfigError) as caught:
            await Service(settings_for(simulator, tmp_path)).run()
        assert caught.value.problems[0].key == "data_dir"
        assert (await it.get("/livez"))[0] == 200


async def test_without_http_and_home(tmp_path: Path) -> None:
    """With both switched off it still runs and stops in order."""
    settings = settings_for(
        None,
        tmp_path,
        http=HttpSettings(enabled=False),
        home_assistant=HomeAssistantSettings(enabled=False),
    )
    async with running(settings) as it:
        assert it.service.url is None
        assert it.stats.ha.state == "DISABLED"
        it.service.reload()
    assert it.status == 0
