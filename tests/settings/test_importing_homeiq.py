"""A hiq.yaml of HomeIQ's environment file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hiq.errors import ConfigError
from hiq.settings import load
from hiq.settings.foreign import ALIASES
from hiq.settings.importing import Imported
from hiq.settings.importing_homeiq import import_homeiq

TOKEN = "not.a.token_but.of-that-form.0123456789"


def imported(folder: Path, text: str, env: dict[str, str] | None = None) -> Imported:
    """Import a file with this text."""
    (folder / ".env").write_text(text)
    return import_homeiq(folder / ".env", env or {})


def read(folder: Path, found: Imported) -> Any:
    """Write what was made, and load it."""
    (folder / "hiq.yaml").write_text(found.text)
    lines = (f"{name}: {value}\n" for name, value in found.values.items())
    (folder / "secrets.yaml").write_text("".join(lines))
    return load(folder / "hiq.yaml", env={"HOME": "/h"})


def test_secrets_are_handed_over_beside(tmp_path: Path) -> None:
    """The text names them, the values are apart, and each key tells its origin."""
    found = imported(
        tmp_path, f"HA_TOKEN={TOKEN}\nINFLUXDB_TOKEN='a: #b'\nHA_WS_URL=ws://ha\n"
    )
    assert TOKEN not in found.text
    assert "token: !secret ha_token  # HA_TOKEN\n" in found.text
    assert "url: http://ha  # HA_WS_URL\n" in found.text
    assert "url: http://influxdb:8086\n" in found.text  # HomeIQ's default
    assert found.secrets == ("ha_token", "influxdb_token")
    settings = read(tmp_path, found)
    assert settings.home_assistant.token == TOKEN
    assert settings.sinks[0].token == "a: #b"
    assert settings.sinks[0].schema == "homeiq"


@pytest.mark.parametrize("alias", ALIASES, ids=lambda alias: alias.key)
def test_the_file_means_what_the_environment_means(tmp_path: Path, alias: Any) -> None:
    """Each name comes to the settings that `hiq serve` makes of it by itself."""
    values = {
        "url": "https://a.example:1",
        "token": TOKEN,
        "api_key": "k",
        "token_file": "/t",
        "host": "127.0.0.1",
        "port": "8002",
        "cors_origins": "https://a,https://b",
        "when_full": "drop_new",
        "level": "DEBUG",
        "format": "text",
        "refresh": "900",
        "max_retry_delay": "7s",
        "verify_ssl": "true",
        "max_bytes": "512",
        "messages_per_minute": "30",
    }
    value = values.get(alias.key.rpartition(".")[2], "false")
    lines = {alias.names[0]: value}
    if "fallback" in alias.key:
        lines["NABU_CASA_URL"] = "https://b.ui.nabu.casa"
    text = "".join(f"{name}={value}\n" for name, value in lines.items())
    made = read(tmp_path, imported(tmp_path, text))
    before = load(tmp_path / "empty.yaml", env={"HOME": "/h", **lines})
    section = alias.key.partition(".")[0]
    assert getattr(made, section) == getattr(before, section)


@pytest.fixture(autouse=True)
def _empty(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")


def test_the_filter_moves_into_the_file(tmp_path: Path) -> None:
    """From JSON in the environment, from the file named, and from the default one."""
    rule = '{"patterns": [{"entity_id": "*.a"}], "mode": "include"}'
    wanted = {"mode": "include", "patterns": [{"entity_id": ["*.a"]}]}
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "entity_filter.json").write_text(rule)
    (tmp_path / "f.json").write_text(rule.replace("*.a", "*.b"))
    inline = read(tmp_path, imported(tmp_path, f"ENTITY_FILTER_CONFIG='{rule}'\n"))
    named = imported(tmp_path, "LOG_LEVEL=INFO\nENTITY_FILTER_CONFIG_FILE=f.json\n")
    default = read(tmp_path, imported(tmp_path, "LOG_LEVEL=INFO\n"))
    assert texts(inline.filter) == texts(default.filter) == wanted
    wanted["patterns"] = [{"entity_id": ["*.b"]}]
    assert texts(read(tmp_path, named).filter) == wanted


def texts(section: dict[str, Any]) -> dict[str, Any]:
    """The filter with lists of texts only."""
    rules = [
        {key: [one] if isinstance(one, str) else one for key, one in rule.items()}
        for rule in section["patterns"]
    ]
    return {**section, "patterns": rules}


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("MAX_WORKERS=10", "MAX_WORKERS is not used: there is no pool of workers"),
        ("LOG_LEVEL=INFO\nX=1\nY=2", "not of the ingestion service, left out: X, Y"),
        ("SSL_VERIFY=false", "home_assistant.verify_ssl is false: HomeIQ verified"),
        ("GIT_SHA=a", "GIT_SHA stays a variable of the environment"),
        ("LOG_LEVEL=INFO", "WEBSOCKET_INGESTION_HOST is not set: HomeIQ listened on"),
        (
            "WEBSOCKET_INGESTION_HOST=0.0.0.0",
            "http.host is 0.0.0.0: HomeIQ asked nobody",
        ),
        (
            'ENTITY_FILTER_CONFIG={"patterns": [{"domain": "a", "area_id": "b"}]}',
            "filter.patterns[0] asks for domain and area_id: one of them was enough",
        ),
        (
            'ENTITY_FILTER_CONFIG={"patterns": [{"device_class": "a"}]}',
            "filter.patterns[0] asks for device_class: it never matched there",
        ),
        (
            'ENTITY_FILTER_CONFIG={"exceptions": [{"area_id": "a"}]}',
            "filter.exceptions[0] has no entity_id: it was passed over there",
        ),
    ],
)
def test_what_is_not_carried_over_is_said(tmp_path: Path, line: str, note: str) -> None:
    """By name, with the reason or the difference."""
    notes = imported(tmp_path, line + "\n").notes
    assert any(found.startswith(note) for found in notes), notes
    assert not any(" sets " in found for found in notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PATH=/bin\n", "no name of a HomeIQ ingestion service is set here"),
        ("WEBSOCKET_INGESTION_PORT=x\n", ".env (WEBSOCKET_INGESTION_PORT): "),
        ("INFLUXDB_OVERFLOW_STRATEGY=keep\n", ".env (INFLUXDB_OVERFLOW_STRATEGY): "),
        ("ENTITY_FILTER_CONFIG={\n", "this is not JSON"),
        ("ENTITY_FILTER_CONFIG_FILE=gone.json\n", "gone.json: No such file"),
    ],
)
def test_what_cannot_be_imported(tmp_path: Path, text: str, message: str) -> None:
    """The problem names the file and the variable."""
    with pytest.raises(ConfigError) as caught:
        imported(tmp_path, text)
    assert message in str(caught.value)
    assert ".env" in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    """A file that is missing, or holds other bytes, is one problem."""
    with pytest.raises(ConfigError, match="No such file"):
        import_homeiq(tmp_path / "none", {})
    (tmp_path / "odd").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        import_homeiq(tmp_path / "odd", {})


def test_without_a_database_there_is_the_embedded_store(tmp_path: Path) -> None:
    """The points keep their schema there."""
    found = imported(tmp_path, "HA_URL=http://ha\n")
    assert not found.makes_sink
    (sink,) = read(tmp_path, found).sinks
    assert (sink.type, sink.schema) == ("sqlite", "homeiq")


def test_the_file_of_the_token_is_found_from_anywhere(tmp_path: Path) -> None:
    """A relative path starts from the folder of the environment file."""
    found = imported(tmp_path, "HA_TOKEN_FILE=t/token\n")
    (tmp_path / "new").mkdir()
    settings = read(tmp_path / "new", found)
    assert settings.home_assistant.token_file == str(tmp_path / "t" / "token")
