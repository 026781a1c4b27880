"""`hiq tail`: events of the running service as they pass, or the lines made of them.

It is a client like any other (`hiq.client`): it comes back by itself after a cut, and
says on stderr what it could not get. It knows nothing of the service's insides; lines
are made here, by the settings that are given.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from hiq.cli.options import config_option, json_lines_option, load_settings
from hiq.cli.output import discard
from hiq.cli.query import shown
from hiq.cli.status import ask, context, own

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.client import Event, Gap

__all__ = ["as_line_protocol", "as_text", "command", "missed"]

COLOURS = {"on": "green", "off": "bright_black", "unavailable": "red"}


@click.command("tail")
@config_option
@json_lines_option
@click.option("--lines", is_flag=True, help="Print the line protocol of each event.")
@click.option(
    "--schema",
    type=click.Choice(("ha", "homeiq", "tidy")),
    default="ha",
    show_default=True,
    help="Form of the points, with --lines.",
)
@click.option("--domain", "domains", metavar="NAME", multiple=True, help="Only these.")
@click.option("--area", "areas", metavar="AREA", multiple=True, help="Only of these.")
@click.option("--label", "labels", metavar="LABEL", multiple=True, help="Only these.")
@click.option(
    "--min-interval",
    type=click.FloatRange(0, 86_400),
    default=0.0,
    metavar="SECONDS",
    help="Least time between two events of one entity.",
)
@click.option("--count", type=click.IntRange(1), help="End after so many events.")
@click.option("--url", help="Where it runs; default: as its settings say.")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A token of `hiq token create`, where hiq asks for one; or $HIQ_TOKEN.",
)
@click.argument("globs", metavar="[ENTITY]...", nargs=-1)
def command(
    *,
    config: Path | None,
    as_json: bool,
    lines: bool,
    schema: str,
    count: int | None,
    url: str | None,
    token_file: Path | None,
    globs: tuple[str, ...],
    **wanted: Any,
) -> int:
    r"""Print events of the running service as they pass.

    ENTITY is an entity id or a glob; several are OR, and with areas, domains and
    labels AND. Ctrl-C ends it. Exit status 0; 2 if the token is refused; 3 if nothing
    answers at the start. Once connected, it comes back by itself.

    \b
    Examples:
      hiq tail
      hiq tail 'light.*' 'switch.*' --area kitchen
      hiq tail --domain sensor --min-interval 10
      hiq tail 'sensor.*' --lines --schema tidy --count 5
      hiq tail --count 1 --json | jq .event.data.new_state.state
    """
    if as_json and lines:
        raise click.UsageError("--json and --lines: one of the two")
    certificate = None
    if url is None:
        url, certificate = own(config)
    ask(url, "/livez", certificate)
    show: Callable[[Event], str] = as_json_line if as_json else as_text
    if lines:
        options = load_settings(config).point_options
        show = as_line_protocol({**options, "schema": schema})
    wanted["entities"] = globs
    if url.startswith("https"):
        wanted["tls"] = context(certificate)
    try:
        asyncio.run(_follow(url, _token(token_file), wanted, show, count))
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:  # `hiq tail | head`; nothing may be written at exit either
        discard()
    return 0


def _token(file: Path | None) -> Callable[[], str] | None:
    """Return what reads the token anew at each connection; None if there is none."""
    if file is not None:
        return lambda: file.read_text(encoding="utf-8").strip()
    found = os.environ.get("HIQ_TOKEN")
    return None if not found else lambda: found


async def _follow(
    url: str,
    token: Callable[[], str] | None,
    wanted: dict[str, Any],
    show: Callable[[Event], str],
    count: int | None,
) -> None:
    from hiq import client

    number = 0
    async with client.connect(url, token, **wanted) as events:
        async for one in events:
            if isinstance(one, client.Gap):
                click.echo(missed(one), err=True)
                continue
            text = show(one) if isinstance(one, client.Event) else ""
            if not text:
                continue
            click.echo(text)
            number += 1
            if number == count:
                return


def missed(gap: Gap) -> str:
    """Return a gap for people."""
    if gap.reason == "restart":
        return f"hiq was restarted; nothing of the time since {gap.since} comes here"
    if gap.last is None:
        return f"events after number {gap.first - 1} were missed: {gap.reason}"
    return f"{gap.last - gap.first + 1} events were missed: {gap.reason}"


def as_json_line(event: Event) -> str:
    """Return an event for programs."""
    found = {"seq": event.seq, "event_id": event.event_id, "event": event.data}
    return orjson.dumps(found).decode()


def as_text(event: Event) -> str:
    """Return an event for people: when, what, from what, to what."""
    data = event.data.get("data") or {}
    when = _clock(event.data.get("time_fired"))
    entity_id = data.get("entity_id")
    if entity_id is None:
        return f"{when}  {shown(str(event.data.get('event_type')))}"
    new, old = data.get("new_state"), data.get("old_state")
    if new is None:
        return f"{when}  {shown(entity_id)}  removed"
    state = str(new["state"])
    unit = (new.get("attributes") or {}).get("unit_of_measurement")
    text = f"{state} {unit}" if unit else state
    styled = click.style(shown(text), fg=COLOURS.get(state), bold=True)
    if old is None:
        return f"{when}  {shown(entity_id)}  {styled}  (new)"
    if old["state"] == state:
        return f"{when}  {shown(entity_id)}  {styled}  (attributes)"
    return f"{when}  {shown(entity_id)}  {styled}  (was {shown(str(old['state']))})"


def as_line_protocol(options: dict[str, Any]) -> Callable[[Event], str]:
    """Return what makes the line of an event, none if it makes no point."""
    from hiq.cli.convert import pipeline_for

    pipeline = pipeline_for(options)

    def show(event: Event) -> str:
        pipeline.feed(orjson.dumps({"id": 1, "type": "event", "event": event.data}))
        return pipeline.take().decode().rstrip("\n")

    return show


def _clock(text: Any) -> str:
    """Return the local time of day of a time stamp."""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%H:%M:%S.%f")[:-3]
    except (TypeError, ValueError):
        return "--:--:--.---"
