"""`hiq init`: by flags, by a person at a terminal, and what it writes."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from hiq.settings import load
from hiq.setup.document import Answers, holds_secrets, text
from hiq.setup.unit import unit

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "t" * 40
COVERAGE = {k: v for k, v in os.environ.items() if k.startswith("COVERAGE")}
BLOCK = """\
homeassistant:
  name: Home
influxdb:
  # the old database
  host: 192.0.2.1
  database: ours
sensor: []
"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    """What the command sees, and nothing of whoever runs the tests."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HIQ_DATA_DIR": str(folder / "data"),
        **COVERAGE,
        **more,
    }


def init(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess:
    """Run the command with nobody at the terminal."""
    return subprocess.run(
        [sys.executable, "-m", "hiq", "init", *arguments],
        cwd=folder,
        env=environment(folder, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def typed(folder: Path, keys: str, *arguments: str, **more: str) -> tuple[int, str]:
    """Run the command at a terminal where somebody types; returns status and screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "hiq", "init", *arguments],
        cwd=folder,
        env=environment(folder, TERM="dumb", **more),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    screen = b""
    left = keys.encode()
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other side is gone
            break
        screen += part
        if left and screen.rstrip(b" ").endswith(b":"):
            line, _, left = left.partition(b"\n")
            os.write(ours, line + b"\n")
    os.close(ours)
    return process.wait(30), screen.decode()


async def test_flags_alone_make_settings_that_work(tmp_path, simulator):
    """A simulated home, the embedded store: written, checked, all is well."""
    flags = ("--yes", "--ha-url", simulator.url, "--sink", "sqlite")
    done = await asyncio.to_thread(init, tmp_path, *flags, HA_TOKEN=simulator.token)
    assert done.returncode == 0, done.stderr
    assert "all is well" in done.stdout
    assert simulator.token not in done.stdout + done.stderr
    path = tmp_path / "hiq.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    settings = load(path, env={})
    assert settings.home_assistant.url == simulator.url
    assert settings.home_assistant.token == simulator.token
    assert [sink.type for sink in settings.sinks] == ["sqlite"]


async def test_for_programs_stdout_is_one_document(tmp_path, simulator):
    """With --json: the file, what the check found, and no secret."""
    flags = ("--yes", "--json", "--ha-url", simulator.url, "--sink", "sqlite")
    done = await asyncio.to_thread(init, tmp_path, *flags, HA_TOKEN=simulator.token)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["file"] == "hiq.yaml"
    assert told["holds_secrets"] is True
    assert told["home_assistant"] == simulator.url
    assert told["unit"] is None
    assert told["check"]["ok"] is True
    assert {check["of"] for check in told["check"]["checks"]} >= {"sink sqlite"}
    assert simulator.token not in done.stdout + done.stderr
    flags = (*flags, "--force", "--no-check")
    done = await asyncio.to_thread(init, tmp_path, *flags, HA_TOKEN=simulator.token)
    assert json.loads(done.stdout)["check"] is None


def test_a_failing_check_is_told_and_the_file_is_kept(tmp_path):
    """Nobody answers at that address: status 1, with what to do."""
    done = init(
        tmp_path, "--yes", "--ha-url", "http://127.0.0.1:9", "--sink", "sqlite",
        HA_TOKEN=TOKEN,
    )  # fmt: skip
    assert done.returncode == 1
    assert "FAILED  reachable" in done.stdout
    assert (tmp_path / "hiq.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "environ", "says"),
    [
        (("--sink", "sqlite"), {}, "--token-file or $HA_TOKEN is missing"),
        (("--sink", "influxdb2"), {"HA_TOKEN": TOKEN}, "--org is missing"),
        (
            ("--sink", "sqlite", "--bucket", "b"),
            {"HA_TOKEN": TOKEN},
            "--bucket is not for a database of kind sqlite",
        ),
        (("--sink", "sqlite"), {"HA_TOKEN": "short"}, "token"),
        (("--sink", "sqlite", "--ha-url", "ftp://x"), {"HA_TOKEN": TOKEN}, "ftp://"),
        (("--import", "nowhere.yaml"), {"HA_TOKEN": TOKEN}, "nowhere.yaml"),
    ],
)
def test_what_is_missing_or_wrong_is_named(tmp_path, arguments, environ, says):
    """One message that names the flag or the file, status 2, and nothing is written."""
    if "--ha-url" not in arguments:
        arguments = ("--ha-url", "http://127.0.0.1:9", *arguments)
    done = init(tmp_path, "--yes", "--no-check", *arguments, **environ)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "hiq.yaml").exists()


def test_nothing_is_overwritten_unless_forced(tmp_path):
    """A file that is there stays as it is."""
    (tmp_path / "hiq.yaml").write_text("mine\n")
    flags = ("--yes", "--no-check", "--ha-url", "http://h:1", "--sink", "sqlite")
    refused = init(tmp_path, *flags, HA_TOKEN=TOKEN)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert (tmp_path / "hiq.yaml").read_text() == "mine\n"
    assert init(tmp_path, *flags, "--force", HA_TOKEN=TOKEN).returncode == 0
    assert "mine" not in (tmp_path / "hiq.yaml").read_text()


def test_the_block_of_home_assistant_is_taken_as_it_is(tmp_path):
    """With its comments; it is the sink, and a token file stays a file."""
    (tmp_path / "configuration.yaml").write_text(BLOCK)
    (tmp_path / "token").write_text(TOKEN)
    done = init(
        tmp_path, "--yes", "--no-check", "--ha-url", "http://h:1", "--token-file",
        "token", "--import", "configuration.yaml",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    path = tmp_path / "hiq.yaml"
    assert "# the old database" in path.read_text()
    settings = load(path, env={})
    assert [(s.name, s.type, s.database) for s in settings.sinks] == [
        ("influxdb", "influxdb1", "ours")
    ]
    assert settings.home_assistant.token_file == str(tmp_path / "token")


def test_a_person_is_asked_what_no_flag_has_said(tmp_path):
    """Address, token (not shown), database: typed at a terminal."""
    keys = f"{TOKEN}\n2\nhttp://db.lan:8086\n\nme\nsecret\n\n"
    status, screen = typed(tmp_path, keys, "--no-check", "--ha-url", "http://h:1")
    assert status == 0, screen
    assert "Long-lived access tokens" in screen
    assert TOKEN not in screen
    assert "secret" not in screen
    (sink,) = load(tmp_path / "hiq.yaml", env={}).sinks
    assert (sink.type, sink.url, sink.database) == (
        "influxdb1",
        "http://db.lan:8086",
        "home_assistant",
    )
    assert (sink.username, sink.password) == ("me", "secret")


@pytest.mark.parametrize("kind", ["influxdb3", "victoriametrics", "influxdb2"])
def test_every_kind_of_database_makes_settings_that_load(tmp_path, kind):
    """Odd texts are quoted; empty ones are left out."""
    odd = "a: 'b' \"c\" # é\\"
    keys = {
        "influxdb2": {"url": "http://d:1", "org": odd, "bucket": "b", "token": odd},
        "influxdb3": {"url": "http://d:1", "database": odd, "token": odd},
        "victoriametrics": {"url": "http://d:1", "username": "", "password": odd},
    }[kind]
    answers = Answers("http://h:1", token=TOKEN, sink={"type": kind, **keys})
    (tmp_path / "hiq.yaml").write_text(text(answers), encoding="utf-8")
    (sink,) = load(tmp_path / "hiq.yaml", env={}).sinks
    for key, value in keys.items():
        assert getattr(sink, key) == (value or None)


def test_only_secrets_close_the_file():
    """A token in a file of its own leaves nothing to hide."""
    assert holds_secrets(Answers("u", token=TOKEN))
    assert holds_secrets(Answers("u", token_file="f", block="influxdb:\n"))
    assert holds_secrets(Answers("u", token_file="f", sink={"password": "p"}))
    assert not holds_secrets(Answers("u", token_file="f", sink={"type": "sqlite"}))
    assert TOKEN not in repr(Answers("u", token=TOKEN))
    insecure = yaml.safe_load(text(Answers("u", verify_ssl=False, data_dir="/d")))
    assert insecure["home_assistant"]["verify_ssl"] is False
    assert insecure["data_dir"] == "/d"


@pytest.mark.parametrize("own_token", [True, False])
def test_the_unit_is_one_that_systemd_takes(tmp_path, own_token):
    """The paths are in it, and `systemd-analyze verify` has nothing to say."""
    program = tmp_path / "hiq"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    made = unit(program, tmp_path / "hiq.yaml", own_token=own_token)
    assert f"ExecStart={program} serve --config %d/settings" in made
    assert ("ha_token" in made) is not own_token
    path = tmp_path / "hiq.service"
    path.write_text(made)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "hiq.service" not in done.stderr
