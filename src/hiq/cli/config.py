"""`hiq config`: check, show and import settings. Needs no network."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hiq.cli.options import config_option, environment, json_option, load_settings
from hiq.errors import ConfigError

if TYPE_CHECKING:
    from hiq.settings import Settings

__all__ = ["command"]

CHECKS = ("syntax", "keys", "values", "sinks", "http", "security")


@click.group("config")
def command() -> None:
    r"""Check, show or import settings; needs no network.

    \b
    Examples:
      hiq config check --config hiq.yaml
      hiq config show --json
      hiq config import /config/configuration.yaml --output hiq.yaml
    """


@command.command("check")
@config_option
@json_option
def check(config: Path | None, *, as_json: bool) -> int:
    r"""Say everything that is wrong with the settings.

    Exit status 0 if nothing is, 2 otherwise.

    \b
    Examples:
      hiq config check
      hiq config check --config /etc/hiq/hiq.yaml --json
    """
    try:
        settings = load_settings(config)
    except ConfigError as exc:
        if not as_json:
            raise
        found = [asdict(problem) for problem in exc.problems]
        _print_json({"ok": False, "problems": found, **_verdict(found, [])})
        return 2
    if as_json:
        notes = [*settings.notes, *_advice(settings)]
        _print_json(
            {
                "ok": True,
                "source": settings.source,
                "problems": [],
                "notes": notes,
                **_verdict([], notes),
            }
        )
        return 0
    for note in settings.notes:
        click.echo(f"note: {note}", err=True)
    for advice in _advice(settings):
        click.echo(f"warning: {advice}", err=True)
    sinks = ", ".join(f"{sink.name} ({sink.type})" for sink in settings.sinks)
    click.echo(f"ok: {settings.source or 'no file, defaults and environment'}")
    click.echo(f"  Home Assistant  {settings.home_assistant.url}")
    click.echo(f"  sinks           {sinks}")
    click.echo(f"  data folder     {settings.data_dir}")
    click.echo(f"  journal         {settings.journal_path}")
    return 0


def _verdict(errors: list[dict[str, Any]], warnings: list[str]) -> dict[str, Any]:
    """Return the verdict that `hiq serve` would come to, in one shape for programs."""
    return {
        "valid": not errors,
        "errors": errors,
        "warnings": warnings,
        "checks_performed": CHECKS,
    }


@command.command("show")
@config_option
@json_option
def show(config: Path | None, *, as_json: bool) -> None:
    r"""Print the settings in force, secrets masked.

    \b
    Examples:
      hiq config show
      hiq config show --json | jq .journal
    """
    import yaml

    from hiq.settings.show import public

    settings = load_settings(config)
    shown = public(settings)
    if as_json:
        _print_json({"source": settings.source, **shown})
        return
    click.echo(f"# from {settings.source or 'defaults and environment'}")
    for note in settings.notes:
        click.echo(f"# {note}")
    click.echo(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True), nl=False)


@command.command("import")
@click.argument(
    "configuration", type=click.Path(path_type=Path), metavar="CONFIGURATION.YAML"
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to this file instead of standard output.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def import_(configuration: Path, output: Path | None, *, force: bool) -> None:
    r"""Make a hiq.yaml of Home Assistant's configuration.yaml.

    The `influxdb:` block is taken as it is written, with its comments.

    \b
    Examples:
      hiq config import /config/configuration.yaml
      hiq config import configuration.yaml --output hiq.yaml
    """
    from hiq.settings.importing import import_block

    imported = import_block(configuration, environment())
    if output is None:
        click.echo(imported.text, nl=False)
    else:
        _write(output, imported.text, force=force)
        click.echo(f"wrote {output}", err=True)
    if imported.secrets:
        names = ", ".join(imported.secrets)
        click.echo(f"note: secrets.yaml beside it must hold {names}", err=True)
    if not imported.makes_sink:
        click.echo(
            "note: the block has no connection (Home Assistant keeps it in its user "
            "interface), so points go to the embedded store; add `sinks:` for another "
            "database",
            err=True,
        )
    click.echo("next: add the token, then `hiq config check`, `hiq check`", err=True)


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write a file that is not there yet."""
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(
            f"{path} exists already; --force replaces it, another --output keeps it"
        ) from None
    except OSError as exc:
        raise click.UsageError(f"cannot write {path}: {exc.strerror}") from None


def _advice(settings: Settings) -> list[str]:
    """Return what is no error, but will stop `hiq serve`."""
    home = settings.home_assistant
    if home.enabled and home.token is None and home.token_file is None:
        return ["no access token for Home Assistant is set; `hiq serve` needs one"]
    return []


def _print_json(document: Any) -> None:
    """Print one JSON document."""
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")
