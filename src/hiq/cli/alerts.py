"""`hiq alerts`: what is wrong in the running service, asked over its HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import orjson

from hiq.cli.gaps import moment
from hiq.cli.options import config_option, json_option
from hiq.cli.status import ask, own

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["command"]


@click.command("alerts")
@config_option
@json_option
@click.option("--url", help="Where it runs; default: as its settings say.")
@click.option("--history", is_flag=True, help="Also those that are over.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    config: Path | None,
    as_json: bool,
    url: str | None,
    history: bool,
) -> None:
    r"""List what is wrong now, since when, and what to do about it.

    An alert is raised once and lasts until what is wrong is over. Exit status: 0 there
    is none now, 1 there is one, 3 the service does not answer.

    \b
    Examples:
      hiq alerts
      hiq alerts --history
      hiq alerts --json | jq .latency
    """
    certificate = None
    if url is None:
        url, certificate = own(config)
    found = ask(url, "/api/v1/alerts", certificate)
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    else:
        click.echo("\n".join(lines(found, history=history)))
    if found["active"]:
        ctx.exit(1)


def lines(found: dict[str, Any], *, history: bool) -> list[str]:
    """Return alerts as lines for people."""
    text = []
    if history:
        for one in found["history"]:
            lasted = f"{one['seconds']:.0f} s"
            text.append(f"over      {moment(one['since'])}  {one['key']}  ({lasted})")
    for one in found["active"]:
        text.append(f"{one['severity']:<8}  {moment(one['since'])}  {one['key']}")
        text.append(f"          {one['message']}")
    count = len(found["active"])
    names = ", ".join(
        f"{name} p95 {one['p95']:.2f} s" for name, one in found["latency"].items()
    )
    text.append(f"{count or 'no'} alert{'' if count == 1 else 's'}")
    if names:
        text.append(f"latency: {names}")
    return text
