"""The options of commands that go through a span of a home's past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from hiq.cli.query import Moment

__all__ = ["past_options"]

F = TypeVar("F", bound=Callable[..., Any])


def past_options(command: F) -> F:
    """Add `--start`, `--end`, `--entities` and `--sink` to a command.

    The arguments are named `start`, `end`, `patterns` and `names`.
    """
    for option in (
        click.option(
            "--sink", "names", multiple=True, help="Only this sink; repeatable."
        ),
        click.option(
            "--entities",
            "patterns",
            metavar="GLOB",
            multiple=True,
            help="Only these entities, as sensor.* ; repeatable.",
        ),
        click.option(
            "--end", type=Moment(), help="Before this time; default: ten seconds ago."
        ),
        click.option(
            "--start", type=Moment(), required=True, help="From this time on: -7d."
        ),
    ):
        command = option(command)
    return command
