"""`hiq entities`: what hiq knows of the home's entities, and their renames.

The running service is asked; where it does not answer, or wants a token, what it has
left in the data folder is shown instead, and it is said from when that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

import click
import orjson

from hiq.cli.options import config_option, json_option, load_settings
from hiq.cli.status import fetch, own
from hiq.errors import ServiceUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from hiq.settings import Settings

__all__ = ["command"]

PAGE = 1000
OK = 200

F = TypeVar("F", bound="Callable[..., Any]")


@click.group("entities")
def command() -> None:
    r"""List the entities that hiq knows of, and their renames.

    \b
    Examples:
      hiq entities ls --area kitchen
      hiq entities renames
    """


def _where(function: F) -> F:
    """Add the options that every command here has."""
    function = click.option(
        "--url", help="Where it runs; default: as its settings say."
    )(function)
    return json_option(config_option(function))


@command.command("ls")
@_where
@click.option("--search", metavar="TEXT", help="In id, name, area, device or label.")
@click.option("--area", help="Id or name of the area, of the entity or its device.")
@click.option("--label", metavar="NAME", help="One of its labels.")
@click.option("--domain", help="Before the dot: light, sensor, ...")
@click.option("--integration", metavar="NAME", help="What made it: mqtt, zha, ...")
def ls(
    *, config: Path | None, as_json: bool, url: str | None, **wanted: str | None
) -> None:
    r"""List entities with area, integration, labels and name.

    Without a running service: as it last knew them. Exit status 3 if there is
    neither a service nor anything that it left.

    \b
    Examples:
      hiq entities ls --domain sensor --area kitchen
      hiq entities ls --search boiler
      hiq entities ls --label heating --json | jq -r '.entities[].entity_id'
    """
    query = {name: text for name, text in wanted.items() if text is not None}
    found = _service(url, config, lambda ask: _all_pages(ask, query))
    if found is None:
        found = _cached_entities(config, query)
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
        return
    rows = [
        (
            one["entity_id"],
            one.get("area") or "",
            one.get("integration") or "",
            ", ".join(one.get("labels") or ()),
            one.get("name") or "",
        )
        for one in found["entities"]
    ]
    for line in _columns(rows):
        click.echo(line)
    click.echo(f"{len(rows)} entities", err=True)


@command.command("renames")
@_where
def renames(*, config: Path | None, as_json: bool, url: str | None) -> None:
    r"""List the last renames of entities, oldest first.

    The registry id stays when an entity is renamed; the schema `tidy` can have it as
    a tag, or go on under the first entity id (`tidy.follow`).

    \b
    Examples:
      hiq entities renames
      hiq entities renames --json | jq '.renames[-1]'
    """
    found = _service(url, config, lambda ask: ask("/api/v1/entities/renames"))
    if found is None:
        found = _cached_renames(load_settings(config))
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
        return
    rows = [
        (f"{one['at'][:19]}Z", f"{one['old']} -> {one['new']}", one.get("rid") or "")
        for one in found["renames"]
    ]
    for line in _columns(rows):
        click.echo(line)
    click.echo(f"{len(rows)} renames", err=True)


class _Refused(Exception):
    """The service does not give it: it wants a token, or is just starting."""


def _service(
    url: str | None,
    config: Path | None,
    work: Callable[[Callable[[str], dict[str, Any]]], dict[str, Any]],
) -> dict[str, Any] | None:
    """Return what the service says; None if the cache has to do.

    Raises:
        ServiceUnreachable: a service that was named by its address gives nothing.
    """
    named = url is not None
    certificate = None
    if url is None:
        url, certificate = own(config)

    def ask(path: str) -> dict[str, Any]:
        status, found = fetch(url, path, certificate)
        if status != OK:
            raise _Refused(f"it answers with status {status}")
        return found

    try:
        return {**work(ask), "source": "service"}
    except (ServiceUnreachable, _Refused) as exc:
        if named:
            raise ServiceUnreachable(url, str(exc)) from exc
        click.echo(f"the service gives nothing ({exc}); from the cache", err=True)
        return None


def _all_pages(
    ask: Callable[[str], dict[str, Any]], query: dict[str, str]
) -> dict[str, Any]:
    entities: list[dict[str, Any]] = []
    while True:
        page = {**query, "limit": PAGE, "offset": len(entities)}
        found = ask(f"/api/v1/entities?{urlencode(page)}")
        entities += found["entities"]
        if not found["entities"] or len(entities) >= found["total"]:
            return {"entities": entities, "read_at": None}


def _cached_entities(config: Path | None, query: dict[str, str]) -> dict[str, Any]:
    """Return what the service left on the disk."""
    import msgspec

    from hiq.discovery.cache import Cache
    from hiq.discovery.views import entities_of
    from hiq.web.directory import entities_page
    from hiq.web.report import moment
    from hiq.web.types.home import EntityQuery

    settings = load_settings(config)
    cache = Cache(settings.data_dir)
    cached = cache.load(settings.home_assistant.url)
    if cached is None:
        reason = f"nor has it left anything in {cache.path}"
        raise ServiceUnreachable(own(config)[0], reason)
    read_at = moment(cached.read_at_s)
    click.echo(f"as the registries were at {read_at[:19]}Z", err=True)
    entities = entities_of(cached.home)
    try:
        asked = msgspec.convert(query, EntityQuery)
    except msgspec.ValidationError as exc:
        raise click.UsageError(str(exc)) from exc
    everything = msgspec.structs.replace(asked, limit=len(entities))
    page = entities_page(entities, everything, read_at)
    listed = msgspec.to_builtins(page.entities)
    return {"entities": listed, "read_at": read_at, "source": "cache"}


def _cached_renames(settings: Settings) -> dict[str, Any]:
    import msgspec

    from hiq.discovery.cache import Cache
    from hiq.discovery.views import renames_of

    found = renames_of(Cache(settings.data_dir).load_renames())
    return {"renames": msgspec.to_builtins(found), "source": "cache"}


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield the rows with columns below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
