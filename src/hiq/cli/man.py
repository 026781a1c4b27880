"""`hiq man`: the manual page, made of the commands themselves, so that it is true.

It knows the tree of commands and the form of manual pages (man(7)), and nothing of
what any command does.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["command", "page"]

USAGE = (
    "usage, settings, or what start-up needs and cannot have: a taken port, a journal "
    "folder that cannot be written or is in use; or the output cannot be written"
)
STATUSES = (
    ("0", "done"),
    (
        "1",
        "the check or comparison found something, or whoever read the output has gone",
    ),
    ("2", USAGE),
    ("3", "the running service could not be reached"),
    ("130", "interrupted"),
    ("143", "SIGTERM came before there was anything to stop in order"),
)
FILES = (
    (
        "$HIQ_CONFIG, ./hiq.yaml, ~/.config/hiq/hiq.yaml, /etc/hiq/hiq.yaml",
        "settings; the first that is there, unless --config names one",
    ),
    (
        "$STATE_DIRECTORY, ~/.local/share/hiq",
        "journal and embedded store, unless data_dir names another folder",
    ),
)


@click.command("man")
def command() -> None:
    r"""Print the manual page.

    \b
    Examples:
      hiq man | man -l -
      mkdir -p ~/.local/share/man/man1 && hiq man > ~/.local/share/man/man1/hiq.1
    """
    click.echo(page(), nl=False)


def page() -> str:
    """Return the page in the language of man(7)."""
    from importlib.metadata import version

    from hiq.cli import COMMANDS, cli

    context = click.Context(cli, info_name="hiq")
    parts = [
        f'.TH HIQ 1 "" "hiq {version("hiq")}" "User Commands"',
        ".SH NAME",
        r"hiq \- every event of Home Assistant, in a time-series database, none lost",
        ".SH SYNOPSIS",
        r".B hiq",
        r"[\fIOPTION\fR]... \fICOMMAND\fR [\fIARGUMENT\fR]...",
        ".SH DESCRIPTION",
        *_paragraphs(cli.help or ""),
        ".SH COMMANDS",
    ]
    for name in COMMANDS:
        found = cli.get_command(context, name)
        assert found is not None
        parts += _command(f"hiq {name}", found)
    parts += [".SH EXIT STATUS"]
    for status, meaning in STATUSES:
        parts += [".TP", rf"\fB{status}\fR", _escaped(meaning)]
    parts += [".SH FILES"]
    for path, meaning in FILES:
        parts += [".TP", _escaped(path), _escaped(meaning)]
    return "\n".join(parts) + "\n"


def _command(path: str, found: click.Command) -> Iterator[str]:
    arguments = [_name(p) for p in found.params if isinstance(p, click.Argument)]
    yield f".SS {_escaped(' '.join([path, *arguments]))}"
    yield from _paragraphs(found.help or "")
    yield from _paragraphs(found.epilog or "")
    for parameter in found.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield from _option(parameter)
    if isinstance(found, click.Group):
        for name, below in found.commands.items():
            yield from _command(f"{path} {name}", below)


def _name(argument: click.Argument) -> str:
    name = (argument.metavar or str(argument.name).upper()).strip("[]")
    return name if argument.required else f"[{name}]"


def _option(option: click.Option) -> Iterator[str]:
    """Yield one entry: names, value, help, default."""
    names = ", ".join(rf"\fB{_escaped(name)}\fR" for name in option.opts)
    if not option.is_flag:
        choices = option.type.choices if isinstance(option.type, click.Choice) else ()
        kind = "|".join(map(str, choices)) or option.type.name.upper().split()[0]
        names += rf" \fI{_escaped(option.metavar or kind)}\fR"
    text = option.help or ""
    if option.show_default and isinstance(option.default, str | int | float):
        text = f"{text} Default {option.default}."
    yield from (".TP", names, _escaped(text.strip()) or r"\&")


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; those that keep their lines as they are."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if not paragraph.strip():
            continue
        yield ".PP"
        lines = paragraph.removeprefix("\b\n").splitlines()
        if paragraph.startswith("\b\n"):
            yield from (".nf", *map(_escaped, lines), ".fi")
        else:
            yield from map(_escaped, lines)


def _escaped(text: str) -> str:
    """Return a text that man(7) takes as it is."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("`", r"\(ga")
    text = re.sub(r"'", r"\\(aq", text)
    return rf"\&{text}" if text.startswith((".", "\\(aq")) else text
