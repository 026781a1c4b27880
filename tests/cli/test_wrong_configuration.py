"""Ten kinds of wrong configuration: one clear message each, and exit status 2."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ0ZXN0In0.c2lnbmF0dXJl"
COVERAGE = {k: v for k, v in os.environ.items() if k.startswith("COVERAGE")}
GOOD = f"""\
home_assistant:
  url: http://127.0.0.1:9
  token: {TOKEN}
http:
  port: 0
"""

# name: text of hiq.yaml, line that is named (0: none), what the message says
CASES = {
    "missing token": (
        "home_assistant:\n  url: http://127.0.0.1:9\n",
        0,
        ["home_assistant.token", "Long-lived access tokens", "token_file", "HA_TOKEN"],
    ),
    "bad URL": (
        GOOD.replace("http://127.0.0.1:9", "htp:/homeassistant"),
        2,
        ["home_assistant.url", "expected an address such as http://host:port"],
    ),
    "unknown key": (
        GOOD + "journal:\n  comit: 5s\n",
        7,
        ["journal.comit", "unknown key (did you mean commit?)"],
    ),
    "wrong type": (
        GOOD + "journal:\n  commit: [5, s]\n",
        7,
        ["journal.commit", "expected a duration such as 250ms", "got a list"],
    ),
    "bad glob": (
        GOOD + "influxdb:\n  include:\n    entity_globs:\n      - sensor.[kitchen\n",
        9,
        ["influxdb.include.entity_globs[0]", "bad glob", "a [ is not closed by a ]"],
    ),
    "unwritable journal": (
        GOOD + "journal:\n  path: {tmp}/file/journal\n",
        0,
        ["{tmp}/file/journal"],
    ),
    "port taken": (
        GOOD.replace("port: 0", "port: {port}"),
        0,
        ["http.port", "{port}"],
    ),
    "both v1 and v2 credentials": (
        GOOD
        + "influxdb:\n  api_version: 2\n  username: u\n  password: p\n"
        + "  token: t\n  organization: o\n",
        10,
        ["influxdb.token", "username and password belong to api_version 1"],
    ),
    "missing !secret": (
        GOOD.replace(TOKEN, "!secret hiq_token"),
        3,
        ["!secret hiq_token", "{tmp}/secrets.yaml", "add the line `hiq_token: ...`"],
    ),
    "not YAML": (
        "home_assistant: [\n",
        2,
        ["this is not YAML", "expected the node content"],
    ),
}


@pytest.fixture
def taken_port():
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def serve(config: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run `hiq serve` with an environment of its own until it ends."""
    return subprocess.run(
        [sys.executable, "-m", "hiq", "serve", "--config", str(config)],
        env={"PATH": os.environ["PATH"], "HOME": str(home), **COVERAGE},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", CASES)
def test_one_clear_message_and_status_2(name, tmp_path, taken_port):
    """`hiq serve` says once what is wrong, where and what to do, without traceback."""
    text, line, parts = CASES[name]
    values = {"{tmp}": str(tmp_path), "{port}": str(taken_port)}
    for key, value in values.items():
        text = text.replace(key, value)
        parts = [part.replace(key, value) for part in parts]
    (tmp_path / "file").write_text("a regular file")
    (tmp_path / "secrets.yaml").write_text("other: x\n")
    config = tmp_path / "hiq.yaml"
    config.write_text(text)
    done = serve(config, tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    errors = [row for row in done.stderr.splitlines() if row.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    assert done.stderr.rstrip().endswith(errors[0]), "the message is the last word"
    assert [part for part in parts if part not in errors[0]] == [], errors[0]
    if line:
        assert errors[0].startswith(f"error: {config}:{line}: ")
    assert TOKEN not in done.stderr


def test_all_at_once(tmp_path):
    """Several faults are several messages of one run."""
    config = tmp_path / "hiq.yaml"
    config.write_text("jornal: {}\nhttp: {port: many}\nlog: {level: loud}\n")
    done = serve(config, tmp_path)
    assert done.returncode == 2
    assert [row.split(": ")[1:3] for row in done.stderr.splitlines()] == [
        [f"{config}:1", "jornal"],
        [f"{config}:2", "http.port"],
        [f"{config}:3", "log.level"],
    ]
