"""`hiq config`: check, show, import."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner

from hiq import cli
from hiq.errors import ConfigError
from hiq.settings import load

TOKEN = "t" * 40


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run `hiq config ...` in an empty folder with an environment of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("HA_TOKEN", "HIQ_CONFIG", "SUPERVISOR_TOKEN", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def invoke(*arguments, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        return CliRunner().invoke(
            cli.cli, ["config", *arguments], standalone_mode=False
        )

    return invoke


def test_check_says_what_is_in_force(run, tmp_path):
    """Good settings are a short summary and status 0."""
    done = run("check", hiq=f"home_assistant: {{token: {TOKEN}}}\n")
    assert done.return_value == 0
    assert done.stdout.startswith("ok: hiq.yaml\n")
    assert "sqlite (sqlite)" in done.stdout
    assert "http://homeassistant.local:8123" in done.stdout
    assert "note: no database is set" in done.stderr
    assert TOKEN not in done.output


def test_check_warns_of_a_missing_token(run):
    """Settings without a token are good for converting, so it is a warning only."""
    done = run("check")
    assert done.return_value == 0
    assert done.stdout.startswith("ok: no file, defaults and environment\n")
    assert "warning: no access token" in done.stderr


def test_check_raises_every_problem(run):
    """The problems go to the one place that prints them, with status 2."""
    done = run("check", hiq="jornal: {}\nlog: {level: x}\n")
    assert isinstance(done.exception, ConfigError)
    assert len(done.exception.problems) == 2


def test_check_as_json(run):
    """A program gets one document, whether all is well or not."""
    done = run("check", "--json", hiq="jornal: {}\n")
    assert done.return_value == 2
    document = json.loads(done.stdout)
    assert document["ok"] is False
    (problem,) = document["problems"]
    assert (problem["where"], problem["line"], problem["key"]) == (
        "hiq.yaml",
        1,
        "jornal",
    )
    done = run("check", "--json", hiq="log: {level: info}\n")
    assert done.return_value == 0
    document = json.loads(done.stdout)
    assert document["ok"] is True
    assert document["source"] == "hiq.yaml"
    assert len(document["notes"]) == 2


def test_show_masks_secrets(run, tmp_path):
    """What is printed is YAML without any secret, with the notes as remarks."""
    done = run(
        "show", hiq=f"home_assistant: {{token: {TOKEN}}}\njournal: {{commit: 5s}}\n"
    )
    assert TOKEN not in done.output
    assert "# no database is set" in done.stdout
    shown = yaml.safe_load(done.stdout)
    assert shown["home_assistant"]["token"] == "****"
    assert shown["journal"]["commit"] == "5s"
    assert shown["data_dir"] == str(tmp_path / "data" / "hiq")


def test_show_as_json(run):
    """The same as one JSON document."""
    done = run("show", "--json", "--config", "x.yaml", x="log: {level: debug}\n")
    document = json.loads(done.stdout)
    assert document["source"] == "x.yaml"
    assert document["log"]["level"] == "debug"


CONFIGURATION = (
    "default_config:\ninfluxdb:\n  host: db\n  username: !secret u\n  password: x\n"
)


def test_import_prints(run):
    """Without --output the new file goes to standard output, advice to the other."""
    done = run("import", "configuration.yaml", configuration=CONFIGURATION)
    assert done.exception is None
    assert "influxdb:\n  host: db\n" in done.stdout
    assert "secrets.yaml beside it must hold u" in done.stderr
    assert "hiq check" in done.stderr


def test_import_writes_a_file_that_can_be_used(run, tmp_path):
    """The file is good, is not replaced by accident, and is replaced on demand."""
    (tmp_path / "secrets.yaml").write_text("u: me\n")
    out = tmp_path / "out.yaml"
    arguments = ("import", "configuration.yaml", "--output", str(out))
    run(*arguments, configuration=CONFIGURATION)
    assert load(out, env={"HOME": "/h"}).sinks[0].username == "me"
    out.write_text("mine")
    done = run(*arguments)
    assert "exists already" in str(done.exception)
    assert out.read_text() == "mine"
    run(*arguments, "--force")
    assert "host: db" in out.read_text()


def test_import_into_no_folder(run, tmp_path):
    """A file that cannot be written is a usage error with the reason."""
    (tmp_path / "secrets.yaml").write_text("u: me\n")
    done = run(
        "import",
        "configuration.yaml",
        "-o",
        str(tmp_path / "none" / "x.yaml"),
        configuration=CONFIGURATION,
    )
    assert "No such file or directory" in str(done.exception)


def test_import_of_a_block_without_connection(run):
    """Home Assistant keeps the connection elsewhere; that is said."""
    done = run(
        "import",
        "configuration.yaml",
        configuration="influxdb:\n  default_measurement: x\n",
    )
    assert "the block has no connection" in done.stderr


def test_import_copies_secrets_beside(run, tmp_path):
    """Only those that are asked for, for the owner alone; present ones stay."""
    (tmp_path / "secrets.yaml").write_text("u: me\nother: x\n")
    out = tmp_path / "new" / "hiq.yaml"
    out.parent.mkdir()
    arguments = ("import", "configuration.yaml", "--output", str(out), "--force")
    done = run(*arguments, configuration=CONFIGURATION)
    secrets = out.parent / "secrets.yaml"
    assert f"wrote u into {secrets}" in done.stderr
    assert secrets.read_text() == "u: me\n"
    assert secrets.stat().st_mode & 0o777 == 0o600
    secrets.write_text("u: another\n")
    assert "has another value of u; it was kept" in run(*arguments).stderr
    assert secrets.read_text() == "u: another\n"


def test_import_names_what_is_still_missing(run, tmp_path):
    """A secret that is nowhere, and a variable, have to be supplied."""
    text = "influxdb: {username: !secret u, password: !env_var P_W, max_retries: 1}\n"
    out = tmp_path / "hiq.yaml"
    done = run("import", "configuration.yaml", "-o", str(out), configuration=text)
    assert f"{tmp_path / 'secrets.yaml'} must still hold u" in done.stderr
    assert "the environment of hiq must hold P_W" in done.stderr
    assert "max_retries has no effect" in done.stderr


@pytest.mark.parametrize("text", ["- a\n", "a: [\n"])
def test_import_does_not_touch_odd_secrets(run, tmp_path, text):
    """A secrets.yaml that is none is a usage error."""
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "secrets.yaml").write_text(text)
    done = run(
        "import",
        "configuration.yaml",
        "-o",
        str(tmp_path / "new" / "hiq.yaml"),
        configuration="influxdb: {host: a}\n",
    )
    assert "secrets.yaml" in str(done.exception)


def test_import_of_homeiq(run, tmp_path):
    """The environment file becomes settings, its tokens secrets."""
    (tmp_path / ".env").write_text(f"HA_TOKEN={TOKEN}\nBATCH_SIZE=1\n")
    done = run("import", "--homeiq", ".env")
    assert "  token: !secret ha_token  # HA_TOKEN\n" in done.stdout
    assert "note: BATCH_SIZE is not used" in done.stderr
    assert "secrets.yaml beside it must hold ha_token" in done.stderr
    assert "no database is named here" in done.stderr
    assert TOKEN not in done.output


@pytest.mark.parametrize("arguments", [(), ("a.yaml", "--homeiq", ".env")])
def test_import_of_one_thing(run, arguments):
    """Neither nothing nor both."""
    assert "name one" in str(run("import", *arguments).exception)
