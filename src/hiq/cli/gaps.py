"""`hiq gaps`: the ledger of gaps of the running service, asked over its HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import orjson

from hiq.cli.options import config_option, json_option
from hiq.cli.status import ask, own

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["command"]


@click.command("gaps")
@config_option
@json_option
@click.option("--url", help="Where it runs; default: as its settings say.")
@click.option("--lost", is_flag=True, help="Only what stays missing.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    config: Path | None,
    as_json: bool,
    url: str | None,
    lost: bool,
) -> None:
    r"""List when something may be missing, and what became of it.

    A gap is open until it is known whether it could be repaired; then it is repaired
    or lost. Exit status: 0 nothing is lost, 1 something is, 3 the service does not
    answer.

    \b
    Examples:
      hiq gaps
      hiq gaps --lost --json
    """
    certificate = None
    if url is None:
        url, certificate = own(config)
    found = ask(url, "/api/v1/gaps", certificate)
    if lost:
        found["gaps"] = [gap for gap in found["gaps"] if gap["state"] == "lost"]
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    else:
        click.echo("\n".join(lines(found)))
    if found["lost"]:
        ctx.exit(1)


def lines(found: dict[str, Any]) -> list[str]:
    """Return the ledger as lines for people."""
    text = []
    for gap in found["gaps"]:
        head = f"{gap['state']:<8}  {moment(gap['start'])} to {moment(gap['end'])}"
        cause = gap["cause"] + (f" ({gap['detail']})" if gap["detail"] else "")
        fate = gap["outcome"] or "not settled yet"
        if gap["points"] is not None:
            fate += f", {gap['points']} points"
        text.append(f"{head}  {gap['source']}: {cause}: {fate}")
    counts = ", ".join(f"{found[name]} {name}" for name in ("open", "repaired", "lost"))
    gone = f"; {found['forgotten']} older ones are forgotten"
    return [*text, counts + (gone if found["forgotten"] else "")]


def moment(iso: str | None) -> str:
    """Return a time to the second; `now` for an interval that lasts."""
    return "now" if iso is None else f"{iso[:19]}Z"
