"""`hiq verify`: Home Assistant's recorder against what the databases hold.

Reads both and compares entity by entity, time by time, value by value; with --repair
it writes what is missing. The service may run meanwhile, or not.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from hiq.cli.bar import Bar
from hiq.cli.options import (
    config_option,
    environment,
    json_option,
    load_settings,
    require_home_assistant,
)
from hiq.cli.past import past_options
from hiq.cli.query import iso
from hiq.cli.resend import chosen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hiq.audit import Audited
    from hiq.ha.history import History
    from hiq.settings import Settings
    from hiq.settings.schema import SinkSettings

__all__ = ["command", "connect"]

SECOND_NS = 10**9
COMMITTED_S = 10
"""Home Assistant's recorder writes every five seconds; what is younger may not be
there yet."""
BATCH = 5_000
SHOWN = ("compared", "missing", "extra", "different", "unjudged", "repaired", "refused")


@click.command("verify")
@config_option
@json_option
@past_options
@click.option("--repair", is_flag=True, help="Write what is missing.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="Differences that are listed per sink; all are counted.",
)
def command(
    *,
    config: Path | None,
    as_json: bool,
    start: int,
    end: int | None,
    patterns: tuple[str, ...],
    names: tuple[str, ...],
    repair: bool,
    limit: int,
) -> int:
    r"""Compare Home Assistant's recorder with what the sinks hold.

    Every row of the recorder must be in the sink, with its values; what the sink holds
    of a recorded entity and the recorder has not, is extra. Exit status 0 if nothing
    differs, 1 if something does, also if it was repaired: a second run tells.

    VictoriaMetrics is compared by its numbers, in milliseconds. Points of entities
    that the recorder has no row of are counted as unjudged: it may not record them.

    \b
    Examples:
      hiq verify --start -1d
      hiq verify --start 2026-11-20 --end 2026-11-21 --sink influxdb --repair
      hiq verify --start -1h --entities 'sensor.*' --json | jq .sinks
    """
    from hiq import log

    settings = load_settings(config)
    require_home_assistant(settings)
    log.setup(settings.log, quiet=True)
    latest = int(time.time() - COMMITTED_S) * SECOND_NS
    begin = start // SECOND_NS * SECOND_NS
    until = min(latest, -(-(latest if end is None else end) // SECOND_NS) * SECOND_NS)
    if begin >= until:
        raise click.UsageError(
            f"nothing lies between {iso(begin)} and {iso(until)} (the last "
            f"{COMMITTED_S} s are left out: the recorder may not have them yet)"
        )
    sinks = [one for one in chosen(settings, names) if one.type != "stdout"]
    if not sinks:
        raise click.UsageError("the settings have no sink that can be read back")
    found = asyncio.run(
        _verify(
            settings,
            sinks,
            span_us=(begin // 1000, until // 1000),
            patterns=patterns,
            limit=limit,
            repair=repair,
        )
    )
    if as_json:
        click.echo(json.dumps(document(found, begin, until), indent=2))
    else:
        click.echo(table(found), nl=False)
    return 1 if any(sink.differs for sink in found) else 0


async def _verify(
    settings: Settings,
    sinks: Sequence[SinkSettings],
    *,
    span_us: tuple[int, int],
    patterns: Sequence[str],
    limit: int,
    repair: bool,
) -> list[Audited]:
    """Connect everything, compare, and close everything."""
    from hiq.audit import Audited, audit
    from hiq.discovery.cache import Cache
    from hiq.sink import make_reader
    from hiq.truth import HistoryRecorder

    found: list[Audited] = []
    writers: list[_Writer] = []
    bar = Bar()

    def show(at_us: int) -> None:
        share = (at_us - span_us[0]) / (span_us[1] - span_us[0])
        bar.show(share, f"up to {iso(at_us * 1000)}")

    history = await connect(settings)
    try:
        for one in sinks:
            reader = make_reader(one, data_dir=settings.data_dir)
            coerced = one.types == "coerce"
            audited = Audited(
                one.name, one.schema, reader, limit=limit, coerced=coerced
            )
            if repair:
                writer = _Writer(one, settings.data_dir)
                writers.append(writer)
                audited.write = writer.write
            found.append(audited)
        schemas = list(dict.fromkeys(one.schema for one in sinks))
        options = settings.point_options
        first_ids = Cache(settings.data_dir).load_renames().first_ids
        recorder = HistoryRecorder(history, options, schemas, first_ids)
        await audit(recorder, found, *span_us, patterns=patterns, progress=show)
    finally:
        bar.end()
        await history.close()
        for audited in found:
            await audited.reader.close()
        for writer in writers:
            await writer.close()
    return found


async def connect(settings: Settings) -> History:
    """Return a connection to the first Home Assistant that answers."""
    from hiq.errors import AuthError, ConnectionLost, ProtocolError
    from hiq.ha.history import History
    from hiq.ha.locate import candidates
    from hiq.ha.token import read_token

    reasons = []
    for candidate in candidates(settings.home_assistant, environment()):
        try:
            history = History(candidate, read_token(candidate))
        except AuthError as exc:
            reasons.append(f"{candidate.url}: {exc}")
            continue
        try:
            await history.open()
        except (AuthError, ConnectionLost, ProtocolError) as exc:
            await history.close()
            reasons.append(f"{candidate.url}: {exc}")
        else:
            return history
    raise ConnectionLost("no Home Assistant to ask: " + "; ".join(reasons))


class _Writer:
    """Writes missing lines to one sink."""

    def __init__(self, settings: SinkSettings, data_dir: Path) -> None:
        from hiq.cli.replay import Target
        from hiq.sink import make

        self._sink = make(settings, data_dir=data_dir)
        self._target = Target(self._sink, settings.schema, patience_s=60.0)

    async def write(self, lines: list[bytes]) -> int:
        """Return how many of the lines the database took."""
        before = self._target.counts["written"]
        for at in range(0, len(lines), BATCH):
            await self._target.send(b"".join(lines[at : at + BATCH]))
        if self._target.failed:
            click.echo(f"{self._sink.name}: {self._target.failed}", err=True)
        return self._target.counts["written"] - before

    async def close(self) -> None:
        """Close the sink."""
        await self._sink.close()


def table(found: Sequence[Audited]) -> str:
    """Return the findings for people, and one line of counts for each sink."""
    lines = []
    for sink in found:
        for one in sink.findings:
            text = f"{one.kind:<9}  {iso(one.time_ns)}  {one.entity_id}"
            if one.field:
                shown = "nothing" if one.found is None else repr(one.found)
                text += f"  {one.field}: expected {one.expected!r}, found {shown}"
            lines.append(f"{sink.name}: {text}  ({one.measurement})")
        listed = len(sink.findings)
        total = sum(sink.counts[kind] for kind in ("missing", "extra", "different"))
        if listed < total:
            lines.append(f"{sink.name}: {total - listed} more, not listed (--limit)")
        for entity_id, count in sink.unjudged.most_common(10):
            lines.append(f"{sink.name}: unjudged   {count} points of {entity_id}")
        counts = "  ".join(
            f"{name} {sink.counts[name]}"
            for name in SHOWN
            if sink.counts[name] or name in SHOWN[:4]
        )
        lines.append(f"{sink.name}: {counts}")
    return "\n".join(lines) + "\n"


def document(found: Sequence[Audited], start_ns: int, end_ns: int) -> dict[str, Any]:
    """Return the result as JSON."""
    return {
        "ok": not any(sink.differs for sink in found),
        "start": iso(start_ns),
        "end": iso(end_ns),
        "sinks": {
            sink.name: {
                **{name: sink.counts[name] for name in SHOWN},
                "unjudged_entities": dict(sink.unjudged.most_common(100)),
                "differences": [
                    {**asdict(one), "time": iso(one.time_ns)} for one in sink.findings
                ],
            }
            for sink in found
        },
    }
