# ruff: noqa: INP001  a script that lies beside its pages
"""Writes the parts of the reference that are made from tables in the program.

Run `python -m docs.generate` after a change of settings, names or commands; a test
fails while a page says something else. Text between `<!-- begin NAME -->` and
`<!-- end NAME -->` is replaced, all other text is written by hand.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from docs import error_parts, fault_parts, http_parts
from msgspec import NODEFAULT
from msgspec.structs import fields

from hiq import cli
from hiq.settings import schema
from hiq.settings.block import BLOCK
from hiq.settings.contracts import ANSWER, CHAIN, MATCH, PAIR, STEP
from hiq.settings.filtering import CONDITIONS, FILTER, LIMIT
from hiq.settings.foreign import ALIASES, UNUSED
from hiq.settings.sinks import FAMILIES
from hiq.settings.table import SECTIONS, SINK, SINK_TYPES, Row
from hiq.settings.tidy import TIDY
from hiq.settings.units import show_duration, show_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

REFERENCE = Path(__file__).parent / "reference"
STRUCTS: dict[str, Any] = {
    "home_assistant": schema.HomeAssistantSettings,
    "journal": schema.JournalSettings,
    "http": schema.HttpSettings,
    "backfill": schema.BackfillSettings,
    "discovery": schema.DiscoverySettings,
    "snapshot": schema.SnapshotSettings,
    "data_api": schema.DataApiSettings,
    "events": schema.EventsSettings,
    "clients": schema.ClientsSettings,
    "contracts": schema.ContractsSettings,
    "validation": schema.ValidationSettings,
    "security": schema.SecuritySettings,
    "memory": schema.MemorySettings,
    "monitor": schema.MonitorSettings,
    "log": schema.LogSettings,
    "sink": schema.SinkSettings,
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
        for line in lines
    )


def settings_table(name: str, rows: Mapping[str, Row]) -> str:
    """Return the table of one section."""
    defaults = {item.name: item.default for item in fields(STRUCTS[name])}
    return table(
        ("key", "value", "default", "meaning"),
        (
            (f"`{key}`", row.kind.name, _default(defaults[key], row), row.help)
            for key, row in rows.items()
        ),
    )


def _default(value: Any, row: Row) -> str:
    """Return a default as it would be written in hiq.yaml."""
    if value is None or value is NODEFAULT:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if row.kind.name == "duration":
        return f"`{show_duration(value)}`"
    if row.kind.name == "size":
        return f"`{show_size(value)}`"
    return f"`{list(value) if isinstance(value, tuple) else value}`"


def plain_table(rows: Mapping[str, Row]) -> str:
    """Return a table of keys whose defaults stand in their meaning."""
    return table(
        ("key", "value", "meaning"),
        ((f"`{key}`", row.kind.name, row.help) for key, row in rows.items()),
    )


def sink_types() -> str:
    """Return which keys each type of sink needs and takes."""
    common = set.intersection(*(set(kind.takes) for kind in SINK_TYPES.values()))
    return table(
        ("type", "database", "needs", "takes besides"),
        (
            (
                f"`{name}`",
                kind.help,
                _codes(kind.needs),
                _codes(key for key in kind.takes if key not in common),
            )
            for name, kind in SINK_TYPES.items()
        ),
    )


def aliases() -> str:
    """Return the foreign names and what they set."""
    return table(
        ("names, the first that is set wins", "setting"),
        ((_codes(alias.names), f"`{alias.key}`") for alias in ALIASES),
    )


def families() -> str:
    """Return the families of names that make a sink."""
    return table(
        ("type of sink", "names", "defaults"),
        (
            (
                f"`{kind}`",
                ", ".join(
                    f"{key}: {' or '.join(f'`{name}`' for name in names)}"
                    for key, names in keys.items()
                ),
                ", ".join(f"{key} `{value}`" for key, value in defaults.items()),
            )
            for kind, keys, defaults in FAMILIES
        ),
    )


def unused() -> str:
    """Return the names without counterpart."""
    return table(
        ("name", "why it is not used"),
        ((f"`{name}`", why) for name, why in UNUSED.items()),
    )


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def commands() -> str:
    """Return every command with its options."""
    context = click.Context(cli.cli, info_name="hiq")
    parts = []
    for name in cli.COMMANDS:
        command = cli.cli.get_command(context, name)
        assert command is not None
        parts += _command(f"hiq {name}", command)
    return "\n\n".join(parts)


def _command(path: str, command: click.Command) -> list[str]:
    """Return heading, text and options of a command and of those below it."""
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    names = " ".join(_argument(argument) for argument in arguments)
    parts = [f"## `{f'{path} {names}'.strip()}`", *_help(command.help or "")]
    parts += _help(command.epilog) if command.epilog else []
    rows = [_option(p) for p in command.params if isinstance(p, click.Option)]
    if rows:
        parts.append(table(("option", "meaning"), rows))
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            parts += _command(f"{path} {name}", below)
    return parts


def _argument(argument: click.Argument) -> str:
    name = (argument.metavar or str(argument.name).upper()).strip("[]")
    return name if argument.required else f"[{name}]"


def _help(text: str) -> list[str]:
    """Return the paragraphs of a help text; those that keep their lines as code."""
    parts = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if not paragraph.startswith("\b\n"):
            parts.append(paragraph)
            continue
        head, *lines = paragraph.removeprefix("\b\n").split("\n")
        parts += [head, "\n".join(["```sh", *(line[2:] for line in lines), "```"])]
    return parts


def _option(option: click.Option) -> tuple[str, str]:
    """Return names and meaning of an option."""
    names = ", ".join(f"`{name}`" for name in option.opts)
    if not option.is_flag:
        kinds = option.type
        choices = kinds.choices if isinstance(kinds, click.Choice) else ()
        shown = "/".join(str(c) for c in choices) or kinds.name.upper().split()[0]
        names += f" {option.metavar or shown}"
    help_text = option.help or ""
    default = option.default
    if option.show_default and isinstance(default, str | int | float):
        help_text = f"{help_text} Default `{default}`."
    return names, help_text.strip()


def _pages() -> dict[str, dict[str, Callable[[], str]]]:
    """Return page -> name of a part -> what makes it."""
    sections: dict[str, Callable[[], str]] = {
        name: lambda name=name, rows=rows: settings_table(name, rows)  # type: ignore[misc]
        for name, rows in SECTIONS.items()
    }
    return {
        "settings.md": {
            **sections,
            "sink": lambda: settings_table("sink", SINK),
            "sink types": sink_types,
            "chain": lambda: plain_table(CHAIN),
            "step": lambda: plain_table(STEP),
            "match": lambda: plain_table(MATCH),
            "pair": lambda: plain_table(PAIR),
            "answer": lambda: plain_table(ANSWER),
            "block": lambda: plain_table(BLOCK),
            "filter": lambda: plain_table(FILTER),
            "conditions": lambda: plain_table(CONDITIONS),
            "limits": lambda: plain_table(LIMIT),
            "tidy": lambda: plain_table(TIDY),
        },
        "environment.md": {"aliases": aliases, "families": families, "unused": unused},
        "cli.md": {"commands": commands},
        "errors.md": {
            "exceptions": lambda: error_parts.exceptions(table),
            "reasons": lambda: error_parts.reasons(table),
            "codes": lambda: error_parts.codes(table),
        },
        "faults.md": {"faults": lambda: fault_parts.faults(table)},
        "http.md": {
            "routes": lambda: http_parts.routes(table),
            "keys": lambda: http_parts.keys(table),
        },
    }


PAGES = _pages()


def render(page: str, text: str) -> str:
    """Return the text of a page with its generated parts made anew."""
    for name, make in PAGES[page].items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"{page} has no part {name}")
        body = f"{begin}\n{make()}\n{end}"
        text = pattern.sub(lambda _, body=body: body, text)  # type: ignore[misc]
    return text


def main() -> int:
    """Write all pages; with --check only say which would change."""
    stale = []
    for page in PAGES:
        path = REFERENCE / page
        text = path.read_text(encoding="utf-8")
        made = render(page, text)
        if made != text:
            stale.append(page)
            if "--check" not in sys.argv:
                path.write_text(made, encoding="utf-8")
    if stale:
        print("made anew:" if "--check" not in sys.argv else "stale:", *stale)  # noqa: T201
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
