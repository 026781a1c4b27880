"""`hiq token`: make, list and revoke the tokens of clients."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click
import orjson

from hiq.cli.options import config_option, json_option, load_settings
from hiq.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.clients.ledger import Issued, Ledger
    from hiq.settings import Settings

__all__ = ["command"]


@click.group("token")
def command() -> None:
    r"""Make, list and revoke the tokens of clients.

    Tokens are signed with the secret of this instance, which is made when it is first
    needed. The running service takes them at once, and refuses a revoked one at the
    next connection or request.

    \b
    Examples:
      hiq token create alice
      hiq token create wall-tablet --scope read --entity 'light.*' --expires 365d
      hiq token list
      hiq token revoke 0123456789abcdef
    """


@command.command("create")
@click.argument("user")
@config_option
@json_option
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["read", "control", "alerts"]),
    default=("read",),
    help="What it allows: `read` events and states, `control` hiq and write the own "
    "document, `alerts` of the monitor. May be given several times; without it `read`.",
)
@click.option(
    "--entity",
    "entities",
    multiple=True,
    metavar="GLOB",
    help="Only entities of this name. May be given several times.",
)
@click.option(
    "--event-type",
    "event_types",
    multiple=True,
    metavar="TYPE",
    help="Only events of this type. May be given several times.",
)
@click.option(
    "--expires",
    default="30d",
    show_default=True,
    metavar="DURATION",
    help="How long it is good for.",
)
def create(
    user: str,
    config: Path | None,
    *,
    as_json: bool,
    scopes: tuple[str, ...],
    entities: tuple[str, ...],
    event_types: tuple[str, ...],
    expires: str,
) -> None:
    r"""Make a token for USER and print it; it is shown this once only.

    \b
    Examples:
      hiq token create alice --scope read --scope control
      hiq token create wall-tablet --entity 'light.*' --expires 365d
    """
    from hiq.clients.keys import read_secret
    from hiq.settings.units import duration

    try:
        seconds = duration(expires)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 100 * 366 * 86400:
        raise click.BadParameter(
            f"{expires!r} is no duration such as 12h or 30d", param_hint="--expires"
        )
    if not user or len(user) > 255:
        raise click.BadParameter("a user has 1 to 255 characters", param_hint="USER")
    settings = load_settings(config)
    security = settings.security
    if "HS256" not in security.algorithms:
        where = settings.source or "settings"
        raise ConfigError(
            Problem(
                where,
                0,
                "security.algorithms",
                "hiq makes tokens of HS256 only; whoever has the private key makes "
                "the others",
            )
        )
    secret = read_secret(security, settings.data_dir)
    token, issued = _ledger(settings).create(
        secret,
        user,
        scopes=tuple(dict.fromkeys(scopes)),
        entities=entities,
        event_types=event_types,
        seconds=seconds,
        audience=security.audience,
        issuer=security.issuer,
    )
    if as_json:
        click.echo(orjson.dumps({"token": token, **_public(issued)}))
        return
    click.echo(token)
    click.echo(
        f"token {issued.jti} of {user}, until {_moment(issued.expires)}", err=True
    )


@command.command("list")
@config_option
@json_option
def list_(config: Path | None, *, as_json: bool) -> None:
    r"""List the tokens that were made here and did not expire.

    \b
    Examples:
      hiq token list
      hiq token list --json
    """
    found = _ledger(load_settings(config)).issued()
    if as_json:
        shown = {"tokens": [_public(one) for one in found]}
        click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2))
        return
    if not found:
        click.echo("no token was made here; see `hiq token create`", err=True)
    for one in found:
        limits = [*(one.entities or ()), *(one.event_types or ())]
        state = "revoked" if one.revoked else f"until {_moment(one.expires)}"
        only = f" only {', '.join(limits)}" if limits else ""
        click.echo(f"{one.jti}  {one.sub}  {one.scope}{only}  {state}")


@command.command("revoke")
@click.argument("jti")
@config_option
@click.pass_context
def revoke(ctx: click.Context, jti: str, config: Path | None) -> None:
    r"""Refuse a token from now on; JTI is its name in `hiq token list`.

    Exit status 1 if none of this name was made here.

    \b
    Examples:
      hiq token revoke 0123456789abcdef
    """
    found = _ledger(load_settings(config)).revoke(jti)
    if found is None:
        click.echo(f"there is no token {jti}; see `hiq token list`", err=True)
        ctx.exit(1)
    click.echo(f"revoked {found.jti} of {found.sub}", err=True)


def _ledger(settings: Settings) -> Ledger:
    from hiq.clients.ledger import Ledger

    leeway_s = settings.security.leeway
    return Ledger(settings.data_dir, time.time(), leeway_s=leeway_s)


def _public(issued: Issued) -> dict[str, Any]:
    return {
        "jti": issued.jti,
        "user": issued.sub,
        "scope": issued.scope,
        "entities": issued.entities,
        "event_types": issued.event_types,
        "created": _moment(issued.created),
        "expires": _moment(issued.expires),
        "revoked": None if issued.revoked is None else _moment(issued.revoked),
    }


def _moment(unix_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))
