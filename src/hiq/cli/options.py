"""Options that several commands share, and how a command gets its settings.

Reads `.env` in the working directory beneath the real environment, tells the log
which texts are secret, and leaves all checking to `hiq.settings`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from hiq import log
from hiq.settings import Settings, load, require_home_assistant
from hiq.settings.dotenv import parse_dotenv

__all__ = [
    "config_option",
    "environment",
    "json_lines_option",
    "json_option",
    "load_settings",
    "require_home_assistant",
]

F = TypeVar("F", bound=Callable[..., Any])


def config_option(command: F) -> F:
    """Add `--config FILE` to a command; the argument is named `config`."""
    return click.option(
        "-c",
        "--config",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Settings; default $HIQ_CONFIG, ./hiq.yaml, "
        "~/.config/hiq/hiq.yaml, /etc/hiq/hiq.yaml.",
    )(command)


def json_option(command: F) -> F:
    """Add `--json` to a command; the argument is named `as_json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document."
    )(command)


def json_lines_option(command: F) -> F:
    """Add `--json` to a command that prints a stream; the argument is `as_json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document a line."
    )(command)


def environment(folder: Path = Path()) -> dict[str, str]:
    """Return the environment, with the file `.env` of the folder beneath it."""
    return {**read_dotenv(folder / ".env"), **os.environ}


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of a file; {} if it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return {}
    return parse_dotenv(text, os.environ)


def load_settings(
    config: str | Path | None, overrides: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings of this process; ConfigError with every problem at once.

    Secrets are masked in the log from here on.
    """
    settings = load(config, env=environment(), overrides=overrides or {})
    log.hide(*settings.secrets)
    return settings
