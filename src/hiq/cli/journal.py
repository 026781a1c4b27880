"""`hiq journal`: look into the journal, check it, mend it, and the dead letters.

Everything but `repair` and `dead --retry` only reads, beside a running service or
without one; these two need the journal for themselves.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hiq.cli.bar import Bar
from hiq.cli.options import (
    config_option,
    json_lines_option,
    json_option,
    load_settings,
)
from hiq.cli.output import discard
from hiq.cli.query import Moment, iso
from hiq.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.journal.fsck import Finding, Survey

__all__ = ["command"]

WORDS = {
    "damaged": "damaged records",
    "unreadable": "sectors that the disk cannot read",
    "torn": "a write that was interrupted before it counted",
    "gone": "records are missing: removed, or given up by a full journal",
    "cursor": "a damaged cursor: its sink starts at the oldest record",
    "newer": "records of a newer format: run the newer hiq",
}
HARMLESS = {"torn"}


@click.group("journal")
def command() -> None:
    r"""Look into the journal and the dead letters; check and mend them.

    Works beside a running service; only `repair` and `dead --retry` need the service
    to be stopped.

    \b
    Examples:
      hiq journal ls
      hiq journal verify --json
      hiq journal export --start -1h | grep sensor.kitchen
      hiq journal dead --retry
    """


def journal_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--config` and `--path`."""
    option = click.option(
        "--path",
        metavar="FOLDER",
        type=click.Path(path_type=Path, file_okay=False),
        help="The journal's folder, without settings.",
    )
    return config_option(option(function))


def folder_of(config: Path | None, path: Path | None) -> Path:
    """Return the folder of the journal; JournalError if there is none."""
    folder = path if path is not None else load_settings(config).journal_path
    if not (folder / "format").exists() and not folder.is_dir():
        raise JournalError(str(folder), "there is no journal here")
    return folder


def surveyed(folder: Path) -> Survey:
    """Return what is in the folder; JournalError if it cannot be read at all."""
    from hiq.journal.fsck import survey

    try:
        return survey(folder)
    except OSError as exc:
        raise JournalError(str(folder), exc.strerror or str(exc)) from exc


@command.command("ls")
@journal_option
@json_option
def ls(config: Path | None, path: Path | None, *, as_json: bool) -> int:
    r"""List files, records, their span of time, and how far each sink has come.

    \b
    Examples:
      hiq journal ls
      hiq journal ls --path /data/journal --json
    """
    found = surveyed(folder_of(config, path))
    if as_json:
        click.echo(json.dumps(document(found), indent=2))
        return 0
    by = f"process {found.owner}" if found.owner else "no running service"
    click.echo(f"{found.path}, used by {by}")
    for segment in found.segments:
        times = f"{when(segment.first_ns)} .. {when(segment.last_ns)}"
        click.echo(
            f"{segment.file}  {segment.bytes:>10} bytes  {segment.records:>6} records  "
            f"{segment.points:>9} points  {times}"
        )
    for place in found.cursors:
        click.echo(
            f"sink {place.sink}, {place.stream}: at record {place.sequence}, "
            f"{place.pending} points are pending"
        )
    for name in found.aside:
        click.echo(f"put aside by a repair: {name}")
    return 0


@command.command("verify")
@journal_option
@json_option
def verify(config: Path | None, path: Path | None, *, as_json: bool) -> int:
    r"""Read every record and check it; say what is lost, and of which time.

    Exit status 1 if anything is damaged. Nothing is changed.

    \b
    Examples:
      hiq journal verify
      hiq journal verify --json | jq .findings
    """
    found = surveyed(folder_of(config, path))
    tell(found, as_json=as_json)
    return 1 if serious(found) else 0


@command.command("repair")
@journal_option
@json_option
def repair(config: Path | None, path: Path | None, *, as_json: bool) -> int:
    r"""Put damaged files aside and keep every good record of them.

    Needs the service to be stopped. The damaged bytes stay beside the journal, with
    .damaged behind the name. Exit status 1 if points are lost.

    \b
    Examples:
      systemctl stop hiq && hiq journal repair && systemctl start hiq
    """
    from hiq.journal.mend import repair as mend

    folder = folder_of(config, path)
    try:
        found = mend(folder)
    except OSError as exc:
        raise JournalError(str(folder), exc.strerror or str(exc)) from exc
    tell(found, as_json=as_json, done=True)
    return 1 if serious(found) else 0


@command.command("export")
@journal_option
@click.option("--stream", default="ha", show_default=True, help="Which encoding.")
@click.option("--sink", metavar="NAME", help="Only what this sink has not got yet.")
@click.option("--start", type=Moment(), help="From this time: -1h, ISO 8601.")
@click.option("--end", type=Moment(), help="Before this time.")
@json_lines_option
def export(
    config: Path | None,
    path: Path | None,
    *,
    stream: str,
    sink: str | None,
    start: int | None,
    end: int | None,
    as_json: bool,
) -> int:
    r"""Print the points of the journal as line protocol, or as JSON.

    \b
    Examples:
      hiq journal export > all.lp
      hiq journal export --sink influxdb --start -1d | gzip > missing.lp.gz
    """
    from hiq.cli.exporting import lines
    from hiq.cli.pointrows import json_lines

    folder = folder_of(config, path)
    after = 0
    if sink is not None:
        places = {(p.sink, p.stream): p.sequence for p in surveyed(folder).cursors}
        if (sink, stream) not in places:
            known = ", ".join(sorted({name for name, _ in places})) or "none"
            raise click.UsageError(f"no sink {sink} reads {stream}; there are: {known}")
        after = places[sink, stream]
    out, bar = sys.stdout.buffer, Bar()

    def show(points: int, time_ns: int) -> None:
        if not sys.stdout.isatty():  # there the lines themselves go by
            bar.show(None, f"{points} points, up to {iso(time_ns)}")

    parts = lines(
        folder, stream, after=after, start_ns=start, end_ns=end, progress=show
    )
    try:
        for part in parts:
            out.write(json_lines(part) if as_json else part)
        out.flush()
    except BrokenPipeError:  # `| head` has seen enough; nor may the exit write
        discard()
    finally:
        bar.end()
    return 0


@command.command("dead")
@config_option
@json_option
@click.option("--sink", "names", multiple=True, help="Only this sink; repeatable.")
@click.option("--retry", is_flag=True, help="Send them again, keep what is refused.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds after which a sink that does not answer well is given up.",
)
def dead(
    config: Path | None,
    *,
    names: tuple[str, ...],
    as_json: bool,
    retry: bool,
    patience: float,
) -> int:
    r"""List the dead letters: what a database has refused for good.

    With --retry, which needs the service to be stopped, they are sent again; what is
    refused again stays. Exit status 1 if any is left after that. --json prints one
    letter a line; with --retry one document.

    \b
    Examples:
      hiq journal dead
      hiq journal dead --sink influxdb --json | jq -r .reason | sort | uniq -c
      hiq journal dead --retry
    """
    from hiq.cli.resend import chosen, listed, resend

    settings = load_settings(config)
    sinks = chosen(settings, names)
    if not retry:
        listed(settings, sinks, as_json=as_json)
        return 0
    return resend(settings, sinks, patience_s=patience, as_json=as_json)


def serious(found: Survey) -> list[Finding]:
    """Return the findings that cost something."""
    return [finding for finding in found.findings if finding.kind not in HARMLESS]


def tell(found: Survey, *, as_json: bool, done: bool = False) -> None:
    """Print what was found."""
    if as_json:
        click.echo(json.dumps(document(found), indent=2))
        return
    for finding in found.findings:
        click.echo(sentence(finding))
    records = sum(segment.records for segment in found.segments)
    points = sum(segment.points for segment in found.segments)
    good = f"{records} good records with {points} points"
    if not found.findings:
        click.echo(f"all is well: {good}")
    else:
        click.echo(f"{'repaired' if done else 'found'}; {good}")


def sentence(finding: Finding) -> str:
    """Return a finding as one line."""
    place = f"{finding.file}, bytes {finding.start} to {finding.end}: "
    if finding.kind == "cursor":
        place = f"{finding.file}: "
    text = f"{place if finding.file else ''}{WORDS[finding.kind]}"
    if finding.kind in {"damaged", "unreadable", "gone"}:
        points = "an unknown number of" if finding.points is None else finding.points
        where = finding.span
        text += f"; {points} points lost, {when(where.first_ns)} .. "
        text += when(where.last_ns) + ("" if where.exact else " (at most)")
    return text


def document(found: Survey) -> dict[str, Any]:
    """Return the survey as JSON; times are ISO 8601."""
    return {
        "path": str(found.path),
        "owner": found.owner,
        "ok": not serious(found),
        "segments": [timed(asdict(segment)) for segment in found.segments],
        "cursors": [asdict(place) for place in found.cursors],
        "findings": [
            {**asdict(f), "span": timed(asdict(f.span))} for f in found.findings
        ],
        "aside": found.aside,
    }


def timed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with ISO times in place of nanoseconds."""
    return {
        key.removesuffix("_ns"): when(value, None) if key.endswith("_ns") else value
        for key, value in row.items()
    }


def when(time_ns: int | None, unknown: Any = "?") -> Any:
    """Return a time for people."""
    return unknown if time_ns is None else iso(time_ns)
