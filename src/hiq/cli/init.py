"""`hiq init`: from nothing to settings that work, by few questions or by flags."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hiq.cli.options import environment, json_option, load_settings
from hiq.errors import ConfigError, Problem
from hiq.setup.asking import DATABASES, Asker, Question

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["command"]

LISTEN_S = 3.0
ENABLE = "systemctl daemon-reload && systemctl enable --now hiq"
CONFIGURATIONS = (
    *("/config", "/homeassistant", "~/.homeassistant", "~/homeassistant"),
    "/usr/share/hassio/homeassistant",
)
HOW_TO_GET_ONE = """\
hiq needs a long-lived access token of Home Assistant:
  1. Settings, People, Users: add a user `hiq` that is no administrator (it needs no
     more than to read) and log in as that user.
  2. Click its name, Security, Long-lived access tokens, Create token.
Area, device and label names need an administrator's token on some versions.\
"""


@click.command("init")
@click.option("--ha-url", metavar="URL", help="Home Assistant; else it is looked for.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File with the access token; else $HA_TOKEN, else it is asked for.",
)
@click.option(
    "--insecure", is_flag=True, help="Do not check Home Assistant's certificate."
)
@click.option(
    "--import",
    "configuration",
    type=click.Path(path_type=Path),
    metavar="CONFIGURATION.YAML",
    help="Take the `influxdb:` block of this file of Home Assistant.",
)
@click.option("--sink", type=click.Choice(list(DATABASES)), help="Kind of database.")
@click.option("--db-url", metavar="URL", help="Address of the database.")
@click.option("--database", help="Database (InfluxDB 1 and 3).")
@click.option("--org", help="Organisation (InfluxDB 2).")
@click.option("--bucket", help="Bucket (InfluxDB 2).")
@click.option("--db-username", help="User of the database.")
@click.option("--db-password", envvar="HIQ_DB_PASSWORD", help="or $HIQ_DB_PASSWORD.")
@click.option("--db-token", envvar="HIQ_DB_TOKEN", help="or $HIQ_DB_TOKEN.")
@click.option("--data-dir", metavar="FOLDER", help="Where journal and store go.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("hiq.yaml"),
    show_default=True,
    metavar="FILE",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@click.option("--no-check", is_flag=True, help="Write without reaching anything.")
@click.option(
    "--systemd",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the unit as well, for example /etc/systemd/system/hiq.service.",
)
@click.option("-y", "--yes", is_flag=True, help="Ask nothing; take the defaults.")
@json_option
def command(
    *,
    ha_url: str | None,
    token_file: Path | None,
    insecure: bool,
    configuration: Path | None,
    sink: str | None,
    data_dir: str | None,
    output: Path,
    force: bool,
    no_check: bool,
    systemd: Path | None,
    yes: bool,
    as_json: bool,
    **database: str | None,
) -> int:
    r"""Write a settings file: find Home Assistant, ask for the database, check both.

    Questions are asked only at a terminal, and each has a flag. An existing
    `influxdb:` block of Home Assistant is taken as it is. Exit status 1 if the check
    at the end found something; the file is written all the same.

    \b
    Examples:
      hiq init
      HA_TOKEN=... hiq init --yes --ha-url http://ha.lan:8123 --sink sqlite
      hiq init --import /config/configuration.yaml --token-file token
    """
    from hiq.setup.document import Answers, holds_secrets, text

    if output.exists() and not force:
        raise click.UsageError(
            f"{output} exists already; --force replaces it, --output names another"
        )
    asker = Asker(person=sys.stdin.isatty() and not yes)
    url = _home(asker, ha_url)
    token = "" if token_file else _token(asker)
    block = _block(asker, configuration, given=sink is not None)
    answers = Answers(
        url=url,
        token=token,
        token_file=str(token_file.absolute()) if token_file else "",
        verify_ssl=not insecure,
        block=block,
        sink={} if block and sink is None else _sink(asker, sink, database),
        data_dir=data_dir or "",
    )
    secret = holds_secrets(answers)
    _write(output, text(answers), mode=0o600 if secret else 0o644)
    click.echo(f"wrote {output}{' (for your eyes only)' if secret else ''}", err=True)
    checked = None if no_check else _check(output, as_json=as_json)
    written = _unit(asker, systemd, output, own_token=bool(token))
    click.echo(f"next: hiq serve --config {output}", err=True)
    if as_json:
        told = {
            "file": str(output),
            "holds_secrets": secret,
            "home_assistant": url,
            "unit": None if written is None else str(written),
            "check": checked,
        }
        click.echo(json.dumps(told, indent=2))
    return 0 if checked is None or checked["ok"] else 1


def _home(asker: Asker, given: str | None) -> str:
    """Return the address of Home Assistant."""
    import asyncio

    from hiq.ha.locate import DEFAULT_URL, websocket_url
    from hiq.setup.discover import find

    if given is None:
        click.echo("looking for Home Assistant ...", err=True)
        found, listened = asyncio.run(find(LISTEN_S))
        if not found:
            click.echo("  none answered", err=True)
        if not listened:
            click.echo(
                "  only at the usual addresses: pip install 'hiq[discover]' to listen "
                "to the network as well",
                err=True,
            )
        lines = [f"{one.name or 'at'}  {one.url}  {one.version}" for one in found]
        other = Question("url", "--ha-url", "Address of Home Assistant", DEFAULT_URL)
        chosen = len(found)
        if found:
            chosen = asker.choose("Which one?", [*lines, "another address"])
        given = found[chosen].url if chosen < len(found) else asker.ask(other, None)
    try:
        websocket_url(given)
    except ValueError as exc:
        raise click.UsageError(f"--ha-url {given}: {exc}") from None
    click.echo(f"Home Assistant: {given}", err=True)
    return given


def _token(asker: Asker) -> str:
    """Return the access token."""
    from hiq.settings.token import token_problem

    given = environment().get("HA_TOKEN") or None
    if given is None and asker.person:
        click.echo(HOW_TO_GET_ONE, err=True)
    question = Question("token", "--token-file or $HA_TOKEN", "Token", secret=True)
    token = asker.ask(question, given)
    problem = token_problem(token)
    if problem:
        raise ConfigError(Problem("answers", 0, "home_assistant.token", problem))
    return token


def _block(asker: Asker, named: Path | None, *, given: bool) -> str:
    """Return Home Assistant's own block, "" if there is none or none is wanted."""
    from hiq.settings.importing import import_block

    if named is not None:
        imported = import_block(named, environment())
        if imported.secrets:
            names = ", ".join(imported.secrets)
            click.echo(f"note: secrets.yaml beside it must hold {names}", err=True)
        return imported.block
    if given:
        return ""
    for folder in CONFIGURATIONS:
        path = Path(folder).expanduser() / "configuration.yaml"
        if not os.access(path, os.R_OK):
            continue
        try:
            imported = import_block(path, environment())
        except ConfigError:
            continue
        if imported.makes_sink and asker.sure(
            f"{path} has an `influxdb:` block; take it as it is?", default=True
        ):
            return imported.block
    return ""


def _sink(
    asker: Asker, kind: str | None, given: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the keys of the database."""
    from hiq.setup.document import WHAT

    if kind is None:
        kinds = list(DATABASES)
        kind = kinds[asker.choose("Where to?", [WHAT[kind] for kind in kinds])]
    questions = DATABASES[kind]
    flags = {question.flag for question in questions}
    for name, value in given.items():
        flag = f"--{name.replace('_', '-')}"
        if value is not None and flag not in flags:
            raise click.UsageError(f"{flag} is not for a database of kind {kind}")
    found = {"name": kind, "type": kind}
    for question in questions:
        name = question.flag.removeprefix("--").replace("-", "_")
        if question.key == "password" and not found.get("username"):
            continue
        found[question.key] = asker.ask(question, given[name])
    return found


def _write(path: Path, text: str, *, mode: int) -> None:
    """Write a file so that nobody else could read it at any time."""
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except OSError as exc:
        raise click.UsageError(f"cannot write {path}: {exc.strerror}") from None


def _check(path: Path, *, as_json: bool) -> dict[str, Any]:
    """Do what `hiq check` does, return what it found; show it to a person."""
    from hiq.cli.check import document, findings, show

    groups = findings(load_settings(path))
    found = document(groups)
    if not as_json:
        show(groups, ok=found["ok"])
    return found


def _unit(
    asker: Asker, path: Path | None, settings: Path, *, own_token: bool
) -> Path | None:
    """Write the systemd unit, if it is wanted; return where."""
    from hiq.setup.unit import UNIT, unit

    if path is None:
        if not asker.sure(f"Write {UNIT} for systemd here, too?", default=False):
            return None
        path = Path(UNIT)
    program = Path(sys.argv[0]).absolute()
    _write(path, unit(program, settings.absolute(), own_token=own_token), mode=0o644)
    click.echo(f"wrote {path}", err=True)
    if str(program).startswith(("/home/", "/root/")):
        click.echo(
            f"note: the unit cannot run {program}: home folders are closed to it; "
            "install hiq for all, for example into /opt/hiq",
            err=True,
        )
    if path.parent != Path("/etc/systemd/system"):
        click.echo(f"  as root: cp {path} /etc/systemd/system/", err=True)
    click.echo(f"  as root: {ENABLE}", err=True)
    return path
