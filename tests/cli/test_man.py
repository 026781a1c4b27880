"""`hiq man`: the manual page holds everything, and `man` has nothing to say about it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hiq.cli import COMMANDS, cli
from hiq.cli.bar import Bar
from hiq.cli.man import STATUSES, page

CLI_PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "cli.md"


def plain(text: str) -> str:
    """The page without what is meant for `man`."""
    return re.sub(r"\\f[BIR]", "", text).replace(r"\-", "-")


def test_every_command_and_option_is_in_it() -> None:
    """Nothing that can be typed is missing."""
    text = plain(page())
    context = click.Context(cli, info_name="hiq")
    for name in COMMANDS:
        assert f".SS hiq {name}" in text
        for parameter in cli.get_command(context, name).params:
            for option in parameter.opts if isinstance(parameter, click.Option) else ():
                assert option in text, f"{name} {option}"


def test_its_statuses_are_those_of_the_reference() -> None:
    """Page and reference tell the same exit statuses."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", CLI_PAGE.read_text(), re.MULTILINE)
    assert rows == list(STATUSES)


def test_it_is_printed() -> None:
    """The command prints the page and ends well."""
    done = CliRunner().invoke(cli, ["man"])
    assert done.exit_code == 0
    assert done.output == page()


def test_man_shows_it_without_a_warning() -> None:
    """Groff finds no fault in it."""
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed here")
    done = subprocess.run(
        [groff, "-man", "-ww", "-Tutf8", "-Kutf8"],
        input=page(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert "EXIT STATUS" in re.sub("\x1b[^m]*m|.\b", "", done.stdout)


class Terminal:
    """A stderr that is a terminal, and what was written to it."""

    def __init__(self) -> None:
        self.said = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.said += text
        return len(text)

    def flush(self) -> None:
        pass


def test_a_bar_is_one_line_that_is_rewritten(monkeypatch) -> None:
    """Each text covers the one before; the end goes to the next line."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    bar = Bar()
    bar.show(0.5, "half a million rows")
    bar.show(1.5, "all")
    bar.show(None, "done")
    bar.end()
    first, second, third = terminal.said.lstrip("\r").split("\r")
    assert first == f"[{'#' * 15}{'.' * 15}]  50.0%  half a million rows"
    assert second.startswith(f"[{'#' * 30}] 100.0%  all")
    assert len(second) >= len(first)
    assert third.rstrip() == "done"
    assert third.endswith("\n")


def test_a_bar_that_nobody_sees_is_not_drawn(capsys) -> None:
    """Where stderr is a file, nothing is written."""
    bar = Bar()
    bar.show(0.5, "half")
    bar.end()
    assert capsys.readouterr().err == ""
