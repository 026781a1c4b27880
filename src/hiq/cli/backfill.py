"""`hiq backfill`: a home's past from its recorder straight into the sinks.

It reads and writes beside a running service, or without one. Interrupted, it goes on
where every sink had confirmed everything when it is called again.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import click

from hiq.cli.bar import Bar
from hiq.cli.options import (
    config_option,
    json_option,
    load_settings,
    require_home_assistant,
)
from hiq.cli.past import past_options
from hiq.cli.query import iso
from hiq.cli.replay import Target
from hiq.cli.resend import chosen
from hiq.cli.verify import connect

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.repair.importing import Job, Progress
    from hiq.settings import Settings
    from hiq.settings.schema import SinkSettings

__all__ = ["command"]

COMMITTED_S = 10
"""What is younger the recorder may not have yet."""
PATIENCE_S = 300.0


@click.command("backfill")
@config_option
@json_option
@past_options
@click.option(
    "--statistics",
    is_flag=True,
    help="Also the long-term statistics, as measurement hiq_statistics.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=1),
    help="Most rows per second; default: backfill.rate of the settings.",
)
@click.option("--restart", is_flag=True, help="Begin anew, not where it was left.")
def command(
    *,
    config: Path | None,
    as_json: bool,
    start: int,
    end: int | None,
    patterns: tuple[str, ...],
    names: tuple[str, ...],
    statistics: bool,
    rate: float | None,
    restart: bool,
) -> int:
    r"""Import a home's past from its recorder into the sinks.

    Makes the points that hiq would have made, had it run. What is there already is
    the same point again: databases that keep repeats (VictoriaMetrics) then have it
    twice. Interrupted, the same command goes on with the span it was called with at
    first. Exit status 1 if a sink was given up or refused a point.

    \b
    Examples:
      hiq backfill --start -10d
      hiq backfill --start 2026-01-01 --statistics --sink influxdb
      hiq backfill --start -1d --entities 'sensor.*power*' --json
    """
    from hiq import log
    from hiq.repair.build import FOLDER
    from hiq.repair.importing import Job, Progress, key_of

    settings = load_settings(config)
    require_home_assistant(settings)
    log.setup(settings.log, quiet=True)
    latest = int(time.time() - COMMITTED_S) * 10**9
    until = min(latest, latest if end is None else end)
    if start >= until:
        raise click.UsageError(f"nothing lies between {iso(start)} and {iso(until)}")
    sinks = chosen(settings, names)
    key = key_of(
        settings.home_assistant.url,
        sorted(sink.name for sink in sinks),
        sorted(patterns),
        statistics,
    )
    progress = Progress(settings.data_dir / FOLDER / f"import-{key}.json")
    job = None if restart else progress.load()
    if job is not None:
        begin, finish = iso(job.start_us * 1000), iso(job.end_us * 1000)
        click.echo(
            f"goes on at {iso(job.done_us * 1000)} with {begin} to {finish} "
            "(--restart begins anew)",
            err=True,
        )
    else:
        # The begin itself belongs to it: a span is open there.
        job = Job(key, start // 1000 - 1, until // 1000 - 1, start // 1000 - 1)
    targets = asyncio.run(
        _import(
            settings,
            sinks,
            job,
            progress,
            patterns=patterns,
            rate=rate or settings.backfill.rate,
            statistics=statistics,
        )
    )
    _tell(job, targets, as_json=as_json)
    bad = any(target.failed or target.counts["refused"] for target in targets)
    return 1 if bad else 0


async def _import(
    settings: Settings,
    sinks: list[SinkSettings],
    job: Job,
    progress: Progress,
    *,
    patterns: tuple[str, ...],
    rate: float,
    statistics: bool,
) -> list[Target]:
    from hiq.discovery.cache import Cache
    from hiq.repair.importing import Import, share
    from hiq.repair.state import Folder
    from hiq.sink import make

    targets = [
        Target(make(one, data_dir=settings.data_dir), one.schema, patience_s=PATIENCE_S)
        for one in sinks
    ]

    async def write(schema: str, lines: bytes) -> None:
        async with asyncio.TaskGroup() as group:
            for target in targets:
                if target.schema == schema:
                    group.create_task(target.send(lines))

    history = await connect(settings)
    bar = Bar()
    try:
        for target in targets:
            await target.sink.start()
        work = Import(
            history,
            job,
            options=settings.point_options,
            schemas=list(dict.fromkeys(one.schema for one in sinks)),
            patterns=patterns,
            names=frozenset(Folder(progress.path.parent).load_names()),
            first_ids=Cache(settings.data_dir).load_renames().first_ids,
            window_s=settings.backfill.window,
            rate=rate,
            with_statistics=statistics and job.done_us == job.start_us,
            write=write,
        )
        saved_us = job.done_us
        async for now in work.run():
            if any(target.failed for target in targets):
                job.done_us = saved_us
                break
            text = f"{iso(now.done_us * 1000)}  {now.points} points"
            bar.show(share(now), text)
            if now.done_us > saved_us:
                saved_us = now.done_us
                await asyncio.to_thread(progress.save, now)
        else:
            progress.done()
    finally:
        bar.end()
        await history.close()
        for target in targets:
            await target.sink.close()
    return targets


def _tell(job: Job, targets: list[Target], *, as_json: bool) -> None:
    document: dict[str, Any] = {
        "start": iso(job.start_us * 1000),
        "end": iso(job.end_us * 1000),
        "done": iso(job.done_us * 1000),
        "rows": job.rows,
        "points": job.points,
        "sinks": {target.sink.name: target.summary() for target in targets},
    }
    if as_json:
        click.echo(json.dumps(document))
        return
    click.echo(f"{job.rows} rows read, {job.points} points made", err=True)
    for target in targets:
        shown = " ".join(f"{key}={value}" for key, value in target.summary().items())
        click.echo(f"{target.sink.name}: {shown}", err=True)
