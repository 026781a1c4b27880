"""`hiq query`: ask the embedded store, beside a running service or without one.

An argument is SQL if it starts like a statement, else an entity id; without one, the
series of the store are listed. Everything is read-only, and every query has a
deadline. Rows go to stdout, remarks to stderr.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from hiq.cli.options import config_option, load_settings
from hiq.cli.output import discard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hiq.settings import Settings
    from hiq.sink.reader import Reader

__all__ = ["command", "parse_time", "shown", "store_of"]

STATEMENTS = ("select", "with", "explain", "pragma", "values")
MEASURED_ROWS = 200
WIDEST = 60
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(text: str, now: datetime) -> int:
    """Return nanoseconds since 1970 of `now`, `-1h30m`, ISO 8601 or epoch seconds.

    A time without an offset is local. Raises ValueError if it is none of these.
    """
    from hiq.settings.units import duration

    text = text.strip()
    if text == "now":
        moment = now
    elif text.startswith("-"):
        moment = now - timedelta(seconds=duration(text[1:]))
    elif text.isdecimal() and len(text) > 8:
        return int(text) * 10**9
    else:
        moment = datetime.fromisoformat(text).astimezone()
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def store_of(settings: Settings, name: str | None = None) -> Path:
    """Return the file of the embedded store of the settings; UsageError if none."""
    from hiq.sink import store_path

    stores = [sink for sink in settings.sinks if sink.type == "sqlite"]
    if name is not None:
        stores = [sink for sink in stores if sink.name == name]
    if not stores:
        raise click.UsageError(
            "the settings have no embedded store (a sink of type sqlite)"
            + (f" named {name}" if name else "")
            + "; name the file with --store"
        )
    return store_path(stores[0], data_dir=settings.data_dir)


class Moment(click.ParamType):  # type: ignore[type-arg]  # no generic before 8.2
    """A time on the command line."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return nanoseconds since 1970."""
        if isinstance(value, int):
            return value
        try:
            return parse_time(str(value), datetime.now(UTC))
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time: use -1h, -7d, now, 2026-11-20 or "
                "2026-11-20T16:50:00+01:00",
                param,
                ctx,
            )


@click.command("query")
@config_option
@click.option(
    "--store", type=click.Path(path_type=Path), help="File of the store, no settings."
)
@click.option("--sink", metavar="NAME", help="Which store, if there are several.")
@click.option("--from", "start", type=Moment(), help="From this time: -1h, ISO 8601.")
@click.option("--to", "end", type=Moment(), help="Before this time.")
@click.option("--field", "fields", multiple=True, help="Only this field; repeatable.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="The newest so many rows of an entity, the first of SQL; 0 = all.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=0.001), default=30.0, show_default=True
)
@click.option(
    "--backup",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Copy the store to a new file, while hiq runs.",
)
@click.argument("what", metavar="[SQL | ENTITY]", required=False)
def command(
    *,
    config: Path | None,
    store: Path | None,
    sink: str | None,
    start: int | None,
    end: int | None,
    fields: tuple[str, ...],
    form: str,
    as_json: bool,
    limit: int,
    timeout: float,
    backup: Path | None,
    what: str | None,
) -> int:
    """Ask the embedded store: SQL, an entity, or a list of what is in it.

    SQL sees the view points(measurement, entity_id, domain, tags, field, time_ns,
    number, text). An ENTITY may have * and ?. Nothing can be changed.

    \b
    Examples:
      hiq query                                   what is in it?
      hiq query sensor.kitchen --from -1h
      hiq query 'light.*' --field state --from 2026-11-20 --format csv
      hiq query "SELECT entity_id, count(*) FROM points GROUP BY 1 ORDER BY 2 DESC"
      hiq query --backup /backup/hiq.db
    """  # noqa: D301  click wants the character itself, not backslash and b
    from hiq.sink.reader import Reader

    path = store if store is not None else store_of(load_settings(config), sink)
    words = (what or "").split()
    is_sql = len(words) > 1 and words[0].lower() in STATEMENTS
    if (is_sql or what is None) and (start is not None or end is not None or fields):
        raise click.UsageError("--from, --to and --field go with an entity")
    if what is not None and not is_sql and len(words) != 1:
        raise click.UsageError(
            f"{what!r} is no entity, nor a statement that reads; SQL begins with "
            + ", ".join(word.upper() for word in STATEMENTS)
        )
    with Reader(path, timeout_s=timeout) as reader:
        if backup is not None:
            reader.backup(backup)
            click.echo(f"copied {path} to {backup}", err=True)
            return 0
        names, rows = _ask(
            reader,
            what,
            start=start,
            end=end,
            fields=fields,
            limit=limit,
            is_sql=is_sql,
        )
        first = next(rows, None)
        if first is not None:
            rows = itertools.chain((first,), rows)
        elif what is not None and not is_sql:
            hint = f"no point of {what} there; `hiq query` lists what is"
            click.echo(hint, err=True)
        shown, more = _limited(rows, limit)
        try:
            _show("json" if as_json else form, names, shown, sys.stdout)
            sys.stdout.flush()
        except BrokenPipeError:  # `| head` has seen enough; nor may the exit write
            discard()
            return 0
        if more():
            click.echo(f"only {limit} rows shown; more with --limit", err=True)
    return 0


def _ask(
    reader: Reader,
    what: str | None,
    *,
    start: int | None,
    end: int | None,
    fields: tuple[str, ...],
    limit: int,
    is_sql: bool,
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    if what is None:
        return _with_times(*reader.overview())
    if is_sql:
        return reader.sql(what)
    span = {
        key: value
        for key, value in (("start_ns", start), ("end_ns", end))
        if value is not None
    }
    names, rows = reader.entity(what, fields=fields, limit=limit or -1, **span)
    return _with_times(names, rows)


def _with_times(
    names: list[str], rows: Iterable[tuple[Any, ...]]
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Put an ISO time in the place of every column that ends in `_ns`."""
    stamps = {index for index, name in enumerate(names) if name.endswith("_ns")}
    return [name.removesuffix("_ns") for name in names], (
        tuple(
            iso(cell) if index in stamps and cell is not None else cell
            for index, cell in enumerate(row)
        )
        for row in rows
    )


def iso(time_ns: int) -> str:
    """Return a time in UTC as ISO 8601, to the microsecond that sources have."""
    try:
        moment = EPOCH + timedelta(microseconds=time_ns // 1000)
    except OverflowError:
        return str(time_ns)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _limited(
    rows: Iterator[tuple[Any, ...]], limit: int
) -> tuple[Iterator[tuple[Any, ...]], Callable[[], bool]]:
    """Return the first `limit` rows (0 = all), and whether there were more."""
    if not limit:
        return rows, lambda: False
    return itertools.islice(rows, limit), lambda: next(rows, None) is not None


def _show(
    form: str, names: list[str], rows: Iterator[tuple[Any, ...]], out: TextIO
) -> None:
    if form == "csv":
        _csv(names, rows, out)
    elif form == "json":
        _json(names, rows, out)
    else:
        _table(names, rows, out)


def _table(names: list[str], rows: Iterator[tuple[Any, ...]], out: TextIO) -> None:
    if not names:
        return
    head = [
        [shown(cell) for cell in row] for row in itertools.islice(rows, MEASURED_ROWS)
    ]
    widths = [
        min(WIDEST, max(len(cell) for cell in column))
        for column in zip(names, *head, strict=True)
    ]
    lines = itertools.chain(
        [names, ["-" * width for width in widths]],
        head,
        ([shown(cell) for cell in row] for row in rows),
    )
    for cells in lines:
        padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
        out.write("  ".join(padded).rstrip() + "\n")


def _csv(names: list[str], rows: Iterator[tuple[Any, ...]], out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    if names:
        writer.writerow(names)
    writer.writerows([_plain(cell) for cell in row] for row in rows)


def _json(names: list[str], rows: Iterator[tuple[Any, ...]], out: TextIO) -> None:
    out.write("[")
    for number, row in enumerate(rows):
        out.write(",\n " if number else "\n ")
        values = {n: _plain(cell) for n, cell in zip(names, row, strict=True)}
        json.dump(values, out, ensure_ascii=False)
    out.write("\n]\n")


def _plain(cell: Any) -> Any:
    return cell.hex() if isinstance(cell, bytes) else cell


def shown(cell: Any) -> str:
    """Return a value as text on one line that does nothing to a terminal."""
    if cell is None:
        return ""
    text = " ".join(str(_plain(cell)).split())
    # A name from some device must not move the cursor or colour the terminal.
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
