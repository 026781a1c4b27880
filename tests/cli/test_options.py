"""What several commands share: options, `.env`, settings with masked secrets."""

from __future__ import annotations

from pathlib import Path

import click
from click.testing import CliRunner

from hiq import log
from hiq.cli.options import (
    config_option,
    environment,
    json_option,
    load_settings,
    read_dotenv,
)


def test_options_have_their_names():
    """`--config` gives a path or None, `--json` a flag."""
    seen = []

    @click.command()
    @config_option
    @json_option
    def command(config, as_json):
        seen.append((config, as_json))

    CliRunner().invoke(command, ["--config", "a.yaml", "--json"])
    CliRunner().invoke(command, ["-c", "b.yaml"])
    CliRunner().invoke(command, [])
    assert seen == [(Path("a.yaml"), True), (Path("b.yaml"), False), (None, False)]


def test_dotenv(tmp_path):
    """Lines, quotes, remarks and `export` of a .env file."""
    path = tmp_path / ".env"
    path.write_text(
        "# remark\nA=1\n export B='two words' \nC=\"x\"\nD=\n\nno line\n=x\nE=a=b\n"
    )
    assert read_dotenv(path) == {
        "A": "1",
        "B": "two words",
        "C": "x",
        "D": "",
        "E": "a=b",
    }
    assert read_dotenv(tmp_path / "none") == {}
    path.write_bytes(b"\xff")
    assert read_dotenv(path) == {}


def test_the_real_environment_wins(tmp_path, monkeypatch):
    """.env lies beneath the environment."""
    (tmp_path / ".env").write_text("HIQ_A=file\nHIQ_B=file\n")
    monkeypatch.setenv("HIQ_B", "real")
    found = environment(tmp_path)
    assert (found["HIQ_A"], found["HIQ_B"]) == ("file", "real")


def test_secrets_are_masked_from_here_on(tmp_path, monkeypatch):
    """Loading the settings tells the log what to hide."""
    monkeypatch.setattr(log, "_SECRETS", set())
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "hiq.yaml"
    path.write_text(
        "sinks: [{type: influxdb3, url: 'http://a', database: d, token: s3cret}]"
    )
    settings = load_settings(path, {"log.level": "debug"})
    assert settings.log.level == "debug"
    assert log.redact("x s3cret y") == "x **** y"
