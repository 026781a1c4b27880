"""The `hiq` command: its table, its messages, its exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hiq import cli
from hiq.cli import COMMANDS
from hiq.errors import (
    ConfigError,
    ConnectionLost,
    Problem,
    ServiceUnreachable,
)

UNBUFFERED = "PYTHONUNBUFFERED"
BUFFERED = {name: value for name, value in os.environ.items() if name != UNBUFFERED}


def run(*arguments, stdout=subprocess.PIPE, env=None):
    """Run `python -m hiq`."""
    return subprocess.run(
        [sys.executable, "-m", "hiq", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=env,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command():
    """`hiq --help` shows the whole table and examples."""
    done = run("--help")
    assert done.returncode == 0
    assert [name for name in COMMANDS if f"  {name} " not in done.stdout] == []
    assert "Examples:" in done.stdout


def test_help_imports_no_command():
    """The table is printed without importing what the commands need."""
    code = (
        "import sys; from hiq.cli import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "print(sorted({'aiohttp', 'yaml', 'picows'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_shows_examples(name):
    """Each command of the table can be loaded, and its help has examples."""
    done = CliRunner().invoke(cli.cli, [name, "--help"], prog_name="hiq")
    assert done.exit_code == 0, done.output
    assert f"Usage: hiq {name}" in done.output
    assert "Examples:" in done.output


@pytest.mark.parametrize("arguments", [[], ["check"], ["config", "import"]])
def test_examples_keep_their_lines(arguments):
    """Help shows one example per line, not a paragraph of them."""
    done = CliRunner().invoke(cli.cli, [*arguments, "--help"], prog_name="hiq")
    assert "\\b" not in done.output
    examples = done.output.split("Examples:\n")[1].split("\n\n")[0].splitlines()
    assert len(examples) >= 2
    assert all(line.strip().startswith("hiq ") for line in examples)


@pytest.mark.parametrize("environment", [BUFFERED, {**BUFFERED, UNBUFFERED: "1"}])
def test_a_reader_that_goes_away(environment):
    """`hiq config show | head` ends quietly, whether Python buffers or not."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = run("config", "show", "--json", stdout=write, env=environment)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("arguments", [["config", "show"], ["--version"]])
def test_a_disk_that_is_full(arguments):
    """`hiq config show > file` says so, and its status is not that of success."""
    with Path("/dev/full").open("w") as full:
        done = run(*arguments, stdout=full, env=BUFFERED)
    assert done.returncode == 2
    assert done.stderr == "error: cannot write: No space left on device\n"


def test_no_standard_output():
    """Where it is closed nothing is said, and nothing fails."""
    line = [sys.executable, "-m", "hiq", "--version"]
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *line]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_version():
    """`hiq --version` names program and version."""
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("hiq, version ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["serve", "--nonsense"], "No such option"),
        (["serv"], "No such command 'serv'. Did you mean 'serve'?"),
        (["config"], "Usage: hiq config"),
    ],
)
def test_usage_errors(arguments, message):
    """A wrong call is status 2 and one message, on standard error."""
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("result", "status", "message"),
    [
        (None, 0, ""),
        (0, 0, ""),
        (1, 1, ""),
        ("text", 0, ""),
        (
            ConfigError(Problem("f", 1, "k", "m"), Problem("f", 2, "", "n")),
            2,
            "error: f:1: k: m\nerror: f:2: n\n",
        ),
        (
            ServiceUnreachable("http://x", "refused"),
            3,
            "error: no hiq answers at http://x: refused; is `hiq serve` running?\n",
        ),
        (ConnectionLost("reset"), 2, "error: reset\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (click.Abort(), 130, "interrupted\n"),
        (click.ClickException("no"), 1, "Error: no\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_status_and_message_of_each_end(monkeypatch, capsys, result, status, message):
    """Known errors are one line each, and the exit status is that of the contract."""

    def pretend(**_):
        if isinstance(result, BaseException):
            raise result
        return result

    monkeypatch.setattr(cli.cli, "main", pretend)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == status
    assert capsys.readouterr().err == message


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell):
    """Click's completion is reachable for every shell that it knows."""
    done = subprocess.run(
        [sys.executable, "-c", "from hiq.cli import main; main()"],
        env={"_HIQ_COMPLETE": f"{shell}_source", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "_HIQ_COMPLETE" in done.stdout
