"""`hiq replay`: recorded frames, or the embedded store, into the configured sinks.

It needs no running service and no journal: what it reads is on disk already. Every
point has the series and time stamp that it has live, so a replay may be repeated and
may overlap with what is stored (VictoriaMetrics keeps such repeats). A sink that does
not heal in time is given up; the others get everything.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from hiq.cli.bar import Bar
from hiq.cli.convert import damage, frames, opened, pipeline_for
from hiq.cli.judging import judge_of, tell
from hiq.cli.options import config_option, json_option, load_settings
from hiq.cli.query import Moment, store_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from hiq.contracted.recorded import RecordedContracts
    from hiq.settings import Settings
    from hiq.settings.schema import SinkSettings
    from hiq.sink.base import Batch, Outcome, Sink

__all__ = ["Target", "command"]

BATCH_BYTES = 1024 * 1024
"""Lines of about so many bytes go into one request."""

SHOWN_REFUSALS = 20


class Target:
    """One sink, and what became of the points it was given.

    After calling `send`: every line of it is written, refused, or `failed` says why
    the sink was given up; then nothing more is sent to it. `on_refused` gets each
    refused line (without newline) and the words of the database, `on_unsent` the lines
    that were not settled.
    """

    def __init__(
        self,
        sink: Sink,
        schema: str,
        *,
        patience_s: float,
        timer: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.sink = sink
        self.schema = schema
        self.counts: Counter[str] = Counter(written=0, refused=0, retries=0)
        self.failed = ""
        self.on_refused: Callable[[bytes, str], None] = self._show
        self.on_unsent: Callable[[bytes], None] = lambda _: None
        self._patience_s = patience_s
        self._timer = timer
        self._sleep = sleep

    async def send(self, lines: bytes) -> None:
        """Bring lines to the database; each ends in a newline."""
        from hiq.packing import compress
        from hiq.sink.base import Batch, Done, Refused, TooBig

        todo = [lines] if lines and not self.failed else []
        if self.failed:
            self.on_unsent(lines)
        while todo:
            part = todo.pop()
            points = part.count(b"\n")
            outcome = await self._insist(Batch(compress(part), points))
            if isinstance(outcome, Done):
                self.counts["written"] += points
            elif not isinstance(outcome, Refused | TooBig):
                advice = getattr(outcome, "advice", "")
                self.failed = outcome.reason + (f" ({advice})" if advice else "")
                self.on_unsent(part + b"".join(todo))
                return
            elif points > 1:
                todo += reversed(_halves(part))
            else:
                self.counts["refused"] += 1
                self.on_refused(part.removesuffix(b"\n"), outcome.reason)

    def summary(self) -> dict[str, Any]:
        """Return the counts, and the reason if it was given up."""
        return {**self.counts, **({"failed": self.failed} if self.failed else {})}

    async def _insist(self, batch: Batch) -> Outcome:
        """Write until it is settled, or does not heal within the patience."""
        from hiq.backoff import delays
        from hiq.sink.base import Retry

        end = self._timer() + self._patience_s
        for pause in delays():
            outcome = await self.sink.write(batch)
            if not isinstance(outcome, Retry):
                return outcome
            wait = max(pause, outcome.after_s or 0.0)
            if self._timer() + wait > end:
                return outcome
            self.counts["retries"] += 1
            await self._sleep(wait)
        raise AssertionError

    def _show(self, line: bytes, reason: str) -> None:
        if self.counts["refused"] <= SHOWN_REFUSALS:
            shown = line[:80].decode("utf-8", "replace")
            click.echo(f"{self.sink.name} refused {shown!r}: {reason}", err=True)


@click.command("replay")
@config_option
@json_option
@click.option("--sink", "names", multiple=True, help="Only this sink; repeatable.")
@click.option("--from-store", is_flag=True, help="Read the embedded store instead.")
@click.option(
    "--store", type=click.Path(path_type=Path), help="File of the store to read."
)
@click.option("--from", "start", type=Moment(), help="From this time (--from-store).")
@click.option("--to", "end", type=Moment(), help="Before this time (--from-store).")
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    help="Seconds after which a sink that does not answer well is given up.",
)
@click.option(
    "--contract",
    "contracts",
    multiple=True,
    help="Judge the events by this contract, of the settings or of hiq; repeatable.",
)
@click.argument("source", metavar="[INPUT|-]", type=click.File("rb"), required=False)
def command(
    *,
    config: Path | None,
    as_json: bool,
    names: tuple[str, ...],
    from_store: bool,
    store: Path | None,
    start: int | None,
    end: int | None,
    patience: float,
    contracts: tuple[str, ...],
    source: BinaryIO | None,
) -> int:
    """Write recorded frames, or the embedded store, to the sinks.

    INPUT holds one WebSocket text message per line, as `hiq record` writes it; it may
    be packed with xz or gzip. With --from-store the points of the embedded store feed
    a database that was added later. Both may be repeated: equal points are the same
    point. The level of validation is that of the settings. Exit status 1 if a sink
    refused a point or was given up, if INPUT is damaged, or a contract was broken.

    \b
    Examples:
      hiq replay frames.ndjson.xz
      hiq replay --sink influxdb frames.ndjson
      hiq replay --contract ha_automation frames.ndjson
      hiq replay --from-store --sink influxdb
      hiq replay --from-store --from -30d
    """  # noqa: D301  click wants the character itself, not backslash and b
    from_store = from_store or store is not None
    if from_store == (source is not None):
        raise click.UsageError("give either INPUT or --from-store")
    if not from_store and (start is not None or end is not None):
        raise click.UsageError("--from and --to go with --from-store")
    settings = load_settings(config)
    counts: Counter[str] = Counter()
    broken: list[Exception] = []
    judge = judge_of(settings, contracts)
    if from_store:
        path = store if store is not None else store_of(settings)
        chosen = _chosen(settings, names, without=path)
        chunks = _stored(path, chosen, start, end, counts)
    else:
        assert source is not None
        chosen = _chosen(settings, names)
        chunks = _recorded(source, settings, chosen, counts, broken, judge=judge)
    targets = asyncio.run(_replay(chunks, chosen, settings, patience))
    for exc in broken:
        click.echo(f"stopped early: {exc}", err=True)
    _tell(counts, targets, as_json=as_json)
    good = not broken and all(not t.failed and not t.counts["refused"] for t in targets)
    return 0 if good and not counts["violations"] else 1


def _chosen(
    settings: Settings, names: tuple[str, ...], without: Path | None = None
) -> list[SinkSettings]:
    """Return the sinks to write to; UsageError if there are none."""
    from hiq.sink import store_path

    known = {sink.name: sink for sink in settings.sinks}
    for name in names:
        if name not in known:
            have = ", ".join(known) or "none"
            raise click.UsageError(f"there is no sink {name}; the settings have {have}")
    chosen = [sink for name, sink in known.items() if not names or name in names]
    if without is not None:
        place = without.absolute()
        chosen = [
            sink
            for sink in chosen
            if sink.type != "sqlite"
            or store_path(sink, data_dir=settings.data_dir).absolute() != place
        ]
    if not chosen:
        raise click.UsageError("the settings have no other sink to write to")
    return chosen


def _recorded(
    source: BinaryIO,
    settings: Settings,
    chosen: list[SinkSettings],
    counts: Counter[str],
    broken: list[Exception],
    *,
    judge: RecordedContracts | None,
) -> Iterator[dict[str, bytes]]:
    """Yield lines per schema, made from recorded frames by the live pipeline.

    A file that is cut or damaged ends early, with the reason in `broken`.
    """
    from hiq.validating import put_in_force

    schemas = list(dict.fromkeys(sink.schema for sink in chosen))
    pipeline = pipeline_for({**settings.point_options, "schema": schemas})
    put_in_force(pipeline, settings.validation.level)
    for frame in _whole(source, broken):
        counts["frames"] += 1
        if frame is None:
            counts["rejected"] += 1
            continue
        verdict = pipeline.feed(frame)
        if judge is not None:
            tell(judge.take(frame), counts)
        for name in ("events", "points", "filtered", "skipped", "rejected"):
            counts[name] += getattr(verdict, name)
        if verdict.full or pipeline.buffered_bytes >= BATCH_BYTES:
            yield {name: pipeline.take_batch(name).data for name in schemas}
    yield {name: pipeline.take_batch(name).data for name in schemas}
    if judge is not None:
        tell(judge.end(), counts)


def _whole(source: BinaryIO, broken: list[Exception]) -> Iterator[bytes | None]:
    """Yield the frames of a file up to where it is damaged."""
    try:
        for _number, frame in frames(opened(source)):
            yield frame
    except damage() as exc:
        broken.append(exc)


def _stored(
    path: Path,
    chosen: list[SinkSettings],
    start: int | None,
    end: int | None,
    counts: Counter[str],
) -> Iterator[dict[str, bytes]]:
    """Yield lines for every schema alike: a store is fed as it is."""
    from hiq.sink.reader import MAX_NS, MIN_NS, Reader

    schemas = {sink.schema for sink in chosen}
    part: list[str] = []
    size = 0
    with Reader(path, timeout_s=None) as reader:
        for line in reader.lines(
            MIN_NS if start is None else start, MAX_NS if end is None else end
        ):
            counts["points"] += 1
            part.append(line)
            size += len(line)
            if size >= BATCH_BYTES:
                yield dict.fromkeys(schemas, "".join(part).encode())
                part, size = [], 0
    yield dict.fromkeys(schemas, "".join(part).encode())


async def _replay(
    chunks: Iterator[dict[str, bytes]],
    chosen: list[SinkSettings],
    settings: Settings,
    patience_s: float,
) -> list[Target]:
    from hiq.sink import make

    targets = [
        Target(make(one, data_dir=settings.data_dir), one.schema, patience_s=patience_s)
        for one in chosen
    ]
    bar = Bar()
    try:
        for target in targets:
            await target.sink.start()
        for chunk in chunks:
            async with asyncio.TaskGroup() as group:
                for target in targets:
                    group.create_task(target.send(chunk[target.schema]))
            done = ", ".join(f"{t.sink.name} {t.counts['written']}" for t in targets)
            bar.show(None, f"{done} points")
            if all(target.failed for target in targets):
                break
    finally:
        bar.end()
        for target in targets:
            await target.sink.close()
    return targets


def _halves(lines: bytes) -> list[bytes]:
    """Return two parts of half the lines each."""
    parts = lines.removesuffix(b"\n").split(b"\n")
    middle = len(parts) // 2
    return [b"\n".join(half) + b"\n" for half in (parts[:middle], parts[middle:])]


def _tell(counts: Counter[str], targets: list[Target], *, as_json: bool) -> None:
    sinks = {target.sink.name: target.summary() for target in targets}
    if as_json:
        click.echo(json.dumps({**counts, "sinks": sinks}))
        return
    read = " ".join(f"{name}={count}" for name, count in counts.items())
    click.echo(f"read: {read or 'nothing'}", err=True)
    for name, found in sinks.items():
        shown = " ".join(f"{key}={value}" for key, value in found.items())
        click.echo(f"{name}: {shown}", err=True)
