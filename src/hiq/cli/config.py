"""`hiq config`: check, show and import settings. Needs no network."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hiq.cli.options import config_option, environment, json_option, load_settings
from hiq.errors import ConfigError

if TYPE_CHECKING:
    from hiq.settings import Settings
    from hiq.settings.importing import Imported

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
      hiq config import --homeiq .env --output hiq.yaml
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
    "configuration",
    type=click.Path(path_type=Path),
    metavar="[PATH]",
    required=False,
)
@click.option(
    "--homeiq",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Environment file (.env) of a HomeIQ ingestion service.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to this file instead of standard output; secrets go beside it.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def import_(
    configuration: Path | None,
    homeiq: Path | None,
    output: Path | None,
    *,
    force: bool,
) -> None:
    r"""Make a hiq.yaml of Home Assistant's configuration, or of HomeIQ's .env.

    PATH is configuration.yaml or its folder. The `influxdb:` block is taken as it is
    written, with its comments; if it is spread over packages and included files it is
    put together. With --output the secrets that it names are copied into secrets.yaml
    beside the file. What cannot be carried over is listed.

    \b
    Examples:
      hiq config import /config/configuration.yaml
      hiq config import /config --output hiq.yaml
      hiq config import --homeiq .env --output hiq.yaml
    """
    if (configuration is None) == (homeiq is None):
        raise click.UsageError(
            "name one: PATH of a configuration.yaml, or --homeiq with an .env"
        )
    if homeiq is not None:
        from hiq.settings.importing_homeiq import import_homeiq

        imported = import_homeiq(homeiq, os.environ)
    else:
        from hiq.settings.importing import import_block

        assert configuration is not None
        imported = import_block(configuration, environment())
    notes = list(imported.notes)
    if output is None:
        click.echo(imported.text, nl=False)
        if imported.secrets:
            names = ", ".join(imported.secrets)
            notes.append(f"secrets.yaml beside it must hold {names}")
    else:
        _write(output, imported.text, force=force)
        click.echo(f"wrote {output}", err=True)
        notes += _write_secrets(output.parent / "secrets.yaml", imported)
    if not imported.makes_sink:
        notes.append(
            "no database is named here, so points go to the embedded store; add "
            "`sinks:` for another one"
            if homeiq is not None
            else "the block has no connection (Home Assistant keeps it in its user "
            "interface), so points go to the embedded store; add `sinks:` for another "
            "database"
        )
    for note in notes:
        click.echo(f"note: {note}", err=True)
    token = "" if homeiq is not None else "add the token, then "
    click.echo(f"next: {token}`hiq config check`, `hiq check`", err=True)


def _write_secrets(path: Path, imported: Imported) -> list[str]:
    """Add secrets to the file beside the settings; returns what is to be noted.

    What is there stays as it is. A new file is readable by its owner alone.
    """
    import yaml

    try:
        present = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        present = {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise click.UsageError(f"cannot read {path}: {exc}") from None
    if not isinstance(present, dict):
        raise click.UsageError(f"{path} does not hold `name: value` lines")
    new = {
        name: value for name, value in imported.values.items() if name not in present
    }
    if new:
        try:
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(number, "a", encoding="utf-8") as file:
                file.write("".join(f"{name}: {text}\n" for name, text in new.items()))
        except OSError as exc:
            raise click.UsageError(f"cannot write {path}: {exc.strerror}") from None
        click.echo(f"wrote {', '.join(new)} into {path}", err=True)
    missing = [name for name in imported.secrets if name not in {*new, *present}]
    differ = [
        name
        for name in imported.values
        if name in present and yaml.safe_load(imported.values[name]) != present[name]
    ]
    return [
        *(f"{path} must still hold {name}" for name in missing),
        *(f"{path} has another value of {name}; it was kept" for name in differ),
    ]


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
