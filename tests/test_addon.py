"""The app of Home Assistant: what the Supervisor asks of it, and what it starts."""

from __future__ import annotations

import importlib.util
import json
import struct
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from hiq.settings import load
from tests.addon_rules import problems

ROOT = Path(__file__).parent.parent
ADDON = ROOT / "addon"
CONFIG = yaml.safe_load((ADDON / "config.yaml").read_text(encoding="utf-8"))

spec = importlib.util.spec_from_file_location("start", ADDON / "start.py")
start = importlib.util.module_from_spec(spec)
spec.loader.exec_module(start)


def test_the_supervisor_would_take_it() -> None:
    """Every key and every option keeps to the rules."""
    assert list(problems(CONFIG)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slug": "h i q"}, "slug: bad value"),
        ({"arch": ["armv7"]}, "arch: bad value"),
        ({"map": ["config:rw"]}, "map: bad value"),
        ({"watchdog": "http://localhost/livez"}, "watchdog: bad value"),
        ({"hassio_role": "admin"}, "hassio_role: not a key"),
        ({"options": {"colour": "red"}}, "options.colour: not in the schema"),
        ({"schema": {"database": "list()"}}, "schema.database: bad rule"),
        ({"schema": {"port": "port"}}, "neither a default nor optional"),
    ],
)
def test_the_rules_find_what_is_wrong(change: dict[str, Any], said: str) -> None:
    """A rule that nothing breaks is no rule."""
    assert said in "\n".join(problems({**CONFIG, **change}))


def test_the_tree_is_a_repository_of_apps() -> None:
    """The Supervisor looks for this file at the top, and needs its name."""
    text = (ROOT / "repository.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["name"]


def test_one_version_everywhere() -> None:
    """The app, its image and hiq are of one version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version = project["project"]["version"]
    assert CONFIG["version"] == version
    dockerfile = (ADDON / "Dockerfile").read_text(encoding="utf-8")
    assert f"ARG HIQ_VERSION={version}\n" in dockerfile
    assert "FROM python:" in dockerfile


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_option_is_explained(language: str) -> None:
    """Name and description of each, of nothing else; the page has them too."""
    path = ADDON / "translations" / f"{language}.yaml"
    texts = yaml.safe_load(path.read_text(encoding="utf-8"))["configuration"]
    assert texts.keys() == CONFIG["schema"].keys()
    assert all(text.keys() == {"name", "description"} for text in texts.values())
    page = (ADDON / "DOCS.md").read_text(encoding="utf-8")
    assert [key for key in CONFIG["schema"] if f"`{key}`" not in page] == []


@pytest.mark.parametrize(("name", "size"), [("icon", (128, 128)), ("logo", (250, 100))])
def test_its_pictures_have_their_size(name: str, size: tuple[int, int]) -> None:
    """A square icon, a flat logo."""
    data = (ADDON / f"{name}.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == size


def test_the_journal_is_in_no_backup(tmp_path: Path) -> None:
    """What the exclusions name is where hiq keeps its journal."""
    settings = load(None, env={"HIQ_DATA_DIR": str(tmp_path), "HOME": "/h"})
    journal = Path(settings.journal.path or tmp_path / "journal").name
    assert f"{journal}/*" in CONFIG["backup_exclude"]


@pytest.fixture
def app(tmp_path: Path):
    """The folders that the Supervisor maps, and settings of what would be started."""
    data, own, home = (tmp_path / name for name in ("data", "own", "homeassistant"))
    for folder in (data, own, home):
        folder.mkdir()

    def begin(**options: Any):
        text = json.dumps({**CONFIG["options"], **options})
        (data / "options.json").write_text(text)
        command, more = start.plan(data, own, home)
        assert command[:2] == ["hiq", "serve"]
        config = Path(command[3]) if len(command) > 2 else None
        env = {**more, "SUPERVISOR_TOKEN": "t" * 40}
        return load(config, env=env)

    begin.own, begin.home = own, home
    return begin


def test_as_installed_everything_goes_to_the_embedded_store(app) -> None:
    """No option is needed; page and token are the Supervisor's matter."""
    settings = app()
    assert [sink.type for sink in settings.sinks] == ["sqlite"]
    assert settings.http.auth == "ingress"
    assert settings.http.port == CONFIG["ingress_port"]
    assert "supervisor" in settings.home_assistant.url


@pytest.fixture
def on_path(monkeypatch) -> None:
    """`hiq` is found as in the image."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")


def test_a_block_without_a_database_gets_the_one_of_the_options(app, on_path) -> None:
    """Home Assistant keeps the connection elsewhere by now; its filters still count."""
    (app.home / "configuration.yaml").write_text(
        "influxdb:\n  exclude: {domains: [camera]}\n"
    )
    settings = app(database="victoriametrics", url="http://vm:8428")
    assert [sink.type for sink in settings.sinks] == ["victoriametrics"]
    assert settings.influxdb["exclude"] == {"domains": ["camera"]}


def test_the_block_of_home_assistant_is_taken(app, on_path) -> None:
    """Database and filters as the user has them, secrets too."""
    (app.home / "configuration.yaml").write_text(
        "influxdb:\n  host: 192.168.1.5\n  password: !secret pw\n  username: ha\n"
        "  exclude: {domains: [camera]}\n"
    )
    (app.home / "secrets.yaml").write_text("pw: hush\n")
    settings = app(database="victoriametrics", url="http://vm:8428")
    assert [sink.name for sink in settings.sinks] == ["influxdb"]
    assert settings.sinks[0].password == "hush"
    assert settings.influxdb["exclude"] == {"domains": ["camera"]}


@pytest.mark.parametrize(
    "options",
    [
        {"database": "influxdb1", "url": "http://db:8086", "database_name": "home"},
        {"database": "influxdb2", "url": "http://db:8086", "organization": "o",
         "bucket": "b", "token": "t" * 20},
        {"database": "influxdb3", "url": "http://db:8181", "database_name": "home",
         "token": "t" * 20},
        {"database": "victoriametrics", "url": "http://vm:8428"},
    ],
)  # fmt: skip
def test_a_database_of_the_options(app, options: dict[str, Any]) -> None:
    """Each kind that can be chosen makes good settings."""
    settings = app(**options, journal_size="512MiB", log_level="debug")
    assert [sink.type for sink in settings.sinks] == [options["database"]]
    assert settings.sinks[0].url == options["url"]
    assert settings.journal.max_bytes == 512 * 2**20
    assert settings.log.level == "debug"


def test_a_file_of_its_own_wins(app) -> None:
    """Whoever writes hiq.yaml means it."""
    (app.own / "hiq.yaml").write_text("sinks: [{name: mine, type: stdout}]\n")
    assert [sink.name for sink in app(database="influxdb1").sinks] == ["mine"]
