"""The `hiq` command: a table of sub-commands, each imported when it is called.

Exit status: 0 done; 1 a check found something, or whoever read the output has gone; 2
usage, settings, what start-up needs and cannot have, or output that cannot be written;
3 the running service could not be reached; 130 interrupted; 143 SIGTERM came before
there was anything to stop in order.
"""

from __future__ import annotations

import errno
import importlib
import sys

import click

from hiq import leaving
from hiq.cli.output import cannot_write, finished
from hiq.errors import ConfigError, HiqError, ServiceUnreachable

__all__ = ["COMMANDS", "cli", "main"]

COMMANDS: dict[str, str] = {
    "alerts": "List what is wrong now, and what was lately.",
    "backfill": "Import a home's past from its recorder into the sinks.",
    "check": "Reach Home Assistant and every sink, and say what is wrong.",
    "config": "Check, show or import settings; needs no network.",
    "convert": "Turn recorded frames into line protocol.",
    "demo": "Run a simulated home through the whole pipeline.",
    "entities": "List the entities that hiq knows of, and their renames.",
    "filter": "Say which rule of the filter decides about an entity, and why.",
    "gaps": "List when something may be missing, and what became of it.",
    "init": "Write a settings file, by few questions or by flags alone.",
    "journal": "Look into the journal and the dead letters; check and mend them.",
    "man": "Print the manual page.",
    "query": "Ask the embedded store.",
    "record": "Record frames from Home Assistant.",
    "replay": "Write recorded frames, or the embedded store, to the sinks.",
    "serve": "Run the service.",
    "simulate": "Be a Home Assistant to connect to.",
    "status": "Show how the running service is doing.",
    "tail": "Print events of the running service as they pass.",
    "token": "Make, list and revoke the tokens of clients.",
    "top": "Watch the running service: rates, lag, what is wrong.",
    "verify": "Compare Home Assistant's recorder with what the sinks hold.",
}

LEAVE_AT_ONCE = {"demo", "serve"}
"""Until they handle signals themselves; they import most, when they are called."""


class LazyGroup(click.Group):
    """A group whose commands are modules of this package, imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; None if there is none of this name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"hiq.cli.{cmd_name}")
        command: click.Command = module.command
        if cmd_name not in LEAVE_AT_ONCE:
            leaving.as_usual()
        keep_lines(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; of one that is not there, say which may be meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as exc:
            import difflib

            for near in difflib.get_close_matches(args[0], COMMANDS, 1):
                said = f"{exc.message} Did you mean {near!r}?"
                raise click.UsageError(said, ctx) from None
            raise

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the table without importing anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hiq", prog_name="hiq")
def cli() -> None:
    r"""Take every event of Home Assistant into a time-series database, losing none.

    \b
    Examples:
      hiq demo                      see it work, no server needed
      hiq init                      make settings for your home
      hiq check --config hiq.yaml   is everything reachable?
      hiq serve --config hiq.yaml   run the service
    """


def keep_lines(command: click.Command) -> None:
    r"""Let click keep the lines of paragraphs that begin with `\b`, as is meant.

    It looks for the character itself; docstrings are raw and hold the two signs.
    """
    if command.help:
        command.help = command.help.replace("\\b\n", "\b\n")
    if command.epilog:
        command.epilog = command.epilog.replace("\\b\n", "\b\n")
    if isinstance(command, click.Group) and not isinstance(command, LazyGroup):
        for below in command.commands.values():
            keep_lines(below)


keep_lines(cli)


def main() -> None:
    """Run the command line; turn known errors into one message and a status."""
    sys.exit(finished(_status()))


def _status() -> int:
    try:
        status = cli.main(prog_name="hiq", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except ConfigError as exc:
        for problem in exc.problems:
            click.echo(f"error: {problem}", err=True)
        return 2
    except ServiceUnreachable as exc:
        click.echo(f"error: {exc}", err=True)
        return 3
    except HiqError as exc:
        click.echo(f"error: {exc}", err=True)
        return 2
    except OSError as exc:
        if exc.errno != errno.ENOSPC:
            raise
        return cannot_write(exc)
    return status if isinstance(status, int) else 0
